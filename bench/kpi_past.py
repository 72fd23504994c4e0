"""What a company told beside its deals in the last two years: leads, spend, money, plans, forecasts. Copied to the log.

Of the kinds real commands record, in the shape they leave; as in `history.py` only the hash chain is filler.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid5

import asyncpg

from bench.history import BRANCHES, COLUMNS, branch_of
from bench.lives import CHANNELS
from shared.event_store.store import EventStore
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT

MONTHS = 26
LEADS_A_MONTH = 1_600
"""Two for each prospect captured."""
FACT = tuple[datetime, str, UUID, int, str, dict[str, Any]]
"""Business time, stream type, stream, version, type, what it sets."""

RECENT = """
select e.stream_id, e.occurred_at, e.data -> 'changes' ->> 'owner_id' as owner_id
  from es.events e
 where e.tenant_id = $1 and e.stream_type = 'opportunity' and e.version = 1 and e.occurred_at >= $2
"""
ORDERED = """
select e.stream_id, e.occurred_at, b.data -> 'changes' ->> 'account_id' as account_id,
       coalesce(nullif(e.data -> 'changes' -> 'lines', 'null'), b.data -> 'changes' -> 'lines') as lines
  from es.events e
  join es.events b on b.tenant_id = e.tenant_id and b.stream_id = e.stream_id and b.version = 1
 where e.tenant_id = $1 and e.type = 'DealWon' and e.occurred_at >= $2
"""
DELIVERED = """
select e.stream_id, e.occurred_at, e.data -> 'changes' -> 'delivered' as moves
  from es.events e
 where e.tenant_id = $1 and e.type = 'UnitsDelivered' and e.occurred_at >= $2
"""


async def write_the_rest(store: EventStore, people: Sequence[UUID], *, until: datetime) -> int:
    """Append it all after the history; how many facts."""
    chance = Random(17)  # noqa: S311 - made-up figures
    first = _month(until.date(), -MONTHS)
    since = datetime.combine(first, datetime.min.time(), UTC)
    connection = await asyncpg.connect(store.database_url)
    try:
        recent = await connection.fetch(RECENT, SAMPLE_TENANT, since)
        ordered = await connection.fetch(ORDERED, SAMPLE_TENANT, since)
        delivered = await connection.fetch(DELIVERED, SAMPLE_TENANT, since)
        facts = [
            *_leads(chance, people, [row["stream_id"] for row in recent], first),
            *_figures(chance, first),
            *_money(chance, ordered),
            *_postings(chance, ordered, delivered),
            *_plans(chance, people, first),
        ]
        told = sorted((fact for fact in facts if fact[0] < until), key=lambda fact: fact[0])
        head = (await store.head(SAMPLE_TENANT)).position
        metadata = json.dumps({"actor": str(SAMPLE_PERSON), "correlation": str(SAMPLE_TENANT)})
        rows = [
            (SAMPLE_TENANT, position, stream_type, stream, version, type, 1,
             json.dumps({"changes": changes}, default=str), metadata, at, until, position.to_bytes(32))
            for position, (at, stream_type, stream, version, type, changes) in enumerate(told, head + 1)
        ]  # fmt: skip
        await connection.copy_records_to_table("events", schema_name="es", columns=COLUMNS, records=rows)
        await connection.execute("vacuum analyze es.events", timeout=300)
    finally:
        await connection.close()
    return len(told)


def _month(day: date, by: int) -> date:
    number = day.year * 12 + day.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


def _id(name: str) -> UUID:
    return uuid5(SAMPLE_TENANT, f"bench:{name}")


def _at(day: date, chance: Random) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=chance.randrange(60, 600))


def _leads(chance: Random, people: Sequence[UUID], deals: Sequence[UUID], first: date) -> Iterator[FACT]:
    for number in range(LEADS_A_MONTH * MONTHS):
        id, person = _id(f"lead:{number}"), chance.randrange(len(people))
        owner, unit = str(people[person]), str(branch_of(person))
        at = _at(first + timedelta(days=number * 31 * MONTHS // (LEADS_A_MONTH * MONTHS)), chance)
        came: dict[str, Any]
        came = {"channel": chance.choice(CHANNELS), "channel_given": None, "source": None, "account_id": None,
                "account_name": "某公司", "interests": [], "unit_id": unit, "contact_id": None, "answer_hours": "24",
                "external_refs": {}, "owner_id": None, "status": "open"}  # fmt: skip
        yield at, "lead", id, 1, "LeadReceived", came
        given = {"owner_id": owner, "unit_id": unit, "assigned_how": "by_rule"}
        yield at + timedelta(minutes=20), "lead", id, 2, "LeadAssigned", given
        called = at + timedelta(hours=chance.choice((2, 5, 20, 40)))
        yield called, "lead", id, 3, "LeadContacted", {"contacts": [{"by": owner, "way": "phone", "reached": True}]}
        became = chance.random() < 0.5
        ended = {"status": "record" if became else "no_intention", "opportunity_id": None, "reason": None,
                 "duplicate_of_lead_id": None, "duplicate_of_opportunity_id": None, "follow_up_on": None}  # fmt: skip
        if became and deals:
            ended["opportunity_id"] = str(deals[number * len(deals) // (LEADS_A_MONTH * MONTHS)])
        yield called + timedelta(hours=2), "lead", id, 4, "LeadDisposed", ended


def _figures(chance: Random, first: date) -> Iterator[FACT]:
    """Visitors, spend, and figures of the company."""
    for back in range(MONTHS + 1):
        month = _month(first, back)
        for branch in range(BRANCHES):
            unit = str(branch_of(branch))
            for channel in CHANNELS:
                spent = {"unit_id": unit, "channel": channel, "day": month, "period": "month", "purpose": None,
                         "amount": str(chance.randrange(5_000, 60_000)), "currency": "CNY"}  # fmt: skip
                id = _id(f"spend:{month}:{branch}:{channel}")
                yield _at(month, chance), "channel_spend", id, 1, "SpendRecorded", spent
            for day in range(1, 29):
                on = month.replace(day=day)
                count = {"unit_id": unit, "channel": "showroom", "day": on, "count": chance.randrange(3, 40)}
                yield _at(on, chance), "visitor_count", _id(f"visitors:{on}:{branch}"), 1, "VisitorsCounted", count
        for kind, amount in (("sales", 900_000_000), ("profit", 40_000_000)):
            said = {"kind": kind, "month": month, "months": 1, "unit_id": str(SAMPLE_ROOT), "account_id": None,
                    "amount": str(amount + chance.randrange(amount // 5)), "currency": "CNY", "system": "ERP",
                    "key": f"{kind}:{month}", "entered_by": str(SAMPLE_PERSON)}  # fmt: skip
            end = _month(month, 1) - timedelta(days=1)
            yield _at(end, chance), "company_figure", _id(f"{kind}:{month}"), 1, "CompanyFigureRecorded", said


def _money(chance: Random, ordered: Sequence[Any]) -> Iterator[FACT]:
    """An invoice for each order; nine in ten are paid, half of them late."""
    for number, row in enumerate(ordered):
        gross = sum((Decimal(ln["unit_price"]) * ln["units"] for ln in json.loads(row["lines"])), Decimal(0))
        id, at = _id(f"invoice:{number}"), row["occurred_at"] + timedelta(days=2)
        said = {"opportunity_id": row["stream_id"], "account_id": row["account_id"], "number": f"F{number}",
                "issuer": None, "lines": [], "net": gross, "tax": "0.00", "gross": gross, "currency": "CNY",
                "issued_on": at.date(), "due_on": None, "status": "issued"}  # fmt: skip
        yield at, "invoice", id, 1, "InvoiceIssued", said
        if chance.random() < 0.9:
            paid = at + timedelta(days=chance.randrange(5, 55))
            part = {"receipt_id": str(_id(f"receipt:{number}")), "amount": gross, "on": paid.date()}
            yield paid, "invoice", id, 2, "PaymentApplied", {"payments": [part]}


def _postings(chance: Random, ordered: Sequence[Any], delivered: Sequence[Any]) -> Iterator[FACT]:
    """The ERP's entry for each delivery of a line; one in twenty differs, one in fifty is missing."""
    prices = {row["stream_id"]: {ln["line"]: ln for ln in json.loads(row["lines"])} for row in ordered}
    number = 0
    for row in delivered:
        for move in json.loads(row["moves"]):
            line = prices.get(row["stream_id"], {}).get(move["line"])
            if line is None or chance.random() < 0.02:
                continue
            number += 1
            units = move["units"] + (1 if chance.random() < 0.05 else 0)
            said = {"posting_id": f"P{number}", "kind": "delivery", "order_ref": None, "line": move["line"],
                    "opportunity_id": row["stream_id"], "product": line["product"], "units": units, "currency": "CNY",
                    "amount": Decimal(line["unit_price"]) * units, "posted_on": move["on"],
                    "reverses": None}  # fmt: skip
            yield row["occurred_at"], "posting", _id(f"posting:{number}"), 1, "PostingRecorded", said


def _plans(chance: Random, people: Sequence[UUID], first: date) -> Iterator[FACT]:
    """Each month's split from head office to branches and from each of them to its people; and who forecasts what."""
    staff = [[n for n in range(len(people)) if n % BRANCHES == branch] for branch in range(BRANCHES)]
    for back in range(MONTHS + 1):
        month = _month(first, back)
        ahead = month - timedelta(days=4)
        named = [("unit_id", str(branch_of(branch))) for branch in range(BRANCHES)]
        yield from _split(month, str(SAMPLE_ROOT), named, ahead, chance)
        for branch in range(BRANCHES):
            of = [("person_id", str(people[person])) for person in staff[branch]]
            yield from _split(month, str(branch_of(branch)), of, ahead, chance)
        for person, id in enumerate(people):
            called = {"month": month, "owner_id": str(id), "unit_id": str(branch_of(person)), "called_on": ahead,
                      "lines": [{"measure": "orders", "figure": str(chance.randrange(20, 90)), "product": None,
                                 "currency": None}], "number": 1}  # fmt: skip
            yield _at(ahead, chance), "forecast", _id(f"forecast:{month}:{person}"), 1, "ForecastMade", called


def _split(month: date, unit: str, named: Sequence[tuple[str, str]], ahead: date, chance: Random) -> Iterator[FACT]:
    lines, totals = [], []
    for measure, each, currency in (("orders", 60, None), ("deliveries", 55, None), ("reported", 50, None),
                                    ("leads", 27, None), ("amount", 12_000_000, "CNY")):  # fmt: skip
        parts = [each + chance.randrange(each) for _ in named]
        blank = {"unit_id": None, "person_id": None, "product": None, "currency": currency, "stretch": None}
        lines += [
            {**blank, "measure": measure, "target": str(part), kind: id}
            for part, (kind, id) in zip(parts, named, strict=True)
        ]
        total = {"measure": measure, "target": str(sum(parts)), "stretch": None, "product": None}
        totals.append({**total, "currency": currency, "source": "given"})
    said = {"month": month, "unit_id": unit, "owner_id": str(SAMPLE_PERSON), "totals": totals, "lines": lines,
            "weights": [], "history_share": "0.5", "history_from": _month(month, -12), "history_to": month,
            "status": "draft", "number": 0}  # fmt: skip
    at, id = _at(ahead, chance), _id(f"split:{month}:{unit}")
    yield at, "split", id, 1, "SplitProposed", said
    issued = {"status": "issued", "issued_by": str(SAMPLE_PERSON), "confirm_by": month}
    yield at + timedelta(hours=1), "split", id, 2, "SplitIssued", issued
