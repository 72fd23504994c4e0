"""Improvement loops and training needs (改进)."""
