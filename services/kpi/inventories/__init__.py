"""Customer-base inventories (盘点)."""
