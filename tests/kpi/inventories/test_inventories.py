"""Taking stock of a customer base over HTTP: lines with findings, decided, found done by their facts, signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import Clock
from tests.kpi.raw_facts import Told, tell
from tests.kpi.staffed import Staffed, staffed

LINES = [{"line": 1, "product": "GTX", "units": 3}]
FRIDAY = datetime(2026, 2, 27, 2, tzinfo=UTC)


@dataclass
class Base:
    """The customer base of SH at the end of February; `ids` of its prospects by name."""

    sh: Staffed
    clock: Clock
    ids: dict[str, UUID]

    async def prospect(self, name: str, owner: str, day: str, *facts: Told, unit: str = "SH", **more: Any) -> None:
        said = {
            "owner_id": self.sh.person(owner), "unit_id": self.sh.unit(unit), "status": "open", "level": None,
            "title": name, "lines": LINES, "currency": "CNY", **more,
        }  # fmt: skip
        self.ids[name] = await tell(self.sh, "opportunity", ("ProspectCaptured", day, said), *facts)

    async def told(self, name: str, version: int, *facts: Told) -> None:
        await tell(self.sh, "opportunity", *facts, id=self.ids[name], version=version)
        await self.sh.fold()

    async def open(self, who: str = "sh_head", **more: Any) -> str:
        body = {"unit_id": self.sh.unit("SH"), "month": "2026-02", **more}
        made: str = (await self.sh.make(who, "/v1/inventories", body))["id"]
        await self.sh.fold()
        return made

    async def lines(self, sheet: str, who: str = "sh_head", **params: Any) -> dict[str, dict[str, Any]]:
        items = (await self.sh[who].read(f"/v1/inventories/{sheet}/lines", **params))["items"]
        return {item["title"]: item for item in items}

    async def states(self, sheet: str, **params: Any) -> dict[str, str]:
        return {name: line["state"] for name, line in (await self.lines(sheet, **params)).items()}

    async def decide(self, sheet: str, who: str, **decided: str) -> None:
        lines = [{"id": str(self.ids[name]), "decided": verb} for name, verb in decided.items()]
        await self.sh.make(who, f"/v1/inventories/{sheet}/decide", {"lines": lines})

    async def version(self, sheet: str) -> int:
        return int((await self.sh["sh_head"].read(f"/v1/inventories/{sheet}"))["version"])


def judged(day: str, level: str, expected_on: str | None = None) -> Told:
    return "ProspectQualified", day, {"level": level, "expected_on": expected_on}


@pytest.fixture
async def base(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record], clock: Clock
) -> Base:
    base = Base(await staffed(store, http, settings, pool), clock, {})
    sh = base.sh
    clock.now = FRIDAY
    fleet = {"name": "安达出租", "owner_id": sh.person("li"), "unit_id": sh.unit("SH"), "status": "active"}
    base.ids["安达出租"] = await tell(sh, "account", ("AccountOpened", "2025-06-01", fleet))
    await base.prospect("missed", "li", "2026-01-10", judged("2026-01-11", "A", "2026-02-20"))
    await base.prospect("silent", "li", "2026-02-20", missing=["reachable"])
    reached = {"contact_reached": True, "contact_way": "phone"}
    await base.prospect(
        "near", "wang", "2026-01-05", judged("2026-01-06", "B", "2026-03-03"), ("ContactMade", "2026-02-20", reached)
    )
    won: Told = ("DealWon", "2026-02-10", {"status": "ordered", "lines": LINES})
    gone: Told = ("UnitsDelivered", "2026-02-15", {"delivered": [{"line": 1, "units": 2, "on": "2026-02-15"}]})
    await base.prospect("sold", "wang", "2026-01-05", won, gone, account_id=str(base.ids["安达出租"]))
    moved = {"owner_id": sh.person("li"), "unit_id": sh.unit("SH")}
    await base.prospect("moved", "zhao", "2026-01-05", ("OpportunityTransferred", "2026-02-12", moved), unit="BJ")
    await sh.fold()
    await sh.make("director", "/v1/months/2026-01/close", {})
    await base.prospect("late", "li", "2026-01-20", judged("2026-02-01", "C"))
    await sh.fold()
    return base


async def test_lines_say_what_there_is_and_what_is_wrong_with_it(base: Base) -> None:
    sheet = await base.open()
    await base.prospect("after", "li", "2026-02-26")
    await base.sh.fold()
    lines = await base.lines(sheet)
    assert {name: (line["owner"], line["level"], line["computed_level"]) for name, line in lines.items()} == {
        "near": ("wang", "B", "H"), "missed": ("li", "A", "overdue"), "late": ("li", "C", "C"),
        "silent": ("li", "N", "N"), "moved": ("li", "N", "N"), "安达出租": ("li", None, None),
    }  # fmt: skip
    assert next(iter(lines)) == "missed"  # the nearest order first
    assert {name: line["findings"] for name, line in lines.items()} == {
        "near": ["disagrees"], "missed": ["no_contact", "overdue"], "late": ["no_contact"], "silent": ["unreachable"],
        "moved": ["no_contact"], "安达出租": [],
    }  # fmt: skip
    owner = lines["安达出租"]
    assert (owner["part"], owner["units"], owner["last_delivered_on"], owner["age_months"]) == (
        "owners", 2, "2026-02-15", 0.4,
    )  # fmt: skip
    assert (lines["near"]["last_contact_on"], lines["near"]["unit"]) == ("2026-02-20", "SH店")
    assert set(await base.lines(sheet, who="wang")) == {"near"}
    assert set(await base.lines(sheet, finding="unreachable")) == {"silent"}
    assert set(await base.lines(sheet, part="owners")) == {"安达出租"}
    page = await base.sh["sh_head"].read(f"/v1/inventories/{sheet}/lines", limit=4)
    rest = await base.sh["sh_head"].read(f"/v1/inventories/{sheet}/lines", limit=4, after=page["next"])
    assert [item["title"] for item in (*page["items"], *rest["items"])] == list(lines)
    table = await base.sh["sh_head"].get(f"/v1/inventories/{sheet}/lines", format="csv")
    assert (table.status_code, "missed" in table.text) == (200, True)


async def test_the_sums_of_the_sheet_close(base: Base) -> None:
    sheet = await base.open()
    report = await base.sh["sh_head"].read(f"/v1/inventories/{sheet}/sums")
    assert {name: count for name, count in report["total"].items() if count} == {
        "opening": 3, "restated": 1, "new": 1, "won": 1, "transferred_in": 1, "level_in": 1, "level_out": 1,
        "closing": 5,
    }  # fmt: skip
    rows = {row["level"]: row for row in report["rows"]}
    assert list(rows) == ["N", "C", "B", "A", "H"]
    assert [rows["N"][name] for name in ("opening", "restated", "new", "won", "level_out", "closing")] == [
        1, 1, 1, 1, 1, 2,
    ]  # fmt: skip
    assert (report["owners"], report["fleet"]) == (1, 2)
    own = await base.sh["wang"].read(f"/v1/inventories/{sheet}/sums")
    assert (own["total"]["closing"], own["owners"]) == (1, 0)
    of_li = await base.sh["sh_head"].read(f"/v1/inventories/{sheet}/sums", owner_id=base.sh.person("li"))
    assert (of_li["total"]["closing"], of_li["total"]["transferred_in"]) == (4, 1)


async def test_a_line_is_done_when_its_fact_is_told(base: Base) -> None:
    sheet = await base.open()
    await base.decide(sheet, "li", missed="rejudge", silent="freeze", moved="confirm", late="give_up")
    lines = await base.lines(sheet)
    assert {name: line["state"] for name, line in lines.items()} == {
        "near": "unconfirmed", "missed": "asked", "late": "asked", "silent": "asked", "moved": "confirmed",
        "安达出租": "unconfirmed",
    }  # fmt: skip
    assert lines["missed"]["command"] == f"/v1/opportunities/{base.ids['missed']}/qualify"
    assert (lines["late"]["command"], lines["moved"]["command"]) == (
        f"/v1/opportunities/{base.ids['late']}/request-defeat", None,
    )  # fmt: skip
    assert (lines["moved"]["decided_by_name"], lines["moved"]["decided_on"]) == ("li", "2026-02-27")
    await base.told("missed", 2, judged("2026-02-27", "H", "2026-03-02"))
    await base.told("near", 3, judged("2026-02-27", "H", "2026-03-03"))  # nobody said it on the sheet
    await base.told("silent", 1, judged("2026-02-27", "B"))  # no freeze
    states = await base.states(sheet)
    assert (states["missed"], states["near"], states["silent"]) == ("done", "done", "asked")
    assert (await base.lines(sheet))["near"]["done_by_fact"] == "ProspectQualified"
    await base.told("near", 4, ("FactVoided", "2026-02-27", {"version": 4, "reason": "误录"}))
    assert (await base.states(sheet))["near"] == "unconfirmed"
    rows = (await base.sh["sh_head"].read(f"/v1/inventories/{sheet}/progress"))["rows"]
    assert [(row["owner"], row["lines"], row["unconfirmed"], row["asked"], row["done"]) for row in rows] in (
        [("li", 5, 1, 2, 1), ("wang", 1, 1, 0, 0)], [("wang", 1, 1, 0, 0), ("li", 5, 1, 2, 1)],
    )  # fmt: skip


async def test_the_head_signs_and_what_nobody_confirmed_is_counted(base: Base) -> None:
    sh, sheet = base.sh, await base.open()
    path = f"/v1/inventories/{sheet}"
    await base.decide(sheet, "wang", near="confirm")
    version = await base.version(sheet)
    assert await sh.refused("li", f"{path}/sign", {}, version=version) == (403, "forbidden")
    assert await sh.refused("sh_head", f"{path}/sign", {}, version=version) == (409, "lines_unconfirmed")
    await sh.make("sh_head", f"{path}/sign", {"accept_unconfirmed": True}, version=version)
    await sh.fold()
    (row,) = (await sh["sh_head"].read("/v1/inventories", month="2026-02"))["items"]
    assert (row["status"], row["lines"], row["unconfirmed"], row["signed_by_name"]) == ("signed", 6, 5, "sh_head")
    confirming = {"lines": [{"id": str(base.ids["late"]), "decided": "confirm"}]}
    assert await sh.refused("li", f"{path}/decide", confirming) == (409, "inventory_signed")
    assert (await sh["sh_head"].read(path))["allowed_actions"] == ["correct", "void"]
    assert await sh.refused("li", f"{path}/void", {"version": 3, "reason": "x"}, version=3) == (403, "forbidden")
    await sh.make("sh_head", f"{path}/void", {"version": 3, "reason": "漏行"}, version=3)
    await sh.make(
        "sh_head", f"{path}/correct", {"version": 1, "changes": {"no_contact_days": 90}, "reason": "新规"}, version=4
    )
    assert (await base.lines(sheet))["late"]["findings"] == []
    await base.prospect("after", "li", "2026-02-26")
    await sh.fold()
    await sh.make("sh_head", f"{path}/fix-again", {"reason": "补录"}, version=5)
    states = await base.states(sheet)
    assert (states["near"], states["after"]) == ("unconfirmed", "unconfirmed")  # asked again


async def test_what_a_sheet_refuses(base: Base) -> None:
    sh = base.sh
    body = {"unit_id": sh.unit("SH"), "month": "2026-02"}
    assert await sh.refused("li", "/v1/inventories", body) == (403, "forbidden")
    assert await sh.refused("bj_head", "/v1/inventories", body) == (403, "outside_your_units")
    assert await sh.refused("sh_head", "/v1/inventories", {**body, "on": "2026-03-01"}) == (422, "in_the_future")
    assert await sh.refused("sh_head", "/v1/inventories", {**body, "month": "2026-04"}) == (422, "in_the_future")
    assert await sh.refused("sh_head", "/v1/inventories", {**body, "on": "2026-01-31"}) == (422, "not_in_that_month")
    nowhere = {**body, "unit_id": "00000000-0000-4000-8000-000000000000"}
    assert await sh.refused("director", "/v1/inventories", nowhere) == (422, "unknown_unit")
    sheet = await base.open()
    assert await sh.refused("sh_head", "/v1/inventories", body) == (409, "already_exists")
    path = f"/v1/inventories/{sheet}/decide"
    near, late = str(base.ids["near"]), str(base.ids["late"])

    def lines(*given: dict[str, str]) -> dict[str, Any]:
        return {"lines": list(given)}

    confirmed, of_wang = {"id": late, "decided": "confirm"}, {"id": near, "decided": "confirm"}
    assert await sh.refused("li", path, lines(confirmed, confirmed)) == (422, "line_twice")
    assert await sh.refused("li", path, lines(confirmed, of_wang)) == (422, "unknown_line")
    assert await sh.refused("li", path, lines(of_wang)) == (404, "not_found")
    owner = {"part": "owners", "id": str(base.ids["安达出租"])}
    assert await sh.refused("li", path, lines({**owner, "decided": "freeze"})) == (422, "not_of_owners")
    await sh.make("li", path, lines({**owner, "decided": "give_up", "note": "改用租赁"}))
    assert (await base.lines(sheet))["安达出租"]["note"] == "改用租赁"
    for who in ("zhao", "bj_head"):
        assert (await sh[who].get(f"/v1/inventories/{sheet}")).status_code == 404
        assert (await sh[who].get(f"/v1/inventories/{sheet}/lines")).status_code == 404
        assert (await sh[who].read("/v1/inventories"))["items"] == []
    assert len((await sh["li"].read("/v1/inventories"))["items"]) == 1


async def test_month_end_asks_for_the_inventory(base: Base) -> None:
    sh = base.sh

    async def owed(who: str, *, mine: bool = True, **params: Any) -> set[tuple[str, str | None, str]]:
        found = (await sh[who].read("/v1/agenda", **params))["items"]
        kinds = ("open_inventory", "confirm_inventory_lines", "sign_inventory", "close_month")
        return {(item["kind"], item["unit"] or item["person"], item["due_on"]) for item in found
                if item["kind"] in kinds and item["mine"] is mine}  # fmt: skip

    assert await owed("sh_head") == {("open_inventory", "SH店", "2026-02-28")}  # a Saturday that is worked
    assert await owed("li") == set()
    await base.open()
    assert await owed("sh_head") == {("sign_inventory", "SH店", "2026-03-02")}
    assert await owed("li") == {("confirm_inventory_lines", "li", "2026-02-28")}
    base.clock.now = datetime(2026, 3, 3, 2, tzinfo=UTC)
    late = await owed("director", mine=False)
    assert ("close_month", "总部", "2026-03-02") in await owed("director", on="2026-03-01")
    assert {("open_inventory", "BJ店", "2026-02-28"), ("sign_inventory", "SH店", "2026-03-02")} <= late
    assert ("confirm_inventory_lines", "wang", "2026-02-28") in await owed("sh_head", mine=False)
    assert await owed("bj_head", on="2026-02-10") <= {("open_inventory", "BJ店", "2026-01-30")}


async def test_who_works_below_a_sheet_reads_no_decisions_of_other_branches(base: Base) -> None:
    await base.prospect("far", "zhao", "2026-02-10", unit="BJ")
    await base.sh.fold()
    sheet = await base.open("director", unit_id=base.sh.unit("HQ"))
    await base.decide(sheet, "zhao", far="confirm")
    await base.decide(sheet, "li", late="confirm")
    told = "select (data -> 'standing')::text from es.events where stream_id = $1 order by version desc limit 1"
    assert "decisions" not in await base.sh.pool.fetchval(told, UUID(sheet)), "a fact does not repeat every line"
    for who, seen in (("director", True), ("zhao", True), ("bj_head", True), ("li", False), ("sh_head", False)):
        text = (await base.sh[who].get(f"/v1/inventories/{sheet}")).text
        for secret in (str(base.ids["far"]), base.sh.person("zhao"), '"zhao"'):
            assert (secret in text) is seen, (who, secret)
    read = await base.sh["sh_head"].read(f"/v1/inventories/{sheet}")
    assert [one["id"] for one in read["standing"]["decisions"]] == [str(base.ids["late"])]
    assert [bool(fact["said"].get("decisions")) for fact in read["history"]] == [False, False, True]
