"""The month's split and personal confirmation (月度分解)."""
