"""Bids: tender, documents, bond, competitors, result."""
