"""One opportunity, from record to delivery: its facts, rules and commands over HTTP."""
