"""A toy stream with late facts, corrections and voids, its views, and what they should say in plain Python."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, cast
from uuid import UUID

import asyncpg
import msgspec

from shared.event_store.stream import AnyFact, Fact, FactCorrected, FactVoided, FirstFact, Stream
from shared.projections.view import View
from shared.testing.database import BY_HAND

STAGES = ("lead", "hot", "lost", "won")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class DealOpened(FirstFact):
    stage: str
    amount: Decimal


class DealMoved(Fact):
    stage: str


class DealPriced(Fact):
    """Schema 1 called the amount `price`, in cents."""

    schema_version: ClassVar[int] = 2
    UPCAST_SQL: ClassVar[dict[int, str]] = {
        1: """data || jsonb_build_object('changes',
              jsonb_build_object('amount', ((data -> 'changes' ->> 'price')::numeric / 100)::text))"""
    }
    amount: Decimal


class Deal(Stream):
    stream_type = "deal"
    standing_types: ClassVar[dict[str, Any]] = {"stage": str, "amount": Decimal}

    def when(self, fact: Any) -> None:
        match fact:
            case DealOpened():
                self.set(fact, stage=fact.stage, amount=fact.amount)
            case DealMoved():
                self.set(fact, stage=fact.stage)
            case DealPriced():
                self.set(fact, amount=fact.amount)
            case _:
                self.unknown(fact)


FACTS = (DealOpened, DealMoved, DealPriced, FactCorrected, FactVoided)

DEAL_STANDINGS = View(
    name="toys.deal_standings",
    version=1,
    stream_types=("deal",),
    columns="""fact integer not null, from_at timestamptz not null, to_at timestamptz, stage text,
               amount numeric""",
    key=("fact",),
    indexes=(
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at)) where stage <> 'lost'",
        "create index on {table} (tenant_id, stage)",
    ),
    rows="""
        with standings as (
            select tenant_id, stream_id, version, occurred_at,
                   lead(occurred_at) over w as to_at,
                   es.merge(changes) over w as standing
              from corrected_facts
            window w as (partition by tenant_id, stream_id order by occurred_at, version)
        )
        select tenant_id, stream_id, version, occurred_at, to_at,
               standing ->> 'stage', (standing ->> 'amount')::numeric
          from standings
    """,
    facts=FACTS,
)

# A second view on the same stream, with fewer rows: what was lost.
LOST_DEALS = View(
    name="toys.lost_deals",
    version=1,
    stream_types=("deal", "elsewhere"),
    columns="times bigint not null, last_lost_at timestamptz not null",
    key=(),
    indexes=(),
    rows="""
        select tenant_id, stream_id, count(*), max(occurred_at)
          from corrected_facts where changes ->> 'stage' = 'lost' group by 1, 2
    """,
    facts=FACTS,
)
# A view with a flaw: it cannot bear an amount of 666.
INVERSE_AMOUNTS = View(
    name="toys.inverse_amounts",
    version=1,
    stream_types=("deal",),
    columns="fact integer not null, inverse numeric",
    key=("fact",),
    indexes=(),
    rows="""
        select tenant_id, stream_id, version, 1 / ((changes ->> 'amount')::numeric - 666)
          from corrected_facts where changes ? 'amount'
    """,
    facts=FACTS,
)
VIEWS = (DEAL_STANDINGS, LOST_DEALS)


@dataclass
class Log:
    """The toy log of one tenant, kept in memory beside the table."""

    tenant_id: UUID
    deals: dict[UUID, Deal] = field(default_factory=dict)
    entries: list[tuple[UUID, AnyFact]] = field(default_factory=list)
    written: int = 0

    def open(self, stream_id: UUID, *, day: float, stage: str = "lead", amount: str = "100") -> None:
        self.deals[stream_id] = Deal.begin(DealOpened, id=stream_id, at=at(day), stage=stage, amount=Decimal(amount))
        self._take(stream_id)

    def move(self, stream_id: UUID, *, day: float, stage: str) -> None:
        self.deals[stream_id].record(DealMoved, at=at(day), stage=stage)
        self._take(stream_id)

    def price(self, stream_id: UUID, *, day: float, amount: str) -> None:
        self.deals[stream_id].record(DealPriced, at=at(day), amount=Decimal(amount))
        self._take(stream_id)

    def correct(self, stream_id: UUID, version: int, *, day: float | None = None, **changes: Any) -> None:
        """A correction as stored, also where the rules of a stream would refuse it: folds must bear both."""
        self.deals[stream_id].record(
            FactCorrected,
            at=at(1000),
            version=version,
            changes=changes,
            occurred_at=None if day is None else at(day),
            reason="typed wrongly",
        )
        self._take(stream_id)

    def void(self, stream_id: UUID, version: int) -> None:
        self.deals[stream_id].record(FactVoided, at=at(1000), version=version, reason="never happened")
        self._take(stream_id)

    def _take(self, stream_id: UUID) -> None:
        self.entries += [(stream_id, cast(AnyFact, fact)) for fact in self.deals[stream_id].collect_events()]

    async def write(self, pool: asyncpg.Pool) -> None:
        """Append what is new to the table, as the store would."""
        rows = []
        for position, (stream_id, fact) in enumerate(self.entries[self.written :], self.written + 1):
            rows.append(
                (
                    self.tenant_id,
                    position,
                    "deal",
                    stream_id,
                    fact.originator_version,
                    type(fact).__name__,
                    *stored(fact, schema=1 if position % 3 == 0 else 2),
                    fact.timestamp,
                )
            )
        await insert(pool, rows)
        self.written = len(self.entries)

    def act(self, chance: random.Random, acts: int) -> None:
        """So many random facts: late ones, corrections of facts and of corrections, voids of any of them."""
        for _ in range(acts):
            deal = chance.choice([*self.deals.values(), None, None]) if len(self.deals) < 12 else None
            deal = deal or (chance.choice(list(self.deals.values())) if len(self.deals) > 11 else None)
            day = chance.randint(0, 60) / 4
            if deal is None:
                self.open(UUID(int=chance.getrandbits(128)), day=day, stage=chance.choice(STAGES))
                continue
            version = chance.randint(1, deal.version)
            match chance.choice(("move", "move", "price", "correct", "redate", "void")):
                case "move":
                    self.move(deal.id, day=day, stage=chance.choice(STAGES))
                case "price":
                    self.price(deal.id, day=day, amount=str(chance.randint(1, 9999) / 100))
                case "correct":
                    entry = deal.ledger.get(version)
                    changes = entry.original_changes if entry else {"stage": "lead"}
                    field_ = chance.choice(list(changes))
                    self.correct(deal.id, version, **_new_value(chance, field_))
                case "redate":
                    self.correct(deal.id, version, day=day)
                case _ if version > 1:
                    self.void(deal.id, version)

    # -- the oracle --------------------------------------------------------------------------------

    def as_known_at(self, position: int) -> dict[UUID, Deal]:
        """The deals after the first so many facts, replayed by the stream's own rules."""
        deals: dict[UUID, Deal] = {}
        for stream_id, fact in self.entries[:position]:
            deals[stream_id] = fact.mutate(deals.get(stream_id))  # type: ignore[assignment]
        return deals

    def standings(self, position: int | None = None) -> list[tuple[Any, ...]]:
        """(stream, fact, from, to, stage, amount), sorted."""
        rows: list[tuple[Any, ...]] = []
        for stream_id, deal in self.as_known_at(len(self.entries) if position is None else position).items():
            ledger = sorted(deal.entries(), key=lambda e: (e.occurred_at, e.version))
            standing: dict[str, Any] = {}
            for entry, following in zip(ledger, [*ledger[1:], None], strict=True):
                standing |= entry.changes
                to_at = following.occurred_at if following else None
                amount = standing.get("amount")
                rows.append(
                    (
                        stream_id,
                        entry.version,
                        entry.occurred_at,
                        to_at,
                        standing.get("stage"),
                        amount and Decimal(amount),
                    )
                )
        return sorted(rows, key=lambda row: (row[0].int, row[1]))

    def lost(self, position: int | None = None) -> list[tuple[Any, ...]]:
        """(stream, times, last lost at), sorted."""
        rows = []
        for stream_id, deal in self.as_known_at(len(self.entries) if position is None else position).items():
            times = [e.occurred_at for e in deal.entries() if e.changes.get("stage") == "lost"]
            if times:
                rows.append((stream_id, len(times), max(times)))
        return sorted(rows, key=lambda row: row[0].int)


def _new_value(chance: random.Random, field: str) -> dict[str, Any]:
    return {field: chance.choice(STAGES) if field == "stage" else "5.5"}


def at(day: float) -> datetime:
    return EPOCH + timedelta(days=day)


def stored(fact: AnyFact, *, schema: int) -> tuple[int, str]:
    """(schema_version, data) of a fact; prices are sometimes written as the first schema had them."""
    match fact:
        case FactCorrected():
            occurred_at = fact.occurred_at.isoformat() if fact.occurred_at else None
            data: dict[str, Any] = {"version": fact.version, "changes": fact.changes, "occurred_at": occurred_at}
            return 1, json.dumps(data | {"reason": fact.reason})
        case FactVoided():
            return 1, json.dumps({"version": fact.version, "reason": fact.reason})
        case DealPriced() if schema == 1:
            return 1, json.dumps({"changes": {"price": int(fact.amount * 100)}})
    names = [name for name in ("stage", "amount") if hasattr(fact, name)]
    changes = {name: msgspec.to_builtins(getattr(fact, name)) for name in names}
    return type(fact).schema_version, json.dumps({"changes": changes})


async def insert(pool: asyncpg.Pool, rows: Sequence[tuple[Any, ...]]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(BY_HAND)
        await connection.execute(
            "insert into es.heads select unnest($1::uuid[]) on conflict do nothing", list({row[0] for row in rows})
        )
        await connection.executemany(
            """insert into es.events (tenant_id, position, stream_type, stream_id, version, type, schema_version, data,
                                      metadata, occurred_at, recorded_at, hash)
               values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, '{}', $9, clock_timestamp(), '')""",
            rows,
        )


async def standings_of(pool: asyncpg.Pool, relation: str, tenant_id: UUID, *more: Any) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        f"""select stream_id, fact, from_at, to_at, stage, amount from {relation} r
             where tenant_id = $1 order by stream_id, fact""",
        tenant_id,
        *more,
    )
    return [tuple(row) for row in rows]


async def lost_of(pool: asyncpg.Pool, relation: str, tenant_id: UUID, *more: Any) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        f"select stream_id, times, last_lost_at from {relation} r where tenant_id = $1 order by stream_id",
        tenant_id,
        *more,
    )
    return [tuple(row) for row in rows]
