"""The names under which an operation keeps the parts of an upload. Reads nothing."""

from __future__ import annotations

KIND = "import"
"""The kind of operation."""
FILE = "file"
MAPPING = "mapping"
BESIDE = "beside/"
"""Prefix of look-up files, by the plain names the mapping calls them."""
