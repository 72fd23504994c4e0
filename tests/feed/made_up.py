"""A made-up log of every kind of record whose events not everybody sees, changing hands all the time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from shared.event_store.command import Command, RecordedFact, StreamAppend
from shared.identity.current_tenant import as_tenant
from tests.authorisation.company import MEMBERS, UNITS, id_of
from tests.authorisation.world import World
from tests.feed.told import HIDDEN, OPEN

DEALING = ("solution", "bid", "negotiation", "contract", "filing")
MONEY = ("invoice", "receipt", "credit")
OWNED = ("annual_plan", "budget", "intelligence", "work_report", "company_figure", "meeting", "improvement")
OF_UNITS = ("inventory", "channel_spend", "visitor_count")
KINDS = (
    *("account",) * 6, *("opportunity",) * 10, *("visit",) * 8, *("lead",) * 4, *("project",) * 3,
    *("attachment",) * 6, *DEALING, *MONEY, *OWNED, *OF_UNITS, "person", "product", "erasure", "posting", "assessment",
)  # fmt: skip
assert set(KINDS) & OPEN
assert set(KINDS) & HIDDEN
AT = datetime(2026, 2, 1, tzinfo=UTC)


class MadeUp:
    """Makes events; `append` puts them into a company's log."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._streams: dict[str, list[UUID]] = {}
        self._standing: dict[UUID, dict[str, Any]] = {}
        self._version: dict[UUID, int] = {}

    async def append(self, world: World, tenant: int, count: int) -> None:
        """So many events, in commands of one."""
        with as_tenant(world.tenants[tenant]):
            commands = [self._command(world.tenants[tenant]) for _ in range(count)]
            for start in range(0, count, 100):
                outcomes = await world.store.append_all(commands[start : start + 100])
                assert {outcome.kind for outcome in outcomes} == {"ok"}

    def _command(self, tenant_id: UUID) -> Command:
        kind = self._random.choice(KINDS)
        known = self._streams.setdefault(kind, [])
        if known and self._random.random() < 0.65:
            id = self._random.choice(known)
        else:
            id = UUID(int=self._random.getrandbits(128), version=4)
            known.append(id)
        before = self._standing.get(id, {})
        fields = self._fields(kind)
        named = list(fields) if not before else self._random.sample(list(fields), min(len(fields), 2))
        changes = {name: fields[name] for name in named} if self._random.random() < 0.8 or not before else {"x": 1}
        type, standing = "Told", before | changes
        data: dict[str, Any] = {"changes": changes}
        if before and self._random.random() < 0.08:
            type = self._random.choice(("FactVoided", "FactCorrected"))
            data = {"version": 1} if type == "FactVoided" else {"changes": changes, "version": 1}
            standing = {} if type == "FactVoided" and self._random.random() < 0.5 else standing
        self._standing[id] = standing
        version = self._version[id] = self._version.get(id, 0) + 1
        told = {"actor": str(id_of("director")), **({"origin": "import"} if self._random.random() < 0.2 else {})}
        return Command(
            tenant_id,
            id_of("director"),
            None,
            None,
            201,
            "ok",
            (
                StreamAppend(
                    kind,
                    id,
                    version - 1,
                    (
                        RecordedFact(
                            type, 1, json.dumps(data | {"standing": standing}).encode(), AT + timedelta(id.int % 9)
                        ),
                    ),
                ),
            ),
            metadata=json.dumps(told).encode(),
        )

    def _fields(self, kind: str) -> dict[str, Any]:
        own = {"owner_id": self._person(), "unit_id": self._unit()}
        match kind:
            case "account":
                return own | {"support_team": [{"person_id": one, "role": "x"} for one in self._persons()]}
            case "opportunity":
                return own | {"account_id": self._one("account")}
            case "visit":
                return own | {
                    "account_id": self._one("account"),
                    "opportunity_ids": self._some("opportunity"),
                    "participants": self._persons(),
                }
            case "lead":
                owner = None if self._random.random() < 0.5 else own["owner_id"]
                deal = self._one("opportunity") if self._random.random() < 0.3 else None
                return own | {"owner_id": owner, "account_id": self._one("account"), "opportunity_id": deal}
            case "project":
                deal = self._one("opportunity") if self._random.random() < 0.6 else None
                return {"account_id": self._one("account"), "opportunity_id": deal, "manager_id": self._person()}
            case "attachment":
                return {"record_id": self._one("opportunity", "visit", "lead", "project", *DEALING)}
            case "invoice" | "solution" | "bid" | "negotiation" | "contract" | "filing":
                return {"opportunity_id": self._one("opportunity"), "account_id": self._one("account")}
            case "receipt" | "credit":
                return {"account_id": self._one("account")}
            case "company_figure":
                return {"entered_by": self._person(), "unit_id": self._unit()}
            case "meeting":
                steps = [{"owner_id": one, "number": 1} for one in self._persons()]
                return own | {"participants": self._persons(), "instructions": steps}
            case "improvement":
                return own | {"measures": [{"owner_id": one} for one in self._persons()]}
            case "channel_spend" | "visitor_count" | "inventory":
                return {"unit_id": self._unit()}
            case _:
                return own

    def _person(self) -> str:
        return str(id_of(self._random.choice(list(MEMBERS))))

    def _persons(self) -> list[str]:
        return [self._person() for _ in range(self._random.randrange(3))]

    def _unit(self) -> str:
        return str(id_of(self._random.choice(list(UNITS))))

    def _one(self, *kinds: str) -> str | None:
        known = [id for kind in kinds for id in self._streams.get(kind, ())]
        return str(self._random.choice(known)) if known else None

    def _some(self, kind: str) -> list[str]:
        return [one for _ in range(self._random.randrange(3)) if (one := self._one(kind)) is not None]
