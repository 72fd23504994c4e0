"""A company's past, copied straight into an empty log: as many facts as wanted, of the kinds real commands record.

What is written is what commands would have left, but for the hash chain: the hashes are fillers of the same size.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import msgspec

from bench.lives import BEGINNING, PRODUCTS, Life, lives
from services.accounts import events as accounts_events
from services.accounts.account import Account
from services.accounts.account_commands import OpenAccount, SetSupportTeam
from services.accounts.events import Function, UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.accounts.person import JoinPerson, Person
from services.opportunities import events
from services.opportunities.products.product import AddProduct, Product
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT
from shared.privacy.vault import STAFF, Of, Vault

COLUMNS = (
    "tenant_id", "position", "stream_type", "stream_id", "version", "type", "schema_version", "data", "metadata",
    "occurred_at", "recorded_at", "hash",
)  # fmt: skip
BRANCHES = 12
SUPPORTED = 40
"""Of so many accounts one has a colleague from another branch in its support team."""
KINDS_OF_LIFE = 400
COPY_AT_ONCE = 20_000
FOUNDED = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Staffing:
    """How many work where. Without regions the branches stand below the head office."""

    people: int = 60
    branches: int = BRANCHES
    regions: int = 0
    accounts: int = 2_000


USUAL = Staffing()
"""Five at each branch: a branch sees a twelfth of what head office sees, a representative a sixtieth."""


@dataclass(frozen=True, slots=True)
class Company:
    """What was written: sizes, and the last instant anything was recorded."""

    events: int
    opportunities: int
    visits: int
    years: float
    until: datetime


def branch_of(person: int, branches: int = BRANCHES) -> UUID:
    """Where the person of this number works."""
    return uuid5(SAMPLE_TENANT, f"bench:branch:{person % branches}")


def region_of(branch: int, regions: int) -> UUID:
    """The region of the branch of this number."""
    return uuid5(SAMPLE_TENANT, f"bench:region:{branch % regions}")


async def furnish(store: EventStore, vault: Vault, staffing: Staffing = USUAL) -> tuple[list[UUID], list[UUID]]:
    """Units, people, accounts and products, through the log as always. Their ids: people, accounts."""
    people = [uuid5(SAMPLE_TENANT, f"bench:person:{n}") for n in range(staffing.people)]
    accounts = [uuid5(SAMPLE_TENANT, f"bench:account:{n}") for n in range(staffing.accounts)]
    streams: list[Stream] = []
    for number in range(staffing.regions):
        region = OpenUnit(code=f"R{number}", name=f"大区{number}", kind=UnitKind.REGION, parent_id=SAMPLE_ROOT)
        streams.append(Unit.open(region_of(number, staffing.regions), region, at=FOUNDED))
    for number in range(staffing.branches):
        parent = region_of(number, staffing.regions) if staffing.regions else SAMPLE_ROOT
        branch = OpenUnit(code=f"B{number}", name=f"分店{number}", kind=UnitKind.BRANCH, parent_id=parent)
        streams.append(Unit.open(branch_of(number, staffing.branches), branch, at=FOUNDED))
    for number, id in enumerate(people):
        unit_id = branch_of(number, staffing.branches)
        join = JoinPerson(name="张三", functions=(Function.REPRESENTATIVE,), unit_id=unit_id)
        streams.append(Person.join(id, join, at=FOUNDED))
    for number, id in enumerate(accounts):
        command = OpenAccount(name=f"客户{number}", kinds=("industry",), sector="物流")
        owner = number % len(people)
        unit_id = branch_of(owner, staffing.branches)
        account = Account.open(id, command, owner_id=people[owner], unit_id=unit_id, at=FOUNDED)
        if number % SUPPORTED == 0:
            colleague = {"person_id": people[(number // SUPPORTED) % len(people)], "role": "technical_support"}
            account.set_support_team(SetSupportTeam.model_validate({"members": [colleague]}), at=FOUNDED)
        streams.append(account)
    for code in PRODUCTS:
        id = uuid5(SAMPLE_TENANT, f"bench:product:{code}")
        streams.append(Product.add(AddProduct(code=code, name=code), id=id, at=FOUNDED))
    facts = registry(accounts_events, events)
    await store.append_all([_command(Repository(store, type(s), facts=facts), s) for s in streams])
    for number, id in enumerate(people):
        await vault.put(SAMPLE_TENANT, id, {"name": f"销售{number}"}, of=Of(STAFF))
    return people, accounts


def _command(repository: Repository[Any], stream: Stream) -> Command:
    metadata = msgspec.json.encode({"actor": SAMPLE_PERSON, "correlation": SAMPLE_TENANT})
    return Command(
        SAMPLE_TENANT, SAMPLE_PERSON, None, None, 201, "ok", (repository.appends(stream),), metadata=metadata
    )


async def write(
    store: EventStore,
    people: list[UUID],
    accounts: list[UUID],
    *,
    facts: int,
    a_year: int,
    until: datetime,
    branches: int = BRANCHES,
) -> Company:
    """So many facts (a few more or less) of a company that captures `a_year` prospects, the last of them just now."""
    chance = Random(11)  # noqa: S311 - made-up figures
    kinds = lives(KINDS_OF_LIFE)
    starts = _starts(kinds, chance, facts, a_year, until)
    order = sorted(
        (start * 86_400 + fact.recorded) << 40 | number << 8 | index
        for number, (start, kind) in enumerate(starts)
        for index, fact in enumerate(kinds[kind])
        if BEGINNING + timedelta(days=start, seconds=fact.recorded) < until
    )
    head = (await store.head(SAMPLE_TENANT)).position
    connection = await asyncpg.connect(store.database_url)
    try:
        rows = _rows(kinds, starts, order, people, accounts, head, branches)
        while chunk := [row for _, row in zip(range(COPY_AT_ONCE), rows, strict=False)]:
            await connection.copy_records_to_table("events", schema_name="es", columns=COLUMNS, records=chunk)
        await connection.execute("vacuum analyze es.events", timeout=300)
        counts = await connection.fetchrow(
            """select count(*) as events,
                      count(*) filter (where version = 1 and stream_type = 'opportunity') as opportunities,
                      count(*) filter (where version = 1 and stream_type = 'visit') as visits
                 from es.events where tenant_id = $1""",
            SAMPLE_TENANT,
        )
    finally:
        await connection.close()
    assert counts is not None
    days = starts[-1][0] - starts[0][0]
    return Company(counts["events"], counts["opportunities"], counts["visits"], round(days / 365, 2), until)


def _starts(kinds: list[Life], chance: Random, facts: int, a_year: int, until: datetime) -> list[tuple[int, int]]:
    """(day, kind) of every opportunity, by day, counted from the day 0 of lives; the newest have not ended yet."""
    last = (until - BEGINNING).days
    told = 0
    found: list[tuple[int, int]] = []
    while told < facts:
        start = last - int(len(found) * 365 / a_year)
        kind = chance.randrange(len(kinds))
        left = (last - start) * 86_400
        told += len(kinds[kind]) if left > 500 * 86_400 else sum(fact.recorded <= left for fact in kinds[kind])
        found.append((start, kind))
    return found[::-1]


def _rows(
    kinds: list[Life],
    starts: list[tuple[int, int]],
    order: list[int],
    people: list[UUID],
    accounts: list[UUID],
    head: int,
    branch_count: int,
) -> Iterator[tuple[Any, ...]]:
    first = starts[0][0]
    longest = max(-min(fact.slots) for life in kinds for fact in life if fact.slots)
    days = [str((BEGINNING + timedelta(days=first + n)).date()) for n in range(starts[-1][0] - first + longest + 1)]
    metadata = json.dumps({"actor": str(SAMPLE_PERSON), "correlation": str(SAMPLE_TENANT), "key": "x" * 20})
    branches = {id: str(branch_of(number, branch_count)) for number, id in enumerate(people)}
    chance = Random(13)  # noqa: S311 - made-up figures
    names: dict[int, tuple[str, ...]] = {}
    head_office = str(SAMPLE_PERSON)
    for position, key in enumerate(order, head + 1):
        number, index = key >> 8 & 0xFFFF_FFFF, key & 0xFF
        start, kind = starts[number]
        fact = kinds[kind][index]
        known = names.get(number)
        if known is None:
            owner, heir = chance.sample(people, 2)
            id = UUID(int=chance.getrandbits(128), version=4)
            account = str(chance.choice(accounts))
            known = names[number] = (
                str(id),
                str(owner),
                str(heir),
                head_office,
                branches[owner],
                account,
                f"项目{number}",
            )
        stream = UUID(known[0])
        if fact.stream:
            stream = UUID(int=stream.int ^ fact.stream)
        begin = BEGINNING + timedelta(days=start)
        yield (
            SAMPLE_TENANT, position, fact.stream_type, stream, fact.version, fact.type, fact.schema_version,
            fact.data(known, days, start - first), metadata, begin + timedelta(seconds=fact.occurred),
            begin + timedelta(seconds=fact.recorded), position.to_bytes(32),
        )  # fmt: skip
