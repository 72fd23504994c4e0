"""Mappings: what is refused before a row is read, with the path of every mistake."""

import io
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, get_args

import pytest
from pydantic import BaseModel

from services.opportunities.imports.target import FIND_BY, KINDS, LifeCycle, OpportunityMapping
from shared.imports.lookups import Lookups, read_lookups
from shared.imports.mapping import check_columns, lookups_of
from shared.imports.problems import TEXTS, MappingRefused
from shared.imports.values import DATE_FORMATS
from tests.imports.conftest import CHECKOUT, mapping

SMALLEST = """
external: {system: crm, column: id}
stage: {column: stage, values: {Open: {reaches: captured}}}
"""


def paths(text: str) -> list[str]:
    with pytest.raises(MappingRefused) as refused:
        mapping(text)
    return [error.path for error in refused.value.errors]


def test_the_smallest_mapping_is_short() -> None:
    found = mapping(SMALLEST)
    assert found.external.column == "id"
    assert str(found.time_zone) == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("added", "path"),
    [
        ("amount: {colum: price}", "amount.colum"),
        ("title: {column: a, constant: b}", "title"),
        ("defaults: {dates: '%d%d'}", "defaults.dates.0"),
        ("defaults: {dates: '% Y'}", "defaults.dates.0"),
        ("title: {}", "title"),
        ("owner: {find: {mail: m}}", "owner"),
        ("owner: {find: {}}", "owner.find"),
        ("time_zone: Mars/Olympus", "time_zone"),
        ("time_zone: ../../etc/passwd", "time_zone"),
        ("captured_on: {column: d, formats: [dmy]}", "captured_on.formats.0"),
        ("title: {column: a, unmapped: keep}", "title"),
        ("title: {column: a, lookup: {file: ../secret.csv, key: a, take: b}}", "title.lookup.file"),
        ("amount: {column: a, multiple: 万万}", "amount.multiple"),
        ("file: {encoding: latin-1}", "file.encoding"),
        ("version: 2", "version"),
        ("reason: why", "reason"),
        ("unknown: 1", "unknown"),
    ],
)
def test_a_mistake_is_told_with_its_path(added: str, path: str) -> None:
    assert paths(f"{SMALLEST}{added}\n") == [path]


def test_several_mistakes_are_told_at_once() -> None:
    assert paths(f"{SMALLEST}title: 1\nextra: x\namount: {{column: p, form: q}}\n") == ["amount.form", "extra"]


@pytest.mark.parametrize(
    "entry",
    ["{reaches: won}", "{reaches: lost, closed_on: d}", "{reaches: delivered, closed_on: d}", "{reaches: frozen}"],
)
def test_a_closing_stage_must_say_when_and_why(entry: str) -> None:
    assert paths(SMALLEST.replace("{reaches: captured}", entry)) == [""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "a: b: c",
        "a: &x 1\nb: *x",
        "a: 1\na: 2",
        "[" * 100,
        "a: !!python/object:os.system x",
        "? [a]\n: b",
        "a: \0",
    ],
    ids=["empty", "list", "broken", "alias", "twice", "deep", "object", "key", "nul"],
)
def test_what_is_no_plain_yaml_is_refused(text: str) -> None:
    assert paths(text) == [""]


def test_words_stay_words() -> None:
    """`No`, `1.10` and a date in a mapping are the texts the file holds, not what YAML would make of them."""
    found = mapping(f"{SMALLEST}title: {{column: a, values: {{No: Off, 1.10: 2024-01-01}}}}\n")
    assert found.title is not None
    assert found.title.values == {"No": "Off", "1.10": "2024-01-01"}


def test_a_column_that_the_file_has_not_is_told() -> None:
    found = mapping(f"{SMALLEST}lines: [{{product: p}}]\n")
    check_columns(found, ("id", "stage", "p"))
    with pytest.raises(MappingRefused, match=r"lines\.0\.product\.find\.name\.column: the file has no column 'p'"):
        check_columns(found, ("id", "stage"))


BESIDE = "title: {column: a, lookup: {file: b.csv, key: k, take: v}}\n"


def lookups(content: str | None) -> Lookups:
    def beside(name: str) -> AbstractContextManager[BinaryIO]:
        assert name == "b.csv"
        if content is None:
            raise FileNotFoundError(name)
        return nullcontext(io.BytesIO(content.encode()))

    return read_lookups(lookups_of(mapping(SMALLEST + BESIDE)), beside)


def test_a_look_up_file_is_read_by_key() -> None:
    found = mapping(SMALLEST + BESIDE)
    assert found.title is not None
    assert found.title.lookup is not None
    assert lookups("v,k\n1,a\n2,b\n1,a\n").table(found.title.lookup) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not sent along"),
        ("k\n1\n", "no column 'v'"),
        ("k,v\na,1\na,2\n", "two different"),
        ("k,v\n1\n", "line 2"),
        ("", "empty"),
    ],
)
def test_a_look_up_file_that_cannot_serve_refuses_the_mapping(content: str | None, message: str) -> None:
    with pytest.raises(MappingRefused, match=message) as refused:
        lookups(content)
    assert refused.value.errors[0].path == "title.lookup"


def test_the_document_names_every_key_format_and_code() -> None:
    """`docs/imports.md` is complete: each field of each part, each date format, each code of a problem."""
    document = (CHECKOUT / "docs" / "imports.md").read_text(encoding="utf-8")
    parts: list[type[BaseModel]] = [OpportunityMapping, *_parts(OpportunityMapping)]
    words = {name for part in parts for name in part.model_fields} | set(DATE_FORMATS) | set(TEXTS)
    words |= {*get_args(LifeCycle), *KINDS, *(way for ways in FIND_BY.values() for way in ways)}
    assert sorted(word for word in words if f"`{word}" not in document and f".{word}`" not in document) == []


def _parts(part: type[BaseModel]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting: list[object] = [field.annotation for field in part.model_fields.values()]
    while waiting:
        annotation = waiting.pop()
        waiting += get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in found:
            found.add(annotation)
            waiting += [field.annotation for field in annotation.model_fields.values()]
    return found


def test_the_example_of_the_document_is_a_mapping() -> None:
    document = (CHECKOUT / "docs" / "imports.md").read_text(encoding="utf-8")
    example = document.partition("```yaml\n")[2].partition("```")[0]
    assert mapping(example).external.system == "old_crm"
