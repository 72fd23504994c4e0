"""Personal data, kept outside the facts and erasable. Nothing here may be logged or put into an event."""
