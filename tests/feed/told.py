"""What the feed shows whom, worked out again in plain Python from the raw events. Imports nothing of `shared.feed`.

Written from the rules: an event is shown by the scope of its record after it; else, if the record was seen before it,
that it has left is told. What belongs to another record has that one's scope, as it then stood.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tests.authorisation.oracle import Asker, Oracle

EVENTS = """
select position, stream_type, stream_id, version, type, data -> 'standing' as standing, data -> 'changes' as changes,
       metadata ->> 'origin' as origin
  from es.events where tenant_id = $1 order by position
"""
OPEN = {
    "unit", "data_subject", "erasure", "product", "reason_catalogue", "level_policy", "approval_policy",
    "filing_policy", "follow_up_policy", "lead_policy", "credit_policy", "price_policy", "contract_policy",
    "customer_report", "month", "working_calendar", "sales_month", "kpi_definition", "assessment_scheme",
    "commission_rule", "reporting_duties", "rolling_policy",
}  # fmt: skip
HIDDEN = {"tenant", "api_key", "posting", "lead_rota", "assessment", "commission", "training_need", "webhook_endpoint"}
OF_DEAL = {"solution", "bid", "negotiation", "contract", "filing", "invoice"}
MOVING = {
    "owner_id", "unit_id", "account_id", "opportunity_id", "opportunity_ids", "record_id", "support_team",
    "participants", "manager_id", "entered_by", "instructions", "measures",
}  # fmt: skip
FIXES = ("FactVoided", "FactCorrected")
POOLS = {"representative", "account_manager"}


@dataclass(frozen=True)
class Event:
    """One event of the log."""

    position: int
    kind: str
    stream: str
    version: int
    type: str
    standing: Mapping[str, Any]
    changes: Mapping[str, Any]
    imported: bool


class Log:
    """One tenant's events, and who sees them by the organisation of `oracle`'s day."""

    def __init__(self, events: Iterable[Event], oracle: Oracle) -> None:
        self.events = list(events)
        self.oracle = oracle
        self._judged: dict[tuple[Asker, str | None, str | None, frozenset[str]], bool] = {}
        self.streams: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            self.streams[event.stream].append(event)

    @classmethod
    async def of(cls, pool: asyncpg.Pool, tenant_id: UUID, oracle: Oracle) -> Log:
        """Read a tenant's log."""
        rows = await pool.fetch(EVENTS, tenant_id)
        return cls(
            (
                Event(
                    row["position"],
                    row["stream_type"],
                    str(row["stream_id"]),
                    row["version"],
                    row["type"],
                    _json(row["standing"]),
                    _json(row["changes"]),
                    row["origin"] in ("import", "import_undo"),
                )
                for row in rows
            ),
            oracle,
        )

    def told(self, asker: Asker, units: set[str] | None = None) -> Iterator[tuple[Event, bool]]:
        """The events told to somebody, each with whether only that its record has left; `units`: at these alone."""
        for event in self.events:
            moved = event.version > 1 and (MOVING & event.changes.keys() or event.type in FIXES)
            if self._seen(asker, units, event, event.position):
                yield event, False
            elif moved and self._seen(asker, units, self.streams[event.stream][event.version - 2], event.position - 1):
                yield event, True

    def _seen(self, asker: Asker, units: set[str] | None, event: Event, at: int) -> bool:
        def sees(owner: str | None, unit: str | None, team: Iterable[str] = ()) -> bool:
            asked = asker, owner, unit, frozenset(team)
            if asked not in self._judged:
                self._judged[asked] = self.oracle.sees(*asked)
            return self._judged[asked]

        if not self._scope(event, at, sees, asker):
            return False
        if units is None:
            return True
        return self._scope(event, at, lambda owner, unit, team=(): unit in units, None)

    def _scope(self, event: Event, at: int, sees: Any, asker: Asker | None) -> bool:
        said, kind = event.standing, event.kind
        owner, unit, account = said.get("owner_id"), said.get("unit_id"), said.get("account_id")
        if kind in HIDDEN:
            return bool(sees(None, None))
        if kind in OPEN:
            return asker is not None
        if kind == "person":
            return asker is not None and self._sees_person(asker, event.stream)
        if kind == "account":
            return bool(sees(owner, unit, self._team(event)))
        if kind == "opportunity":
            return bool(sees(owner, unit, self._team(self._at(account, at))))
        if kind in ("receipt", "credit"):
            return self._through([account], at, sees, asker)
        if kind in OF_DEAL:
            return self._through([said.get("opportunity_id")], at, sees, asker)
        if kind == "visit":
            helped = [one for one in said.get("participants") or () if one != owner]
            if helped and sees(None, None, helped):
                return True
            if said.get("opportunity_ids"):
                return self._through(said["opportunity_ids"], at, sees, asker)
            return bool(sees(owner, unit, self._team(self._at(account, at))))
        if kind == "project":
            if said.get("manager_id") and sees(None, None, [said["manager_id"]]):
                return True
            return self._through([said.get("opportunity_id") or account], at, sees, asker)
        if kind == "attachment":
            return self._through([said.get("record_id")], at, sees, asker)
        if kind == "lead":
            if said.get("opportunity_id"):
                return self._through([said["opportunity_id"]], at, sees, asker)
            if owner is None and asker is not None and self._posted(asker, unit, POOLS):
                return True
            return bool(sees(owner, unit, self._team(self._at(account, at))))
        if kind == "visitor_count":
            return bool(sees(None, unit)) or (asker is not None and self._posted(asker, unit, None))
        if kind in ("channel_spend", "inventory"):
            return bool(sees(None, unit))
        if kind == "company_figure":
            return bool(sees(said.get("entered_by"), unit))
        if kind == "meeting":
            told = {*(said.get("participants") or ()), *(one["owner_id"] for one in said.get("instructions") or ())}
            return bool(sees(owner, unit, told))
        if kind == "improvement":
            return bool(sees(owner, unit, {one["owner_id"] for one in said.get("measures") or ()}))
        return bool(sees(owner, unit))

    def _through(self, ids: Iterable[str | None], at: int, sees: Any, asker: Asker | None) -> bool:
        followed = (self._at(id, at) for id in ids)
        return any(self._scope(one, at, sees, asker) for one in followed if one is not None) or bool(sees(None, None))

    def _at(self, id: str | None, position: int) -> Event | None:
        """The last event of a record up to a position."""
        held = [event for event in self.streams.get(id or "", ()) if event.position <= position]
        return held[-1] if held else None

    @staticmethod
    def _team(account: Event | None) -> set[str]:
        said = {} if account is None else account.standing
        return {member["person_id"] for member in said.get("support_team") or ()}

    def _sees_person(self, asker: Asker, person: str) -> bool:
        """Themselves, who they stand in for, whom they supervise: as what is theirs, wherever it is."""
        return self.oracle.sees(asker, person, None)

    def _posted(self, asker: Asker, unit: str | None, functions: set[str] | None) -> bool:
        held = [(asker.functions, asker.unit)]
        for absent in self.oracle.stood_in_for(asker.person):
            person = self.oracle.people[absent]
            held.append((frozenset(person["functions"]), person["unit_id"]))
        return any(unit == at and (functions is None or functions & had) for had, at in held if at is not None)


def _json(value: Any) -> Mapping[str, Any]:
    return json.loads(value) if isinstance(value, str) else value or {}
