"""Whatever a spreadsheet can hold comes back as it was: any text, encoding, delimiter, in any form."""

import csv
import io
import json
import string
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.imports.problems import TableRefused
from shared.imports.tables import FileShape, read_table
from tests.imports.conftest import cells

TEXT = st.text(
    st.characters(codec="gb18030", exclude_characters="\0\ufeff\ufffe", exclude_categories=["Cs", "Cn"])
    | st.sampled_from("\n,;\t|\" '一　￥万"),
    max_size=12,
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"])


@st.composite
def sheets(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    row = st.lists(TEXT, min_size=width, max_size=width).filter(any)
    return [[f"列{at}" for at in range(width)], *draw(st.lists(row, max_size=8))]


@given(sheets(), ENCODINGS, st.sampled_from(",\t;|"), st.sampled_from(["\n", "\r\n"]))
def test_a_sheet_comes_back_as_it_was_written(sheet: list[list[str]], encoding: str, delimiter: str, end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(sheet)
    stated = FileShape(format="csv", delimiter=delimiter, encoding="gb18030" if encoding == "gb18030" else None)
    found = read_table(io.BytesIO(text.getvalue().encode(encoding)), stated)
    assert cells(found) == [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    assert found.columns == tuple(sheet[0])


@given(sheets(), st.sampled_from([",", "\t", ";", "|"]), st.sampled_from(["utf-16-le", "utf-16-be", "utf-8"]))
def test_delimiter_and_byte_order_are_recognised(sheet: list[list[str]], delimiter: str, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(sheet)
    found = read_table(io.BytesIO(text.getvalue().encode(encoding)))
    assert (found.delimiter, found.encoding.name) == (delimiter, encoding)


@given(sheets(), st.booleans(), st.sampled_from([None, 1]))
def test_json_comes_back_as_it_was_written(sheet: list[list[str]], lines: bool, indent: int | None) -> None:
    objects = [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    text = "\n".join(map(json.dumps, objects)) if lines else json.dumps(objects, indent=indent)
    if text:
        assert cells(read_table(io.BytesIO(text.encode()), FileShape(format="ndjson" if lines else "json"))) == objects


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(string.printable, max_size=200).map(str.encode))
def test_no_file_breaks_the_reader(content: bytes) -> None:
    """Anything is either read, row by row, or refused: nothing else is raised."""
    for shape in (FileShape(), FileShape(format="ndjson"), FileShape(format="json"), FileShape(format="csv")):
        with suppress(TableRefused):
            list(read_table(io.BytesIO(content), shape).rows())
