"""Compares answers of the services with the oracle: of records, commands, lists, tables and figures. Only for tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from tests.authorisation.company import NOW
from tests.authorisation.oracle import Asker, Moment, Oracle, end_of
from tests.authorisation.world import Answer, Caller, World

DAYS: tuple[date | None, ...] = (None, date(2025, 2, 1), date(2025, 6, 30))
"""Days asked about; None: now."""
KNOWN: tuple[float | None, ...] = (*[None] * 6, 0.55, 0.97)
"""As known when the log had come so far; None: now. The records' part of it is the second half."""
When = tuple[date | None, float | None]

READS = {
    "account": ("accounts", "/v1/accounts/{id}"),
    "opportunity": ("opportunities", "/v1/opportunities/{id}"),
    "visit": ("opportunities", "/v1/visits/{id}"),
    **{noun: ("opportunities", f"/v1/{noun}s/{{id}}") for noun in ("solution", "bid", "negotiation", "contract")},
}
COMMANDS: Mapping[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "account": (
        ("accounts", "/v1/accounts/{id}/change", {"city": "苏州"}),
        ("accounts", "/v1/accounts/{id}/add-key-person", {"name": "王", "layer": "use"}),
        ("accounts", "/v1/accounts/{id}/void", {"version": 2, "reason": "错"}),
        ("accounts", "/v1/accounts/{id}/assign-owner", {"owner_id": str(uuid4())}),
        ("accounts", "/v1/accounts/{id}/set-support-team", {"members": []}),
    ),
    "opportunity": (
        ("opportunities", "/v1/opportunities/{id}/qualify", {"level": "H"}),
        ("opportunities", "/v1/opportunities/{id}/win", {}),
        ("opportunities", "/v1/opportunities/{id}/approve-defeat", {}),
        ("opportunities", "/v1/opportunities/{id}/void", {"version": 2, "reason": "错"}),
        ("opportunities", "/v1/opportunities/{id}/instruct", {"text": "约见", "due_on": "2199-01-01"}),
    ),
    "visit": (
        ("opportunities", "/v1/visits/{id}/review", {}),
        ("opportunities", "/v1/visits/{id}/cancel", {"reason": "错"}),
        ("opportunities", "/v1/visits/{id}/log", {}),
    ),
    "solution": (
        ("opportunities", "/v1/solutions/{id}/draft", {"summary": "稿"}),
        ("opportunities", "/v1/solutions/{id}/withdraw", {"reason": "错"}),
        ("opportunities", "/v1/solutions/{id}/approve", {}),
    ),
    "bid": (
        ("opportunities", "/v1/bids/{id}/buy-documents", {}),
        ("opportunities", "/v1/bids/{id}/decide", {"go": False}),
    ),
    "negotiation": (
        ("opportunities", "/v1/negotiations/{id}/conclude", {"agreed": True}),
        ("opportunities", "/v1/negotiations/{id}/approve-price", {}),
    ),
    "contract": (
        ("opportunities", "/v1/contracts/{id}/submit", {}),
        ("opportunities", "/v1/contracts/{id}/approve", {}),
        ("opportunities", "/v1/contracts/{id}/void", {"version": 2, "reason": "错"}),
    ),
}
"""Commands tried with a version nobody has: what is seen is 412 or refused, what is not seen cannot be told apart."""
NO_VERSION = 999_999


@dataclass(frozen=True)
class Listed:
    """A list or table: which records its rows are, and how a row names its record."""

    service: str
    path: str
    kind: str
    rows: Callable[[Any], list[str]]
    expected: Callable[[Oracle, Asker, Moment], set[str]]
    query: Mapping[str, str] = field(default_factory=dict)


def _ids(name: str, within: str = "items") -> Callable[[Any], list[str]]:
    return lambda said: [str(row[name]) for row in said[within]]


def _all(kind: str) -> Callable[[Oracle, Asker, Moment], set[str]]:
    return lambda oracle, asker, at: oracle.shown(asker, kind, at)


def _hot(oracle: Oracle, asker: Asker, at: Moment) -> set[str]:
    return {
        str(deal.id)
        for deal in oracle.of_kind("opportunity")
        if (standing := deal.at(at)).get("status") == "open" and standing.get("level") == "H"
        if oracle.sees_record(asker, deal)
    }


def _in_stock(oracle: Oracle, asker: Asker, at: Moment) -> set[str]:
    return {
        str(deal.id)
        for deal in oracle.of_kind("opportunity")
        if deal.at(at).get("status") in ("open", "ordered") and oracle.sees_record(asker, deal)
    }


def _due(oracle: Oracle, asker: Asker, at: Moment) -> set[str]:
    return oracle.shown(asker, "account", at)


LISTS = (
    Listed("accounts", "/v1/accounts", "account", _ids("id"), _all("account")),
    Listed("accounts", "/v1/accounts/visits-due", "account", _ids("account_id"), _due, {"status": "all"}),
    Listed("opportunities", "/v1/opportunities", "opportunity", _ids("id"), _all("opportunity")),
    Listed("opportunities", "/v1/visits", "visit", _ids("id"), _all("visit")),
    Listed("opportunities", "/v1/solutions", "solution", _ids("id"), _all("solution")),
    Listed("opportunities", "/v1/bids", "bid", _ids("id"), _all("bid")),
    Listed("opportunities", "/v1/negotiations", "negotiation", _ids("id"), _all("negotiation")),
    Listed("opportunities", "/v1/contracts", "contract", _ids("id"), _all("contract")),
    Listed("opportunities", "/v1/follow-ups", "opportunity", _ids("opportunity_id"), _in_stock),
    Listed("opportunities", "/v1/hot-customers", "opportunity", _ids("opportunity_id", "rows"), _hot),
    Listed(
        "opportunities", "/v1/defeats", "opportunity", _ids("opportunity_id", "rows"),
        lambda oracle, asker, at: oracle.defeats(asker, at),
    ),
    Listed(
        "opportunities", "/v1/approvals", "opportunity", _ids("opportunity_id"),
        lambda oracle, asker, at: oracle.where(asker, at, "review", "defeat", "freeze"), {"waiting_for": "anybody"},
    ),
    Listed(
        "opportunities", "/v1/defeats/to-verify", "opportunity", _ids("opportunity_id"),
        lambda oracle, asker, at: oracle.where(asker, at, "review", "defeat"),
    ),
    Listed(
        "opportunities", "/v1/defeats/set-aside", "opportunity", _ids("opportunity_id", "rows"),
        lambda oracle, asker, at: oracle.where(asker, at, "status", "frozen", "lost_contact"),
    ),
)  # fmt: skip


def _stock(said: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in said["stock"]:
        found.update({name: row[name]["count"] for name in ("open", "ordered")})
    return found


def _closing(said: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in said["closing"]:
        found["ordered" if row["level"] == "O" else "open"] += row["count"]
    return found


def _outcomes(said: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in said["rows"]:
        found.update({name: row[name] for name in ("captured", "won", "lost", "open")})
    return found


def _steps(said: Any) -> Counter[str]:
    return Counter({name: said["total"][name] for name in ("captured", "qualified", "ordered", "defeated")})


Figures = Callable[[Any], Counter[str]]
FIGURES: tuple[tuple[str, str, dict[str, str], Figures, Callable[..., Counter[str]]], ...] = (
    ("opportunities", "/v1/pipeline", {}, _stock, Oracle.stock),
    ("opportunities", "/v1/pipeline", {"group_by": "owner,org_unit"}, _stock, Oracle.stock),
    ("opportunities", "/v1/outcomes", {"group_by": "owner"}, _outcomes, Oracle.outcomes),
    ("opportunities", "/v1/outcomes", {"group_by": "org_unit"}, _outcomes, Oracle.outcomes),
    ("kpi", "/v1/kpi/funnel", {"group_by": "owner"}, _steps, Oracle.steps),
    ("kpi", "/v1/kpi/funnel", {"group_by": "branch", "tree": "now"}, _steps, Oracle.steps),
    ("opportunities", "/v1/pipeline", {"group_by": "branch", "tree": "now"}, _stock, Oracle.stock),
    ("opportunities", "/v1/outcomes", {"group_by": "region", "tree": "then"}, _outcomes, Oracle.outcomes),
    (
        "opportunities", "/v1/defeats/analysis", {"group_by": "owner"},
        lambda said: Counter(defeated=sum(row["count"] for row in said["rows"])),
        lambda oracle, asker, at: Counter(defeated=oracle.steps(asker, at)["defeated"]),
    ),
    (
        "opportunities", "/v1/defeats/approvals", {},
        lambda said: Counter(requests=said["total"]["requests"]), Oracle.requests,
    ),
    (
        "opportunities", "/v1/defeats/revival", {"group_by": "org_unit"},
        lambda said: Counter(defeated=sum(row["defeats"] for row in said["rows"])),
        lambda oracle, asker, at: Counter(defeated=oracle.steps(asker, at)["defeated"]),
    ),
    ("opportunities", "/v1/pipeline/flow", {"from": "2025-06-30", "group_by": "owner"}, _closing, Oracle.stock),
)  # fmt: skip

UNPAGED = frozenset(
    ("/v1/hot-customers", "/v1/defeats", "/v1/pipeline", "/v1/defeats/analysis", "/v1/defeats/set-aside")
)


class Judge:
    """Compares answers with the oracle. Lists and figures are asked once for each caller, path and day."""

    def __init__(self, world: World, oracles: tuple[Oracle, Oracle]) -> None:
        self.world = world
        self.oracles = oracles
        self.faults: list[str] = []
        self._asked: dict[Any, Any] = {}

    def fault(self, *said: Any) -> None:
        self.faults.append(" ".join(map(str, said)))

    async def once(self, key: Any, make: Callable[[], Awaitable[Any]]) -> Any:
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(make())
        return await self._asked[key]

    async def record(self, caller: Caller, kind: str, id: UUID, when: When) -> None:
        service, path = READS[kind]
        query = {} if kind == "visit" else self._query(caller, when)
        answer = await self.world.send(service, "GET", path.format(id=id), caller, query=query)
        expected = 200 if self._sees(caller, kind, id) else 404
        if query and expected == 200 and not self.oracles[caller.tenant].records[id].at(self.moment(caller, when)):
            expected = 404  # it was not there yet, or nobody knew of it
        if answer.status != expected:
            self.fault("GET", path, query, caller.name, self._named(caller, id), answer.status, "not", expected)

    async def command(self, caller: Caller, kind: str, id: UUID, which: int) -> None:
        service, path, body = COMMANDS[kind][which % len(COMMANDS[kind])]
        answer, unknown = [
            await self.world.send(service, "POST", path.format(id=one), caller, body=body, version=NO_VERSION)
            for one in (id, uuid4())
        ]
        same = (answer.status, answer.code) == (unknown.status, unknown.code)
        if answer.status < 400:
            self.fault("POST", path, caller.name, self._named(caller, id), answer.status, "was carried out")
        elif not self._sees(caller, kind, id) and not (same and answer.status in (403, 404)):
            self.fault("POST", path, caller.name, self._named(caller, id), answer.status, "tells that it is there")
        elif self._sees(caller, kind, id) and answer.status == 404:
            self.fault("POST", path, caller.name, self._named(caller, id), "is seen, yet 404")

    async def listed(self, caller: Caller, which: Listed, when: When, id: UUID) -> None:
        async def make() -> tuple[set[str], set[str]]:
            answer = await self._read(caller, which.service, which.path, {**which.query, "limit": "1000"}, when)
            expected = which.expected(self.oracles[caller.tenant], asker_of(caller), self.moment(caller, when))
            shown = which.rows(answer.said)
            return set(shown), expected

        shown, expected = await self.once((caller.name, caller.tenant, which.path, when), make)
        if (str(id) in shown) != (str(id) in expected):
            said = "shown" if str(id) in shown else "left out"
            self.fault("GET", which.path, when, caller.name, self._named(caller, id), "is", said)

    async def figures(self, caller: Caller, which: int, when: When) -> None:
        service, path, query, count, judged = FIGURES[which % len(FIGURES)]

        async def make() -> tuple[Counter[str], Counter[str]]:
            answer = await self._read(caller, service, path, query, when)
            return count(answer.said), judged(self.oracles[caller.tenant], asker_of(caller), self.moment(caller, when))

        found, expected = await self.once((caller.name, caller.tenant, path, str(query), when), make)
        if +found != +expected:
            self.fault("GET", path, query, when, caller.name, dict(found), "not", dict(expected))

    async def _read(self, caller: Caller, service: str, path: str, query: Mapping[str, str], when: When) -> Answer:
        given = dict(query)
        if service == "kpi" or path in UNPAGED:
            given.pop("limit", None)
        given |= self._query(caller, when)
        answer = await self.world.send(service, "GET", path, caller, query=given)
        assert answer.status == 200, (path, caller.name, answer.body)
        return answer

    def _query(self, caller: Caller, when: When) -> dict[str, str]:
        day, known = when[0], self.known(caller, when[1])
        as_of = {} if day is None else {"as_of": day.isoformat()}
        return as_of if known is None else {**as_of, "known_at": str(known)}

    def known(self, caller: Caller, part: float | None) -> int | None:
        """The position up to which this part of the caller's log goes."""
        return None if part is None else int(part * self.oracles[caller.tenant].head)

    def moment(self, caller: Caller, when: When) -> Moment:
        """A day and a part of the log as the oracle takes them."""
        day, part = when
        return Moment(None if day is None else end_of(day), self.known(caller, part))

    def _sees(self, caller: Caller, kind: str, id: UUID) -> bool:
        oracle = self.oracles[caller.tenant]
        record = oracle.records.get(id)
        return record is not None and record.kind == kind and oracle.sees_record(asker_of(caller), record)

    def _named(self, caller: Caller, id: UUID) -> str:
        record = self.oracles[0].records.get(id)
        return f"{record.kind} {record.at().get('title') or record.at().get('name') or id}" if record else str(id)


def asker_of(caller: Caller) -> Asker:
    unit = None if caller.unit_id is None else str(caller.unit_id)
    return Asker(str(caller.person_id), frozenset(caller.functions), unit)


async def judge_of(world: World) -> Judge:
    """A judge with an oracle for each company."""
    today = NOW.date()
    ours, theirs = [await Oracle.of(world.pool, tenant, today) for tenant in world.tenants]
    return Judge(world, (ours, theirs))
