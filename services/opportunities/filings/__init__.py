"""Manufacturer filings: submitted, accepted, reported, supported."""
