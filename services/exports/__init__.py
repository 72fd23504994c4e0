"""Tables too large to be sent at once: queued, made as who asked sees them, kept for a day."""
