"""Who may see what, worked out again in plain Python from the raw events: the answer the services are compared with.

Written from the rules (domain file §1, design §7), never from the predicate: it imports nothing of `shared.identity`
and reads no view. A record is shown by the sight of today, whatever day is asked about; a figure counts a deal where
its owner and unit were at the time.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import asyncpg

EVENTS = """
select position, stream_type, stream_id, version, type, occurred_at, data -> 'changes' as changes
  from es.events where tenant_id = $1 order by stream_id, version
"""
SHANGHAI = timezone(timedelta(hours=8))
SEE_ALL = {"director", "head_office", "integration", "auditor"}
SEE_BELOW = {
    "department_head", "branch_manager", "regional_manager", "back_office", "technical_support", "project_manager",
    "after_sales", "customer_service", "finance", "hr", "account_manager",
}  # fmt: skip

Fields = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """One event: what it set, and when that began to hold."""

    type: str
    at: datetime
    version: int
    changes: Fields
    position: int


@dataclass(frozen=True)
class Moment:
    """Of which instant a question is, as known at which position of the log; None: now, all of it."""

    at: datetime | None = None
    known: int | None = None

    def has(self, fact: Told) -> bool:
        """Whether a fact counts then."""
        return (self.at is None or fact.at <= self.at) and (self.known is None or fact.position <= self.known)


TODAY = Moment()


@dataclass
class Record:
    """One record's events in the order in which they hold."""

    kind: str
    id: UUID
    told: list[Told] = field(default_factory=list)

    def at(self, moment: Moment = TODAY) -> Fields:
        """What stands at a moment. Empty before it began, or was known."""
        standing: Fields = {}
        for fact in self.told:
            if moment.has(fact):
                standing.update(fact.changes)
        return standing

    def after(self, fact: Told, moment: Moment) -> Fields:
        """What stands right after one of its facts, as known at the moment."""
        standing: Fields = {}
        for each in self.told[: self.told.index(fact) + 1]:
            if moment.has(each):
                standing.update(each.changes)
        return standing


@dataclass(frozen=True)
class Asker:
    """Whose eyes are judged: what the credential says."""

    person: str
    functions: frozenset[str]
    unit: str | None


class Oracle:
    """One tenant's events, and what follows from them on a day."""

    def __init__(self, records: Mapping[UUID, Record], today: date) -> None:
        self.records = records
        self.today = today
        self.head = max((fact.position for one in records.values() for fact in one.told), default=0)
        self.people = {str(one.id): one.at() for one in records.values() if one.kind == "person"}
        self.parents = {str(one.id): one.at().get("parent_id") for one in records.values() if one.kind == "unit"}

    @classmethod
    async def of(cls, pool: asyncpg.Pool, tenant_id: UUID, today: date) -> Oracle:
        """Read a tenant's log."""
        records: dict[UUID, Record] = {}
        for row in await pool.fetch(EVENTS, tenant_id):
            assert row["type"] not in ("FactCorrected", "FactVoided"), "this oracle knows no corrections"
            id = UUID(str(row["stream_id"]))
            record = records.setdefault(id, Record(row["stream_type"], id))
            record.told.append(
                Told(row["type"], row["occurred_at"], row["version"], _json(row["changes"]), row["position"])
            )
        for record in records.values():
            record.told.sort(key=lambda fact: (fact.at, fact.version))
        return cls(records, today)

    def of_kind(self, kind: str) -> Iterator[Record]:
        return (record for record in self.records.values() if record.kind == kind)

    # -- the organisation of today ---------------------------------------------------------------------------

    def stands_below(self, unit: str | None, top: str | None) -> bool:
        """Whether a unit is another one, or somewhere below it."""
        while unit is not None:
            if unit == top:
                return True
            unit = self.parents.get(unit)
        return False

    def line_of(self, person: str | None) -> tuple[list[str], str | None]:
        """The reporting line of somebody: the persons above, nearest first, and the unit the last one reports to."""
        above: list[str] = []
        said = self.people.get(person or "", {})
        while (boss := said.get("reports_to_person_id")) is not None and boss not in above:
            above.append(boss)
            said = self.people.get(boss, {})
        return above, said.get("reports_to_unit_id")

    def stood_in_for(self, person: str) -> Iterator[str]:
        """The absent persons whose deputy this is today."""
        for absent, said in self.people.items():
            term = said.get(f"deputy.{person}")
            if term and term["since"] <= self.today.isoformat() <= term["until"] and said["status"] == "active":
                yield absent

    # -- sight -----------------------------------------------------------------------------------------------

    def sees(self, asker: Asker, owner: str | None, unit: str | None, team: Iterable[str] = ()) -> bool:
        """Whether a record of this owner, unit and team is shown to the asker, or to one they stand in for."""
        team = set(team)
        if self._sees_as(asker.person, asker.functions, asker.unit, owner, unit, team):
            return True
        return any(
            self._sees_as(
                absent, set(self.people[absent]["functions"]), self.people[absent]["unit_id"], owner, unit, team
            )
            for absent in self.stood_in_for(asker.person)
        )

    def _sees_as(
        self,
        person: str,
        functions: Iterable[str],
        seat: str | None,
        owner: str | None,
        unit: str | None,
        team: set[str],
    ) -> bool:
        held = set(functions)
        if held & SEE_ALL or owner == person or person in team:
            return True
        superiors, reports_to = self.line_of(owner)
        if held & SEE_BELOW and seat is not None:
            works_at = self.people.get(owner or "", {}).get("unit_id")
            if any(self.stands_below(edge, seat) for edge in (unit, works_at, reports_to)):
                return True
        return person in superiors

    def team_of(self, account: str | None) -> set[str]:
        """The support team of an account, as it is now."""
        record = self.records.get(UUID(account)) if account else None
        return {member["person_id"] for member in (record.at().get("support_team") or ())} if record else set()

    def sees_record(self, asker: Asker, record: Record) -> bool:
        """Whether a record is shown: by where it stands today."""
        standing = record.at()
        if (deal := standing.get("opportunity_id")) is not None:
            return self.sees_record(asker, self.records[UUID(deal)])
        if record.kind == "account":
            team = self.team_of(str(record.id))
        else:
            team = self.team_of(standing.get("account_id"))
            team |= set(standing.get("participants") or ()) if record.kind == "visit" else set()
        return self.sees(asker, standing.get("owner_id"), standing.get("unit_id"), team)

    def shown(self, asker: Asker, kind: str, at: Moment = TODAY) -> set[str]:
        """Ids of the records of a kind that were there at an instant and are shown to the asker."""
        return {str(record.id) for record in self.of_kind(kind) if record.at(at) and self.sees_record(asker, record)}

    # -- figures: by owner and unit at the time ----------------------------------------------------------------

    def counts(self, asker: Asker, standing: Fields) -> bool:
        """Whether a deal counts in the asker's figures, standing as it stood when it counted."""
        team = self.team_of(standing.get("account_id"))
        return self.sees(asker, standing.get("owner_id"), standing.get("unit_id"), team)

    def stock(self, asker: Asker, at: Moment) -> Counter[str]:
        """The board: prospects open and orders not delivered at an instant."""
        found: Counter[str] = Counter()
        for deal in self.of_kind("opportunity"):
            standing = deal.at(at)
            if standing.get("status") in ("open", "ordered") and self.counts(asker, standing):
                found[standing["status"]] += 1
        return found

    def steps(self, asker: Asker, at: Moment) -> Counter[str]:
        """What happened up to an instant: captured, qualified, ordered, defeated; each where it stood then."""
        names = {"ProspectCaptured": "captured", "DealWon": "ordered", "DealLost": "defeated"}
        found: Counter[str] = Counter()
        for deal in self.of_kind("opportunity"):
            first: defaultdict[str, int] = defaultdict(int)
            for fact in deal.told:
                if not at.has(fact):
                    continue
                first[fact.type] += 1
                step = "qualified" if fact.type == "ProspectQualified" and first[fact.type] == 1 else None
                step = names.get(fact.type, step)
                if step is not None and self.counts(asker, deal.after(fact, at)):
                    found[step] += 1
        return found

    def outcomes(self, asker: Asker, at: Moment) -> Counter[str]:
        """Captured where it was captured, won and lost where it was decided, open where it stands."""
        steps = self.steps(asker, at)
        found = Counter({"captured": steps["captured"], "won": steps["ordered"], "lost": steps["defeated"]})
        for deal in self.of_kind("opportunity"):
            standing = deal.at(at)
            if standing and standing["status"] not in ("ordered", "defeated", "disposed", "cancelled"):
                found["open"] += self.counts(asker, standing)
        return found

    def requests(self, asker: Asker, at: Moment) -> Counter[str]:
        """Defeats and freezes asked for up to an instant, each where the deal stood then."""
        found: Counter[str] = Counter()
        for deal in self.of_kind("opportunity"):
            for fact in deal.told:
                if fact.type in ("DefeatRequested", "FreezeRequested") and at.has(fact):
                    found["requests"] += self.counts(asker, deal.after(fact, at))
        return found

    def where(self, asker: Asker, at: Moment, name: str, *values: str) -> set[str]:
        """Opportunities of which a standing field said one of these at an instant, shown by the sight of today."""
        return {
            str(deal.id)
            for deal in self.of_kind("opportunity")
            if deal.at(at).get(name) in values and self.sees_record(asker, deal)
        }

    def defeats(self, asker: Asker, at: Moment) -> set[str]:
        """Opportunities with a row in the defeat table: rows are records, shown by the sight of today."""
        return {
            str(deal.id)
            for deal in self.of_kind("opportunity")
            if any(fact.type == "DealLost" and at.has(fact) for fact in deal.told) and self.sees_record(asker, deal)
        }


def end_of(day: date) -> datetime:
    """The last instant of a day in the tenants' zone."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), SHANGHAI) - timedelta(microseconds=1)


def _json(value: Any) -> Fields:
    if value is None:
        return {}
    return dict(json.loads(value) if isinstance(value, str) else value)
