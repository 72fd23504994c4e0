"""Negotiations: rounds, terms, concessions, open points."""
