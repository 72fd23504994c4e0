"""A workbook of several sheets, laid out for reading and printing: titles, tables, colours, a chart. Knows no figure.

Cells are typed; there is no formula, no link and no macro in it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import xlsxwriter

Kind = Literal["text", "whole", "money", "rate", "number", "day"]
Cell = str | int | float | Decimal | date | None

FONT = "Microsoft YaHei"
INK, BAND, RULE, QUIET = "#1F2933", "#243B53", "#D9E2EC", "#627D98"
GOOD, FAIR, POOR = ("#E3F9E5", "#05400A"), ("#FFF3C4", "#513C06"), ("#FFE3E3", "#610404")
"""Fill and text: the aim is reached, nearly, not."""
FORMATS: Mapping[Kind, str] = {
    "text": "@",
    "whole": "#,##0;[Red]-#,##0;0",
    "money": "#,##0.00;[Red]-#,##0.00",
    "rate": "0.0%",
    "number": "#,##0.0##",
    "day": "yyyy-mm-dd",
}
WIDTHS: Mapping[Kind, float] = {"text": 22, "whole": 11, "money": 16, "rate": 10, "number": 11, "day": 12}
NEARLY = 0.9
MOST_CHARACTERS = 32_767


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `judged`: colours by how much of the aim is reached, 1 = all of it."""

    title: str
    kind: Kind = "text"
    width: float | None = None
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Where a table stands on its sheet: its first and last row of data, counted from 0, and its first column."""

    sheet: str
    first: int
    last: int


class Book:
    """A workbook being written; `done` gives the file."""

    def __init__(self, *, author: str, title: str) -> None:
        self._file = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": 10, "font_color": INK},
        }
        self.book: Any = xlsxwriter.Workbook(self._file, options)
        self.book.set_properties({"title": title, "author": author})
        self._known: dict[tuple[tuple[str, Any], ...], Any] = {}

    def form(self, **said: Any) -> Any:
        """A format; the same is made once."""
        key = tuple(sorted(said.items()))
        if key not in self._known:
            self._known[key] = self.book.add_format({"font_name": FONT, "font_size": 10, "font_color": INK, **said})
        return self._known[key]

    def sheet(self, name: str, title: str, subtitle: str) -> Sheet:
        """A new sheet with its title band."""
        return Sheet(self, name[:31], title, subtitle)

    def done(self) -> bytes:
        """The whole file."""
        self.book.close()
        return self._file.getvalue()


class Sheet:
    """One sheet, written from the top down."""

    def __init__(self, book: Book, name: str, title: str, subtitle: str) -> None:
        self.name = name
        self.row = 3
        self._book = book
        self._sheet = book.book.add_worksheet(name)
        self._sheet.hide_gridlines(2)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self._sheet.set_footer(f"&L{_footer(title)}&C{_footer(subtitle)}&R&P / &N")
        self._sheet.set_row(0, 28)
        self._sheet.write_string(0, 0, title, book.form(bold=True, font_size=16, font_color=BAND, valign="vcenter"))
        self._sheet.write_string(1, 0, subtitle, book.form(font_color=QUIET))
        self._widths: dict[int, float] = {}
        self._frozen = False

    def note(self, text: str) -> None:
        """A line of words."""
        self._sheet.write_string(self.row, 0, text[:MOST_CHARACTERS], self._book.form(font_color=QUIET))
        self.row += 1

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        *,
        kinds: Sequence[Kind] | None = None,
        total: bool = False,
        freeze: bool = False,
    ) -> Block:
        """A table with its header. `kinds`: of each row, for its `number` columns; `total`: the last row sums up."""
        head = self._book.form(
            bold=True, font_color="#FFFFFF", bg_color=BAND, text_wrap=True, valign="vcenter", align="center", border=1,
            border_color=BAND,
        )  # fmt: skip
        self._sheet.set_row(self.row, 32)
        for place, column in enumerate(columns):
            self._sheet.write_string(self.row, place, column.title, head)
            width = max(column.width or WIDTHS[column.kind], self._widths.get(place, 0))
            self._widths[place] = width
            self._sheet.set_column(place, place, width)
        if freeze and not self._frozen:
            self._frozen = True
            self._sheet.freeze_panes(self.row + 1, 1)
            self._sheet.repeat_rows(self.row)
        first = self.row + 1
        for number, cells in enumerate(rows):
            last = total and number == len(rows) - 1
            for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
                kind = kinds[number] if kinds is not None and column.kind == "number" else column.kind
                self._put(first + number, place, cell, kind, total=last)
        end = first + len(rows) - 1
        for place, column in enumerate(columns):
            if column.judged and rows:
                self._judge(first, end, place)
        self.row = end + 2
        return Block(self.name, first, end)

    def chart(self, block: Block, title: str, series: Sequence[tuple[int, Literal["column", "line"]]]) -> None:
        """A chart of a table's columns by its first column: bars, and lines over them."""
        bars = self._book.book.add_chart({"type": "column"})
        line = self._book.book.add_chart({"type": "line"})
        colours = iter(("#486581", "#F0B429", "#9FB3C8", "#BA2525"))
        for place, kind in series:
            (bars if kind == "column" else line).add_series(
                {
                    "name": [block.sheet, block.first - 1, place],
                    "categories": [block.sheet, block.first, 0, block.last, 0],
                    "values": [block.sheet, block.first, place, block.last, place],
                    ("fill" if kind == "column" else "line"): {"color": next(colours)},
                }
            )
        if any(kind == "line" for _, kind in series):
            bars.combine(line)
        bars.set_title({"name": title, "name_font": {"name": FONT, "size": 11, "color": INK}})
        bars.set_legend({"position": "bottom"})
        bars.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": RULE}}, "line": {"none": True}})
        bars.set_size({"width": 860, "height": 300})
        self._sheet.insert_chart(self.row, 0, bars)
        self.row += 17

    def _put(self, row: int, place: int, cell: Cell, kind: Kind, *, total: bool) -> None:
        said: dict[str, Any] = {"bottom": 1, "bottom_color": RULE, "valign": "vcenter", "num_format": FORMATS[kind]}
        if total:
            said |= {"bold": True, "top": 1, "top_color": BAND, "bg_color": "#F0F4F8"}
        match cell:
            case None:
                self._sheet.write_string(row, place, "–", self._book.form(**said, align="center", indent=0))
            case str():
                self._sheet.write_string(row, place, cell[:MOST_CHARACTERS], self._book.form(**said, text_wrap=True))
            case datetime() | date():
                self._sheet.write_datetime(row, place, cell, self._book.form(**said))
            case _:
                self._sheet.write_number(row, place, float(cell), self._book.form(**said))

    def _judge(self, first: int, last: int, place: int) -> None:
        for criteria, value, (fill, ink) in ((">=", 1, GOOD), (">=", NEARLY, FAIR), ("<", NEARLY, POOR)):
            self._sheet.conditional_format(
                first, place, last, place,
                {
                    "type": "cell", "criteria": criteria, "value": value, "stop_if_true": True,
                    "format": self._book.book.add_format({"bg_color": fill, "font_color": ink}),
                },
            )  # fmt: skip


def _footer(text: str) -> str:
    """A text of a footer: an ampersand would begin a code."""
    return text.replace("&", "&&")[:100]
