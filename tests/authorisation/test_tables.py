"""Every table of every service answers JSON, CSV and a workbook, with the same rows: those the asker sees."""

from __future__ import annotations

import csv
import io
from uuid import uuid4

import pytest

from shared.http.route import Route
from shared.testing.workbooks import has_formulas, sheets
from tests.authorisation.rows import ROWS
from tests.authorisation.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_table_has_the_same_rows_in_json_csv_and_workbook(world: World) -> None:
    caller = world.caller("b20.manager")
    tried, filled = 0, 0
    for service, app in world.apps.items():
        for route in app.routes:
            if not isinstance(route, Route) or route.table is None:
                continue
            query = dict(ROWS[str(route.operation_id)].query)
            path = route.path
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", str(uuid4()))
            answer = await world.send(service, "GET", path, caller, query=query)
            forms = {
                form: await world.send(service, "GET", path, caller, query={**query, "format": form})
                for form in ("csv", "xlsx")
            }
            if answer.status != 200:  # no such record, or not theirs: the same in every form
                assert {one.status for one in forms.values()} == {answer.status}, path
                continue
            tried += 1
            said = answer.said
            expected = len(said[route.table.field])
            if said.get("next") is not None:
                continue  # more than a page: the file has all of them (tests/http/test_tables.py)
            read = list(csv.reader(io.StringIO(forms["csv"].body.decode("utf-8-sig"), newline="")))
            book = sheets(forms["xlsx"].body)
            own_reads = route.operation_id == "audit.read"  # asking for it is an entry of its own
            if not own_reads:
                assert len(read) - 1 == expected, path
                assert len(next(iter(book.values()))) - 1 == expected, path
                assert len(book) == 2
            assert not has_formulas(forms["xlsx"].body), path
            if not route.table.own:
                assert [len(row) for row in read] == [len(route.table.told(said[route.table.field]))] * len(read), path
            filled += bool(expected)
    assert tried > 40
    assert filled > 10
