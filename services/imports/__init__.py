"""Imports as a whole: the operation that joins the rules of several services, and the command that sends files."""
