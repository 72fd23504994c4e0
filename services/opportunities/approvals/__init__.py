"""What waits for a decision: the inbox of heads, in one place."""
