"""Reading tables: what spreadsheets and systems really write. No mapping here."""

import codecs
import io
import json
from pathlib import Path

import pytest

from shared.imports.problems import RowProblem, TableRefused
from shared.imports.rows import Row
from shared.imports.tables import FileShape, open_table, read_table
from tests.imports.conftest import cells, problems, table

PEOPLE = "名称,城市\n㐂善堂,南京\n𠮷野家,一一\n"


@pytest.mark.parametrize(
    "content",
    [
        PEOPLE.encode(),
        codecs.BOM_UTF8 + PEOPLE.replace("\n", "\r\n").encode(),
        PEOPLE.encode("gb18030"),
        codecs.BOM_UTF16_LE + PEOPLE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + PEOPLE.encode("utf-16-be"),
        PEOPLE.encode("utf-16-le"),
        PEOPLE.encode("utf-16-be"),
        codecs.BOM_UTF16_LE + PEOPLE.replace(",", "\t").encode("utf-16-le"),
        PEOPLE.replace(",", ";").encode("gb18030"),
        PEOPLE.replace("\n", "\r").encode(),
    ],
    ids=["utf8", "bom-crlf", "gb18030", "16le-bom", "16be-bom", "16le", "16be", "16le-tab", "semicolon", "cr"],
)
def test_a_file_reads_the_same_however_it_was_saved(content: bytes) -> None:
    found = table(content)
    assert found.columns == ("名称", "城市")
    assert list(found.rows()) == [
        Row(2, {"名称": "㐂善堂", "城市": "南京"}),
        Row(3, {"名称": "𠮷野家", "城市": "一一"}),
    ]


def test_an_encoding_is_decided_by_the_whole_file_not_by_its_beginning() -> None:
    plain = "name\n" + "x" * 70 + "\n"
    content = plain.encode() * 40_000 + "价格\n".encode("gb18030")
    found = table(content)
    assert found.encoding.name == "gb18030"
    assert cells(found)[-1] == {"name": "价格"}


def test_bytes_of_no_known_encoding_are_refused() -> None:
    with pytest.raises(TableRefused, match="encodings"):
        table(b"a,b\n\xff\xff\xff,1\n")


def test_a_stated_encoding_is_believed_and_checked() -> None:
    looks_like_utf8 = b"a\n" + "联通".encode("gb18030") + b"\n"
    assert cells(read_table(io.BytesIO(looks_like_utf8), FileShape(encoding="gb18030"))) == [{"a": "联通"}]
    with pytest.raises(TableRefused, match="encodings"):
        read_table(io.BytesIO("a\n价\n".encode("gb18030")), FileShape(encoding="utf-8"))


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(TableRefused, match="workbook"):
        table(content)


@pytest.mark.parametrize(("content", "code"), [(b"", "empty"), (b"\n\n", "no_header"), (b",,\n", "no_header")])
def test_a_file_without_a_header_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(TableRefused) as refused:
        table(content)
    assert refused.value.code == code


def test_quoted_breaks_and_quotes_are_kept_and_lines_still_counted() -> None:
    found = table('a,b\r\n"x\ny","say ""no"""\r\n1,2\r\n')
    assert list(found.rows()) == [Row(2, {"a": "x\ny", "b": 'say "no"'}), Row(4, {"a": "1", "b": "2"})]


def test_a_ragged_row_is_a_problem_of_its_line_alone() -> None:
    found = table("a,b\n1\n1,2,3\n1,2,\n\n,\n5,6\n")
    assert [type(row) for row in found.rows()] == [RowProblem, RowProblem, Row, Row]
    assert problems(found) == [(2, "ragged"), (3, "ragged")]


def test_an_open_or_misplaced_quote_is_a_problem() -> None:
    assert problems(table('a,b\n"23" wide",1\n3,4\n')) == [(2, "malformed")]
    assert problems(table('a,b\n1,"never closed\n3,4\n')) == [(2, "malformed")]


def test_a_nul_is_a_problem_of_its_row() -> None:
    found = table(b"a,b\n1,x\0y\n3,4\n")
    assert problems(found) == [(2, "nul")]
    assert [row.cells for row in found.rows() if isinstance(row, Row)] == [{"a": "3", "b": "4"}]


def test_equal_header_names_are_numbered_and_missing_ones_named_by_place() -> None:
    assert table(" 名称 ,备注,,备注\n1,2,3,4\n").columns == ("名称", "备注 (1)", "column 3", "备注 (2)")
    assert table("备注,备注,备注 (1)\n1,2,3\n").columns == ("备注 (1)'", "备注 (2)", "备注 (1)")


def test_a_delimiter_is_recognised_stated_or_said_in_the_first_line() -> None:
    assert table("a;b,c\n1;2,3\n4;5,6\n", delimiter=";").columns == ("a", "b,c")
    assert table("sep=|\na|b\n1|2\n").columns == ("a", "b")
    assert list(table("sep=|\na|b\n1|2\n").rows()) == [Row(3, {"a": "1", "b": "2"})]
    assert table("a\tb\n1,5\t2\n").columns == ("a", "b")
    assert table("only\n1\n").columns == ("only",)


def test_lines_before_the_header_can_be_skipped() -> None:
    found = table("2025 report\n\na,b\n1,2\n", skip_lines=2)
    assert list(found.rows()) == [Row(4, {"a": "1", "b": "2"})]


def test_a_record_without_end_is_refused_instead_of_filling_the_memory() -> None:
    found = table("a,b\n" + "x" * (1 << 20) + "\n")
    with pytest.raises(TableRefused) as refused:
        list(found.rows())
    assert refused.value.code == "record_too_long"
    assert refused.value.line == 2


def test_json_lines_and_arrays_read_alike_and_keep_numbers_as_written() -> None:
    objects = '{"a": 1.10, "b": {"c": null, "d": true}, "e": [1]}', '{"a": "x", "b": {"c": 3, "d": false}, "e": []}'
    expected = [
        {"a": "1.10", "b.c": "", "b.d": "true", "e": '["1"]'},
        {"a": "x", "b.c": "3", "b.d": "false", "e": "[]"},
    ]
    assert cells(table("\n".join(objects))) == expected
    assert cells(table(" [ " + " ,\n".join(objects) + " ] ")) == expected
    assert [row.line for row in table("\n[\n" + ",\n".join(objects) + "]").rows()] == [3, 4]


def test_a_bad_json_line_is_a_problem_of_its_line_alone() -> None:
    found = table('{"a": 1}\n{"a": \n[1]\n\n{"a": NaN}\n{"a": "\\u0000"}\n{"a": 2}\n')
    assert problems(found) == [(2, "malformed"), (3, "not_an_object"), (5, "malformed"), (6, "nul")]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}', '[{"a": 1} {"a": 2}]', '[{"a": 1},]', "[1]", '[{"a": 1}] x', "[" * 9_000]
)
def test_what_stops_being_an_array_is_refused_where_it_does(text: str) -> None:
    with pytest.raises(TableRefused) as refused:
        list(table(text).rows())
    assert refused.value.code == "not_json"


def test_an_array_longer_than_the_window_is_read_whole() -> None:
    rows = [{"n": str(n), "text": "文" * (n % 700)} for n in range(2_000)]
    assert cells(table(json.dumps(rows, ensure_ascii=False, indent=1))) == rows


def test_reading_resumes_behind_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n3\n5,6\n", encoding="utf-8")
    with open_table(path) as found:
        everything = list(found.rows())
        assert [list(found.rows(skip=done)) for done in range(4)] == [everything[done:] for done in range(4)]


def test_half_a_character_is_a_problem_of_its_row() -> None:
    found = table(b'{"a": "\\ud800"}\n{"\\udfff": "x"}\n{"a": "\\ud83d\\ude97"}\n')
    assert problems(found) == [(1, "malformed"), (2, "malformed")]
