"""Rows of delimited text (CSV, TSV), strictly: a row unlike its header is a problem. Guesses no value."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, TextIO

from shared.imports.problems import RowProblem, TableRefused
from shared.imports.rows import Row

LINE_CHARS: Final = 1 << 20
RECORD_CHARS: Final = 1 << 22
"""Bounds of one line and of one record with its quoted line breaks, so that an open quote cannot fill the memory."""

DELIMITERS: Final = (",", "\t", ";", "|")
SNIFFED_RECORDS: Final = 50
_STATED: Final = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_INVISIBLE: Final = "\ufeff\u200b\u200e\u200f"


class Sheet:
    """Delimited text from its beginning: `columns` read at once, `rows()` to be iterated once."""

    def __init__(self, text: TextIO, delimiter: str, *, skip_lines: int = 0) -> None:
        self._lines = _Lines(text)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._before = self._lines.skip(skip_lines)
        self.columns = self._header()

    def rows(self) -> Iterator[Row | RowProblem]:
        """Every row with its line; blank rows are passed over, others that cannot be read are problems."""
        columns, width = self.columns, len(self.columns)
        lines, reader = self._lines, self._reader
        line = self._before + reader.line_num + 1
        while True:
            lines.record_chars = 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield RowProblem(line=line, column="", code="malformed")
                line, lines.nul = self._before + reader.line_num + 1, False
                continue
            found, line = line, self._before + reader.line_num + 1
            if lines.nul:
                lines.nul = False
                yield RowProblem(line=found, column="", code="nul")
            elif len(cells) == width:
                if any(cells):
                    yield Row(found, dict(zip(columns, cells, strict=True)))
            elif any(cells):
                if len(cells) > width and not any(cells[width:]):
                    yield Row(found, dict(zip(columns, cells, strict=False)))
                else:
                    yield RowProblem(line=found, column="", code="ragged", value=f"{len(cells)} / {width}")

    def _header(self) -> tuple[str, ...]:
        """The first record that is not blank, as names that are all different and none empty."""
        try:
            cells = next((cells for cells in self._reader if any(map(_name, cells))), None)
        except csv.Error as error:
            raise TableRefused("malformed", line=self._before + self._reader.line_num) from error
        if self._lines.nul:
            raise TableRefused("nul", line=self._before + self._reader.line_num)
        if cells is None:
            raise TableRefused("no_header", line=self._before + self._reader.line_num)
        return distinct([_name(cell) for cell in cells])


def distinct(names: list[str]) -> tuple[str, ...]:
    """Header names made usable: an empty one is `column 4`; equal ones are all numbered, `name (1)`, `name (2)`.

    So a mapping can mean either, and one that says plain `name` is told that there is no such column.
    """
    times = Counter(names)
    seen: Counter[str] = Counter()
    result: list[str] = []
    taken = {name for name in names if name and times[name] == 1}
    for at, name in enumerate(names, start=1):
        seen[name] += 1
        wanted = f"column {at}" if not name else name if times[name] == 1 else f"{name} ({seen[name]})"
        while (not name or times[name] > 1) and wanted in taken:
            wanted += "'"
        taken.add(wanted)
        result.append(wanted)
    return tuple(result)


def delimiter_of(sample: str, *, skip_lines: int = 0) -> str:
    """The delimiter that gives the first records one common width, the widest; a first line `sep=;` states it."""
    lines = sample.splitlines(keepends=True)[skip_lines:]
    if lines and (stated := _STATED.fullmatch(lines[0])):
        return stated[1]
    best, delimiter = (0.0, 1), ","
    for candidate in DELIMITERS:
        widths = _widths(lines, candidate)
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            if score > best:
                best, delimiter = score, candidate
    return delimiter


def _widths(lines: list[str], delimiter: str) -> list[int]:
    widths: list[int] = []
    try:
        for cells in csv.reader(lines, delimiter=delimiter):
            if any(cells):
                widths.append(len(cells))
            if len(widths) == SNIFFED_RECORDS:
                return widths
    except csv.Error:
        pass  # only a guess is made of it; the reading itself will say what is wrong
    return widths[:-1] if len(widths) > 1 else widths  # the sample may end inside the last record


def _name(cell: str) -> str:
    return cell.strip().strip(_INVISIBLE).strip()


class _Lines:
    """Lines of a text for csv.reader, each and each record bounded; remembers whether a NUL went by."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._held = ""
        self._number = 0
        self.record_chars = 0
        self.nul = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._held or self._text.readline(LINE_CHARS)
        if not line:
            raise StopIteration
        self._held = ""
        self._number += 1
        self.record_chars += len(line)
        if len(line) == LINE_CHARS or self.record_chars > RECORD_CHARS:
            raise TableRefused("record_too_long", line=self._number)
        if "\0" in line:
            self.nul = True
        return line

    def skip(self, count: int) -> int:
        """Pass over `count` lines and a line that states the delimiter; how many lines that was."""
        for _ in range(count):
            self._text.readline(LINE_CHARS)
        self._held = self._text.readline(LINE_CHARS)
        if _STATED.fullmatch(self._held):
            self._held = ""
            count += 1
        self._number = count
        return count
