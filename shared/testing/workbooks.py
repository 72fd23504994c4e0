"""Reads workbooks as tests need them: sheets as rows of plain cells. Knows nothing of styles but days."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PLACE = re.compile(r"([A-Z]+)\d+")


def sheets(content: bytes) -> dict[str, list[list[str | float | None]]]:
    """Every sheet of a workbook by its name: rows of texts and numbers (days are numbers of days since 1900)."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        names = [sheet.attrib["name"] for sheet in _parsed(book, "xl/workbook.xml").iter(f"{SPACE}sheet")]
        shared = []
        if "xl/sharedStrings.xml" in book.namelist():
            shared = ["".join(item.itertext()) for item in _parsed(book, "xl/sharedStrings.xml").iter(f"{SPACE}si")]
        return {
            name: [_row(row, shared) for row in _parsed(book, f"xl/worksheets/sheet{number}.xml").iter(f"{SPACE}row")]
            for number, name in enumerate(names, 1)
        }


def has_formulas(content: bytes) -> bool:
    """Whether a cell of the workbook would be worked out, or a link or macro is in it."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        return any(
            "vba" in name or "externalLink" in name or (name.endswith(".xml") and b"<f>" in book.read(name))
            for name in book.namelist()
        )


def _parsed(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(name))


def _row(row: ElementTree.Element, shared: list[str]) -> list[str | float | None]:
    cells: list[str | float | None] = []
    for cell in row.iter(f"{SPACE}c"):
        matched = PLACE.fullmatch(cell.attrib["r"])
        assert matched is not None
        place = 0
        for letter in matched.group(1):
            place = place * 26 + ord(letter) - 64
        cells += [None] * (place - 1 - len(cells))
        value = cell.find(f"{SPACE}v")
        match cell.attrib.get("t"):
            case "inlineStr":
                cells.append("".join(cell.itertext()))
            case "s" if value is not None:
                cells.append(shared[int(value.text or 0)])
            case _:
                cells.append(None if value is None else float(value.text or 0))
    return cells
