"""Visits: planned, logged with judgements, reviewed, handed over."""
