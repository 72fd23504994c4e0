"""Month closes (月结)."""
