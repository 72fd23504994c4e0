"""The names under which an operation keeps the parts of an upload. Reads nothing."""

from __future__ import annotations

KIND = "import"
"""The kind of operation."""
UNDO = "import_undo"
"""The kind of operation that takes an import back."""
UNDONE = "import_undo"
"""The origin of its facts."""
FILE = "file"
MAPPING = "mapping"
BESIDE = "beside/"
"""Prefix of look-up files, by the plain names the mapping calls them."""
