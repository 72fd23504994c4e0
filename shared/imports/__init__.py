"""Reading tables and applying a mapping to their rows. Knows no business word and stores nothing."""
