"""Tables as files: CSV and XLSX, written row by row in bounded memory. Fetches nothing and decides no right.

CSV is RFC 4180 in UTF-8 with a mark, in which no cell is a formula. A workbook holds typed cells, no formula, no link
and no macro, and a second sheet that says what the table is of.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import IO, Any, Literal, Protocol

import xlsxwriter

from shared.http.columns import Cell, Column
from shared.http.problem import Language

Form = Literal["csv", "xlsx"]
MEDIA: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_MEMORY_BYTES = 1 << 20
"""Beyond it a file waits on the disk, under no name."""
UNSEEN = " \u00a0\u200b\u200c\u200d\u2060\u3000\ufeff"
"""What a spreadsheet passes over in front of a formula."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a text must not begin with in CSV: a spreadsheet would take it for a formula."""
MARK = "\ufeff"
"""A spreadsheet reads UTF-8 only when told so."""
SHARE = re.compile(r"(^|_)(share|rate|probability|discount|margin)$|^budget_used$")
"""Fields that hold a part of one: a workbook shows them in percent."""
MOST_ROWS = 1_048_575
MOST_CHARACTERS = 32_767
FIRST_YEAR = 1900
"""What a sheet can hold: rows below its header, characters of a cell, the first year of its calendar."""

SAID: dict[Language, tuple[str, str, str, str]] = {
    "zh-CN": ("数据", "说明", "是", "否"),
    "en": ("Data", "About", "yes", "no"),
}
WIDTHS = {"day": 12.0, "instant": 20.0, "whole": 10.0, "number": 16.0, "truth": 8.0, "many": 40.0, "pairs": 30.0}
TEXT_WIDTH = 20.0
ID_WIDTH = 14.0


class Sheet(Protocol):
    """A table being written. `done` gives the whole file, at its beginning."""

    rows: int

    def write(self, rows: Iterable[Sequence[Cell]]) -> None: ...

    def done(self, about: Sequence[tuple[str, str]]) -> IO[bytes]: ...

    def close(self) -> None: ...


def sheet(form: Form, columns: Sequence[Column], language: Language) -> Sheet:
    """A new file with its header."""
    return Delimited(columns, language) if form == "csv" else Workbook(columns, language)


class Delimited:
    """CSV. What the table is of is not in it: it has one table and nothing else."""

    def __init__(self, columns: Sequence[Column], language: Language) -> None:
        self.rows = 0
        self._yes, self._no = SAID[language][2:]
        self._file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close
        self._put([[column.titled(language) for column in columns]], MARK)

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        before = self.rows
        cells = [[self._cell(cell) for cell in row] for row in rows]
        self._put(cells)
        self.rows = before + len(cells)

    def done(self, about: Sequence[tuple[str, str]]) -> IO[bytes]:
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        self._file.close()

    def _put(self, rows: Sequence[Sequence[str]], before: str = "") -> None:
        text = io.StringIO(newline="")
        text.write(before)
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue().encode())

    def _cell(self, cell: Cell) -> str:
        match cell:
            case None:
                return ""
            case bool():
                return self._yes if cell else self._no
            case str():
                return guarded(cell)
            case Decimal():
                return format(cell, "f")
            case _:
                return str(cell)


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    seen = text.lstrip(UNSEEN)
    return f"'{text}" if text.startswith(FORMULA) or seen.startswith(FORMULA) else text


class Workbook:
    """XLSX: typed cells, a header that stays, filters, widths, and the sheet that says what it is of."""

    def __init__(self, columns: Sequence[Column], language: Language) -> None:
        self.rows = 0
        self._columns = columns
        self._language = language
        self._folder = TemporaryDirectory(prefix="dakehu-table-")  # its parts, while they are written: 0700
        self._file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book: Any = xlsxwriter.Workbook(self._file, options)
        data, _, self._yes, self._no = SAID[language]
        self._data = self._book.add_worksheet(data)
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._whole = self._book.add_format({"num_format": "#,##0"})
        self._number = self._book.add_format({"num_format": "#,##0.00##"})
        share = self._book.add_format({"num_format": "0.0%"})
        self._numbers = [share if SHARE.search(column.path[-1]) else self._number for column in columns]
        names = {column.path for column in columns}
        for place, column in enumerate(columns):
            self._data.set_column(place, place, _width(column), None, {"hidden": _said_beside(column.path, names)})
        self._data.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            self._data.write_string(0, place, column.titled(language), self._head)

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            if self.rows >= MOST_ROWS:
                raise ValueError("a sheet holds no more rows")
            self.rows += 1
            for place, cell in enumerate(row):
                self._put(self.rows, place, cell)

    def _put(self, row: int, place: int, cell: Cell) -> None:
        match cell:
            case None | "":
                return
            case bool():
                self._data.write_string(row, place, self._yes if cell else self._no)
            case str():
                self._data.write_string(row, place, cell[:MOST_CHARACTERS])
            case int() if self._numbers[place] is self._number:
                self._data.write_number(row, place, cell, self._whole)
            case int() | float() | Decimal():
                self._data.write_number(row, place, float(cell), self._numbers[place])
            case date() if cell.year < FIRST_YEAR:
                self._data.write_string(row, place, str(cell))
            case datetime():
                self._data.write_datetime(row, place, cell, self._instant)
            case date():
                self._data.write_datetime(row, place, cell, self._day)

    def done(self, about: Sequence[tuple[str, str]]) -> IO[bytes]:
        if self._columns:
            self._data.autofilter(0, 0, self.rows, len(self._columns) - 1)
        said = self._book.add_worksheet(SAID[self._language][1])
        said.set_column(0, 0, 24)
        said.set_column(1, 1, 80)
        for number, (name, value) in enumerate(about):
            said.write_string(number, 0, name, self._head)
            said.write_string(number, 1, value[:MOST_CHARACTERS])
        self._book.close()
        self._folder.cleanup()
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        for worksheet in self._book.worksheets():
            if not getattr(worksheet, "row_data_fh_closed", True):
                worksheet.row_data_fh.close()
        self._book.fileclosed = True  # given up: it is not to be finished when it is collected
        with suppress(OSError):
            self._folder.cleanup()
        self._file.close()


def _width(column: Column) -> float:
    name = column.path[-1]
    if name == "id" or name.endswith("_id"):
        return ID_WIDTH
    return WIDTHS.get(column.kind, TEXT_WIDTH)


def _said_beside(path: tuple[str, ...], names: Collection[tuple[str, ...]]) -> bool:
    """Whether another column says in words what this one says as an id or code; or it is for machines alone."""
    name = path[-1]
    if name in ("id", "version"):
        return True
    worded = "label" if name == "key" else name.removesuffix("_id") if name.endswith("_id") else f"{name}_label"
    others = (worded, f"{name}_name", "title") if name == "opportunity_id" else (worded, f"{name}_name")
    return any((*path[:-1], other) in names for other in others)
