"""Leads, visitor counts and spend: in any split, rebuilt, as known then; and the report: as plain Python says."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import fmean
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.opportunities.leads.report import Which, leads_report
from services.opportunities.leads.views import VIEWS
from services.opportunities.reports.asking import Asking
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import end_of
from shared.event_store.connections import with_json
from shared.identity.sight import Seat, Sight
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.opportunities_views import lead_rows
from tests.opportunities_views.log import Log
from tests.opportunities_views.recount import ZONE
from tests.opportunities_views.test_reports import LABELS

START = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 4, 10, 3, tzinfo=UTC)
Row = dict[str, Any]


class MadeUp:
    """Leads whose facts come late, in any order, and are mended and taken back; nothing keeps to the rules."""

    def __init__(self, seed: int, facts: int = 150) -> None:
        self.chance = random.Random(seed)
        self.log = Log(uuid4())
        self.units = [self.id() for _ in range(3)]
        self.people = [str(self.id()) for _ in range(3)]
        self.streams = {kind: [self.id() for _ in range(5)] for kind in ("lead", "visitor_count", "channel_spend")}
        for kind, streams in self.streams.items():
            for stream in streams:
                self.tell(kind, stream, first=True)
        while len(self.log.told) < facts:
            kind = self.chance.choice(("lead", "lead", "lead", "visitor_count", "channel_spend"))
            stream = self.chance.choice(self.streams[kind])
            if self.chance.random() < 0.2:
                self.mend(kind, stream)
            elif kind != "channel_spend":
                self.tell(kind, stream)

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def unit(self) -> str:
        return str(self.chance.choice(self.units))

    def at(self) -> datetime:
        return START + timedelta(hours=12 * self.chance.randint(0, 160))

    def on(self) -> str:
        return str(date(2025, 1, 1) + timedelta(days=self.chance.randint(0, 80)))

    def channel(self) -> str:
        return self.chance.choice(("web", "phone"))

    def tell(self, kind: str, stream: UUID, *, first: bool = False) -> None:
        type, changes = self.fact(kind, first)
        self.log.tell(kind, stream, type, self.at(), changes)

    def fact(self, kind: str, first: bool) -> tuple[str, Row]:
        chance = self.chance
        if kind == "visitor_count":
            said = {"unit_id": self.unit(), "channel": self.channel(), "day": self.on(), "count": chance.randint(0, 40)}
            return "VisitorsCounted", said
        if kind == "channel_spend":
            month = chance.random() < 0.5
            said = {"unit_id": self.unit(), "channel": self.channel(), "purpose": None, "currency": "CNY"}
            said |= {"day": f"{self.on()[:8]}01" if month else self.on(), "period": "month" if month else "day"}
            return "SpendRecorded", said | {"amount": chance.choice(["1000.01", "250.5", "99"])}
        if first:
            said = {"channel": self.channel(), "source": None, "account_id": None, "account_name": "甲"}
            said |= {"interests": [{"product": "A6L", "said": None, "units": 2}], "unit_id": self.unit()}
            said |= {"answer_hours": chance.choice([None, "24", "300"]), "external_refs": {}}
            return "LeadReceived", said | {"owner_id": None, "status": "open"}
        person = chance.choice(self.people)
        status = chance.choice(("record", "no_intention", "duplicate", "follow_up"))
        ended: Row = {"status": status, "reason": None, "follow_up_on": self.on() if status == "follow_up" else None}
        ended |= {"opportunity_id": str(self.id()) if status == "record" else None}
        ended |= {"duplicate_of_lead_id": None, "duplicate_of_opportunity_id": None}
        return chance.choice(
            (
                ("LeadAssigned", {"owner_id": person, "unit_id": self.unit(), "assigned_how": "by_hand"}),
                ("LeadContacted", {"contacts": [{"by": person, "way": "phone", "reached": True}]}),
                ("LeadDisposed", ended),
            )
        )

    def mend(self, kind: str, stream: UUID) -> None:
        told = [event for event in self.log.told if event.stream_id == stream and "reason" not in event.data]
        event = self.chance.choice(told)
        if self.chance.random() < 0.4 and (event.version > 1 or kind != "lead"):
            self.log.void(kind, stream, event.version)
            return
        _, changes = self.fact(kind, event.version == 1)
        same = {name: value for name, value in changes.items() if name in event.data["changes"]}
        self.log.correct(kind, stream, event.version, same, self.at() if self.chance.random() < 0.5 else None)


def told_by(view: View, log: Log, upto: int | None = None) -> list[Row]:
    rows: list[Row] = getattr(lead_rows, view.name.partition(".")[2])(log, upto)
    return rows


def comparable(row: Any) -> Row:
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    for name in ("interests", "external_refs"):
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found


def ordered(rows: Any) -> list[Row]:
    return sorted((comparable(row) for row in rows), key=lambda row: (str(row["stream_id"]), row["from_at"]))


@pytest.mark.parametrize("seed", range(6))
async def test_any_split_rebuild_and_moment_of_the_log_say_the_same(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    tenant = made.log.tenant_id
    await fold_in_random_splits(pool, VIEWS, tenant, seed=seed)
    upto = random.Random(seed).randint(1, len(made.log.told))
    for view in VIEWS:
        assert ordered(await stored_rows(pool, view, tenant)) == ordered(told_by(view, made.log)), view.name
        then = await pool.fetch(
            f"select * from {source(view, tenant='$1', known_at='$2')} as v where tenant_id = $1", tenant, upto
        )
        assert ordered(then) == ordered(told_by(view, made.log, upto)), view.name
    await assert_live_equals_rebuild(pool, VIEWS, tenant)


COUNTED = ("leads", "assigned", "contacted", "in_time", "late", "records", "no_intention", "duplicates", "follow_ups")


def recounted(made: MadeUp, at: datetime, known_at: int | None, group_by: str, sees: Any) -> dict[Any, Row]:
    """The report, lead by lead; no orders: the prospects these leads name are on no log."""
    since, until = date(2025, 1, 10), date(2025, 3, 5)
    found: dict[Any, Row] = defaultdict(lambda: dict.fromkeys(COUNTED, 0) | {"hours": [], "visitors": None, "spend": 0})

    def holding(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["from_at"] <= at and (row["to_at"] is None or row["to_at"] > at)]

    def put(row: Row, on: date, owner: Any, unit: Any, **counts: Any) -> None:
        if not sees(owner, unit):
            return
        keys = {"channel": row["channel"], "owner": owner, "org_unit": unit, "month": f"{on:%Y-%m}"}
        into = found[None if keys[group_by] is None else str(keys[group_by])]
        for name, value in counts.items():
            into[name] += value

    for row in holding(lead_rows.leads(made.log, known_at)):
        on = row["received_at"].astimezone(ZONE).date()
        if not since <= on <= until:
            continue
        promised = row["answer_hours"]
        put(row, on, row["assigned_owner_id"], row["received_unit_id"], leads=1)
        if row["assigned_at"]:
            put(row, on, row["assigned_owner_id"], row["assigned_unit_id"], assigned=1)
        if row["contacted_at"]:
            hours = (row["contacted_at"] - row["received_at"]) / timedelta(hours=1)
            kept = promised is not None and hours <= promised
            broken = promised is not None and hours > promised
            put(
                row, on, row["contacted_owner_id"], row["contacted_unit_id"], contacted=1, hours=[hours],
                in_time=int(kept), late=int(broken),
            )  # fmt: skip
        elif (
            row["status"] in ("open", "follow_up") and row["received_at"] + timedelta(hours=float(promised or 1e6)) < at
        ):
            put(row, on, row["owner_id"], row["unit_id"], late=1)
        if row["status"] != "open":
            names = {"record": "records", "duplicate": "duplicates", "follow_up": "follow_ups"}
            name = str(names.get(row["status"], row["status"]))
            put(row, on, row["disposed_owner_id"], row["disposed_unit_id"], **{name: 1})
    if group_by == "owner":
        return dict(found)
    for row in holding(lead_rows.visitor_counts(made.log, known_at)):
        if since <= row["day"] <= until and sees(None, row["unit_id"]):
            key = {"channel": row["channel"], "org_unit": str(row["unit_id"]), "month": f"{row['day']:%Y-%m}"}[group_by]
            found[key]["visitors"] = (found[key]["visitors"] or 0) + row["count"]
    for row in holding(lead_rows.channel_spend(made.log, known_at)):
        cents = [round(row["amount"] * upto / row["days"] + Decimal("1e-9"), 2) for upto in range(row["days"] + 1)]
        days = [number for number in range(row["days"]) if since <= row["day"] + timedelta(number) <= until]
        if days and sees(None, row["unit_id"]):
            key = {"channel": row["channel"], "org_unit": str(row["unit_id"]), "month": f"{row['day']:%Y-%m}"}[group_by]
            found[key]["spend"] += cents[days[-1] + 1] - cents[days[0]]
    return dict(found)


@pytest.mark.parametrize("when", ["now", "as of a past day", "known then"])
async def test_the_report_counts_lead_by_lead(database_url: str, when: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        made, other = MadeUp(21, 220), MadeUp(22)
        await made.log.write(pool)
        await other.log.write(pool)
        await fold_all(pool, [*VIEWS, STANDINGS, UNITS, ACCOUNTS])
        at = NOW if when == "now" else end_of(date(2025, 2, 20), ZONE)
        known_at = len(made.log.told) * 2 // 3 if when == "known then" else None
        person, unit = UUID(made.people[0]), made.units[0]
        branch = Sight(
            False,
            frozenset((unit,)),
            person,
            seats=(Seat(person, frozenset(("branch_manager",)), unit, frozenset((unit,))),),
        )
        for sight in (Sight(True), branch):

            def sees(owner: Any, of: Any, sight: Sight = sight) -> bool:
                return sight.everything or of == unit or owner == person

            asking = Asking(made.log.tenant_id, ZONE, at, sight, known_at=known_at, latest=when == "now")
            which = Which(date(2025, 1, 10), date(2025, 3, 5))
            for group_by in ("channel", "owner", "org_unit", "month"):
                report = await leads_report(pool, asking, LABELS, group_by=group_by, which=which)
                wanted = recounted(made, at, known_at, group_by, sees)
                until_known = {row["key"]: row for row in report["rows"]}
                assert until_known.keys() == wanted.keys()
                for key, counts in wanted.items():
                    row = until_known[key]
                    assert {name: row[name] for name in COUNTED} == {name: counts[name] for name in COUNTED}
                    mean = fmean(counts["hours"]) if counts["hours"] else None
                    assert row["response_hours_mean"] == (None if mean is None else pytest.approx(mean, abs=1e-5))
                    assert row["visitors"] == counts["visitors"]
                    assert sum(Decimal(one["amount"]) for one in row["spend"]) == counts["spend"]
                    came = counts["leads"] + (counts["visitors"] or 0)
                    rate = pytest.approx(counts["records"] / came, abs=1e-6) if came else None
                    assert row["record_rate"] == rate
