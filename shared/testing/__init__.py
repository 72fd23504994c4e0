"""Fixtures for tests. Not imported by anything that runs in earnest."""
