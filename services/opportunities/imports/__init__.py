"""Files of opportunities and products into the log."""
