"""How far each line of a sheet is: nothing said, confirmed, asked for, or done through its fact. Stores nothing.

A level, a freeze or a defeat is told to the opportunities service; its fact in the log after the sheet was fixed is
what makes a line done, whoever told it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.kpi.asking import Reads
from services.kpi.inventories.events import InventoryDecision, LineDecided

State = Literal["unconfirmed", "confirmed", "asked", "done"]
STATES: Final[Sequence[State]] = ("unconfirmed", "confirmed", "asked", "done")

CARRIED_OUT: Final[Mapping[LineDecided, frozenset[str]]] = {
    LineDecided.REJUDGE: frozenset({"ProspectQualified", "DealWon"}),
    LineDecided.FREEZE: frozenset({"FreezeRequested", "ProspectFrozen", "ContactLost"}),
    LineDecided.GIVE_UP: frozenset({"DefeatRequested", "DealLost", "ProspectDisposed"}),
}
"""Which facts carry out what was decided of a prospect."""
DEEDS: Final = sorted(frozenset().union(*CARRIED_OUT.values()))
COMMANDS: Final[Mapping[LineDecided, str]] = {
    LineDecided.REJUDGE: "qualify",
    LineDecided.FREEZE: "freeze",
    LineDecided.GIVE_UP: "request-defeat",
}
"""Where that is told: `POST /v1/opportunities/{id}/` plus this."""

SINCE = """
select e.stream_id as id, e.type, e.position, e.occurred_at, e.metadata ->> 'actor' as actor
  from es.events as e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and e.position > $3 and e.type = any($4::text[])
   and not exists (select from es.events as v
                    where v.tenant_id = $1 and v.stream_id = e.stream_id and v.version > e.version
                      and v.type = 'FactVoided' and (v.data ->> 'version')::int = e.version)
 order by e.position
"""


@dataclass(frozen=True, slots=True)
class Deed:
    """A fact since the sheet was fixed that says what became of a prospect."""

    fact: str
    position: int
    at: datetime
    actor: UUID | None


async def deeds(reads: Reads, tenant_id: UUID, ids: Collection[UUID], since: int) -> Mapping[UUID, Sequence[Deed]]:
    """What became of these prospects after a position, in the order told; what was voided is not there."""
    found: dict[UUID, list[Deed]] = defaultdict(list)
    row: Any
    for row in await reads.fetch(SINCE, tenant_id, list(ids), since, DEEDS):
        actor = None if row["actor"] is None else UUID(row["actor"])
        found[UUID(bytes=row["id"].bytes)].append(Deed(row["type"], row["position"], row["occurred_at"], actor))
    return found


def state_of(decision: InventoryDecision | None, told: Sequence[Deed]) -> tuple[State, Deed | None]:
    """How far a prospect's line is, and the fact that made it done."""
    if decision is None:
        return ("done", told[-1]) if told else ("unconfirmed", None)
    if decision.decided is LineDecided.CONFIRM:
        return "confirmed", None
    wanted = CARRIED_OUT[decision.decided]
    deed = next((deed for deed in reversed(told) if deed.fact in wanted), None)
    return ("done", deed) if deed is not None else ("asked", None)


def owner_state(decision: InventoryDecision | None) -> State:
    """The same of an account that took delivery: nothing else is to be told."""
    return "unconfirmed" if decision is None else "confirmed"
