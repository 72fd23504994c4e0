"""What was published, as tables."""
