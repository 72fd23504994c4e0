"""Every table is one: JSON, CSV and workbook, with names beside ids and titles in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_origin

import pytest
from pydantic import BaseModel

from services.accounts.main import app as accounts
from services.kpi.main import app as kpi
from services.opportunities.main import app as opportunities
from shared.http.columns import Column
from shared.http.route import Route
from shared.http.sheets import MEDIA

APPS = (accounts, opportunities, kpi)
NO_TABLES = {
    "events.read": "the feed of facts never ends; it is for machines",
    "events.snapshot": "records as the log has them, for copies; it is for machines",
    "schemas.events": "where the schemas of events are; it is for machines",
    "views.list": "how the installation stands; the door puts the services' lists together",
    "search.find": "what is looked for must be written nowhere, and a file says its filters",
}
NAMED = ("person", "unit", "account", "product", "owner", "manager", "parent", "reports_to_unit", "reports_to_person")
"""What an id must have a name beside it for; the title of an opportunity is a column of its own."""
WHO = re.compile(r"(^|_)(by|actor|viewer|on_behalf_of)$")


def reads() -> Iterator[tuple[Route, bool]]:
    """Every GET that answers rows or items, once, and whether it is a table."""
    seen = set()
    for app in APPS:
        for route in app.routes:
            model = getattr(route, "response_model", None)
            if (
                isinstance(route, Route)
                and "GET" in (route.methods or ())
                and isinstance(model, type)
                and issubclass(model, BaseModel)
                and any(
                    get_origin(model.model_fields[name].annotation)
                    for name in {"rows", "items"} & model.model_fields.keys()
                )
                and route.path not in seen
            ):
                seen.add(route.path)
                yield route, route.table is not None


TABLES = [route for route, is_table in reads() if is_table]


def test_every_list_and_report_is_a_table() -> None:
    assert {route.operation_id for route, is_table in reads() if not is_table} == set(NO_TABLES)
    assert len(TABLES) > 20


def test_every_table_is_documented_as_csv_and_workbook() -> None:
    media = {"application/json", *(media.partition(";")[0] for media in MEDIA.values())}
    for app in APPS:
        for path, operations in app.openapi()["paths"].items():
            operation = operations.get("get", {})
            if any(route.path == path for route in TABLES):
                assert set(operation["responses"]["200"]["content"]) == media, path
                (format,) = [one for one in operation["parameters"] if one["name"] == "format"]
                assert format["schema"]["enum"] == ["json", "csv", "xlsx"], path
                assert "413" in operation["responses"], path


@pytest.mark.parametrize("route", TABLES, ids=lambda route: route.operation_id)
def test_a_name_stands_beside_every_id(route: Route) -> None:
    assert route.table is not None
    unnamed = [".".join(column.path) for column in route.table.columns if not _is_named(column, route.table.columns)]
    assert unnamed == []


def _is_named(column: Column, columns: tuple[Column, ...]) -> bool:
    name = column.path[-1]
    beside = {other.path[-1] for other in columns if other.path[:-1] == column.path[:-1]} - {name}
    base = name.removesuffix("_id")
    if name != base and base.endswith(NAMED):
        wanted = {base, f"{base}_name", f"{base}_label", f"{base.removesuffix('_person')}_name"}
        return bool(wanted & beside)
    return not (WHO.search(name) and column.kind == "text") or bool({f"{name}_name", f"{name}_id"} & beside)


@pytest.mark.parametrize("route", TABLES, ids=lambda route: route.operation_id)
def test_columns_have_titles_of_their_own_in_both_languages(route: Route) -> None:
    assert route.table is not None
    for titles in ([column.zh for column in route.table.columns], [column.en for column in route.table.columns]):
        assert len(set(titles)) == len(titles)
    untitled = [column.zh for column in route.table.columns if not re.search("[\u4e00-\u9fff]", column.zh)]
    assert untitled == [], "name them in shared/http/titles.py, or with Field(title=…)"
    twice = [column.zh for column in route.table.columns if column.zh.endswith(f" ({'.'.join(column.path)})")]
    assert twice == [], "two columns of one title: name one with Field(title=…)"
