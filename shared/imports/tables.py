"""Rows out of a text file: CSV, TSV, NDJSON or a JSON array, in bounded memory. Must not interpret any value."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field

from shared.imports.delimited import Sheet, delimiter_of
from shared.imports.encodings import EncodingName, encoding_of
from shared.imports.json_rows import array_rows, object_rows
from shared.imports.problems import RowProblem, TableRefused
from shared.imports.rows import Row

Format = Literal["csv", "tsv", "ndjson", "json"]

SNIFF_CHARS: Final = 1 << 15


class FileShape(BaseModel):
    """How a file is written, as far as its sender states it; what is left out is recognised."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format | None = None
    encoding: EncodingName | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    skip_lines: Annotated[int, Field(ge=0, le=100)] = 0
    """Lines before the header (titles, remarks)."""


class Table:
    """One file, its shape known: iterate `rows()` as often as wanted.

    `columns` are the header's names, or None for JSON, where every object names its own.
    """

    def __init__(self, source: BinaryIO, shape: FileShape, *, name: str = "") -> None:
        self._source = source
        self._shape = shape
        self.name = name
        try:
            self.encoding = encoding_of(source, shape.encoding)
            with self._text() as text:
                sample = text.read(SNIFF_CHARS)
            self.format: Format = shape.format or _format_of(sample)
            self.delimiter: str | None = None
            self.columns: tuple[str, ...] | None = None
            if self.format in ("csv", "tsv"):
                stated = shape.delimiter or ("\t" if shape.format == "tsv" else None)
                self.delimiter = stated or delimiter_of(sample, skip_lines=shape.skip_lines)
                with self._text() as text:
                    self.columns = Sheet(text, self.delimiter, skip_lines=shape.skip_lines).columns
        except TableRefused as refused:
            raise TableRefused(refused.code, file=name, line=refused.line) from refused

    def rows(self, *, skip: int = 0) -> Iterator[Row | RowProblem]:
        """The rows in order, without the first `skip` (rows and problems); a row that cannot be read is a problem.

        One iteration at a time: they share the file. Raises TableRefused where the rest cannot be read at all.
        """
        try:
            with self._text() as text:
                yield from islice(self._all(text), skip, None)
        except TableRefused as refused:
            raise TableRefused(refused.code, file=self.name, line=refused.line) from refused

    def _all(self, text: TextIO) -> Iterator[Row | RowProblem]:
        match self.format:
            case "ndjson":
                return object_rows(text)
            case "json":
                return array_rows(text)
            case "csv" | "tsv":
                assert self.delimiter is not None
                return Sheet(text, self.delimiter, skip_lines=self._shape.skip_lines).rows()

    @contextmanager
    def _text(self) -> Iterator[TextIO]:
        """The text from its beginning; the file itself stays open and with its owner."""
        self._source.seek(self.encoding.mark_bytes)
        text = io.TextIOWrapper(self._source, encoding=self.encoding.name, errors="strict", newline="")
        try:
            yield text
        finally:
            text.detach()


def read_table(source: BinaryIO, shape: FileShape | None = None, *, name: str = "") -> Table:
    """The table in an open, seekable binary file, which stays the caller's to close. Raises TableRefused."""
    return Table(source, shape or FileShape(), name=name)


@contextmanager
def open_table(path: Path, shape: FileShape | None = None) -> Iterator[Table]:
    """The table in a file, open as long as the block. Raises TableRefused and OSError."""
    with path.open("rb") as source:
        yield read_table(source, shape, name=path.name)


def _format_of(sample: str) -> Format:
    match sample.lstrip()[:1]:
        case "[":
            return "json"
        case "{":
            return "ndjson"
        case _:
            return "csv"
