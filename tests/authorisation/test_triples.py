"""Thousands of random (principal, operation, id) triples: no service shows what the oracle does not, and none less.

`DAKEHU_TRIPLES` says how many, `DAKEHU_TRIPLES_SEED` which; both are printed when one fails.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable
from random import Random
from typing import Any
from uuid import UUID

import pytest

from shared.identity.sight import Sight
from tests.authorisation.company import MEMBERS
from tests.authorisation.judge import DAYS, KNOWN, LISTS, READS, When, asker_of, judge_of
from tests.authorisation.rows import ROWS
from tests.authorisation.test_matrix import OPERATIONS
from tests.authorisation.world import MARKS, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRIPLES = int(os.environ.get("DAKEHU_TRIPLES", "10000"))
SEED = int(os.environ.get("DAKEHU_TRIPLES_SEED", "20260302"))
AT_ONCE = 8


async def judged(world: World, count: int, seed: int) -> list[str]:
    """Ask so many random triples; what was answered otherwise than the oracle says."""
    judge = await judge_of(world)
    chance = Random(seed)
    working = [name for name, member in MEMBERS.items() if not member.left]
    callers = [world.caller(name, tenant=tenant) for tenant in (0, 1) for name in working]
    weights = [
        (6 if caller.tenant == 0 else 1) * (4 if caller.name in ("ka.rep", "ka.head", "deputy", "former") else 1)
        for caller in callers
    ]
    ids = {kind: [record.id for record in judge.oracles[0].of_kind(kind)] for kind in READS}

    def when() -> When:
        return chance.choice(DAYS), chance.choice(KNOWN)

    def triple() -> Awaitable[None]:
        (caller,) = chance.choices(callers, weights)
        kind = chance.choice(list(READS))
        id = chance.choice(ids[kind]) if chance.random() < 0.97 else chance.choice(ids[chance.choice(list(READS))])
        match chance.random():
            case way if way < 0.40:
                return judge.record(caller, kind, id, when())
            case way if way < 0.60:
                return judge.command(caller, kind, id, chance.randrange(60))
            case way if way < 0.90:
                which = chance.choice(LISTS)
                return judge.listed(caller, which, when(), chance.choice(ids[which.kind]))
            case _:
                return judge.figures(caller, chance.randrange(60), when())

    for start in range(0, count, AT_ONCE):
        await asyncio.gather(*(triple() for _ in range(min(AT_ONCE, count - start))))
    return judge.faults


@pytest.mark.slow
async def test_no_triple_leaks(world: World) -> None:
    faults = await judged(world, TRIPLES, SEED)
    said = "\n".join(sorted(set(faults)))
    assert not faults, f"seed {SEED}, {TRIPLES} triples: {len(faults)} faults\n{said}"


@pytest.mark.parametrize(
    ("broken", "instead"),
    [
        ("sees", lambda *_, **__: True),
        ("sql", lambda *_, **__: ("true", ())),
        ("sees", lambda sight, *, owner_id, **_: sight.everything or owner_id == sight.person_id),
    ],
    ids=["every record shown", "every row shown", "own records alone"],
)
async def test_the_oracle_notices_a_hole(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str, instead: Any
) -> None:
    """With the predicate broken, a few hundred triples tell."""
    monkeypatch.setattr(Sight, broken, instead)
    assert len(await judged(world, 300, SEED)) >= 5


NAMED = re.compile(f"{MARKS[0]}((?:only[.])?(?:account|deal)[.a-z0-9_]*)")
"""How records of the first company are called, wherever they are named."""
LOOKING_ON = (
    "b00.a", "b00.manager", "b01.manager", "r1.manager", "ka.head", "ka.rep", "ka.tech", "former", "deputy", "second",
    "senior", "mover", "t00.head", "b20.b", "b21.a", "hr", "tenant_admin", "operations",
)  # fmt: skip


@pytest.mark.parametrize("member", LOOKING_ON)
async def test_no_list_or_report_names_what_is_hidden(world: World, member: str) -> None:
    """Every read without an id, of every service: not only rows are judged, but every name anywhere in the answer."""
    oracle = (await judge_of(world)).oracles[0]
    caller = world.caller(member)
    seen: set[str] = set()
    for record in oracle.records.values():
        if record.kind in READS and oracle.sees_record(asker_of(caller), record):
            said = record.at()
            seen |= {str(said.get("title") or said.get("name")).removeprefix(MARKS[0])}
            if (account := said.get("account_id")) is not None:  # a record shows whose it is about
                seen.add(str(oracle.records[UUID(account)].at()["name"]).removeprefix(MARKS[0]))
    named: set[str] = set()
    for service, route in OPERATIONS:
        if "GET" in (route.methods or ()) and "{" not in route.path and route.path.startswith("/v1/"):
            for as_of in ({}, {"as_of": "2025-02-01"}):
                if as_of and "as_of" not in route.known:
                    continue
                query = {**ROWS[str(route.operation_id)].query, **as_of}
                answer = await world.send(service, "GET", route.path, caller, query=query)
                # The audit is for who watches and names no record. Pages of the feed show a record as long as it was
                # seen (decision 0036): tests/feed/test_sight.py judges them event by event.
                if route.operation_id not in ("audit.read", "events.read"):
                    found = set(NAMED.findall(answer.text))
                    assert found <= seen, (route.path, as_of, sorted(found - seen))
                    named |= found
    assert bool(named) == bool(seen)
