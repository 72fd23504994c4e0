"""Where a reader of the feed keeps its place. Saved after the events before it were dealt with, never before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Cursor(Protocol):
    """A place in the feed that outlives the process: a file, or a row beside what the events are written to."""

    def load(self) -> str | None:
        """The place kept; None at the very beginning."""
        ...

    def save(self, cursor: str) -> None: ...


class MemoryCursor:
    """A place that is forgotten with the process."""

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor = cursor

    def load(self) -> str | None:
        return self.cursor

    def save(self, cursor: str) -> None:
        self.cursor = cursor


class FileCursor:
    """A place in a file: replaced as a whole, and on disk before `save` returns."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def load(self) -> str | None:
        try:
            return self.path.read_text().strip() or None
        except FileNotFoundError:
            return None

    def save(self, cursor: str) -> None:
        beside = self.path.with_name(self.path.name + ".new")
        with beside.open("w") as file:
            file.write(cursor)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
