"""What is answered about hand-overs: the preview, one hand-over, its items. Decides nothing; knows no route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.accounts.routes.unit_names import unit_names
from services.hand_overs.checking import Fault, Plan
from services.hand_overs.records import ACCOUNT, PERSON, names_of
from shared.http.kit import Kit
from shared.http.problem import Language
from shared.identity.sight import Sight
from shared.jobs import Operation
from shared.jobs.items import Item
from shared.jobs.items import State as ItemState
from shared.jobs.operations import State

Kind = Literal["account", "support_team", "opportunity", "visit", "person"]


class Told(BaseModel):
    """Something in the way, or worth knowing."""

    code: str
    message: str
    pointer: str
    params: dict[str, Any]


class Moving(BaseModel):
    """A record that would move, and to whom."""

    kind: Kind
    id: UUID
    name: str | None = Field(description="Of a planned visit: null.")
    account_id: UUID | None
    account: str | None
    status: str | None = Field(description="Of an opportunity.")
    planned_on: date | None = Field(description="Of a planned visit.")
    next_on: date | None = Field(description="The next step promised at the last visit: the follow-up goes along.")
    owner_id: UUID | None
    unit_id: UUID | None
    to: UUID
    to_name: str | None
    to_unit_id: UUID = Field(description="The unit it belongs to afterwards; a team keeps its account's.")


class Count(BaseModel):
    """How much one successor gets of one kind. `follow_up`: of these, with a next step promised."""

    to: UUID
    to_name: str | None
    kind: Literal["account", "support_team", "opportunity", "visit", "follow_up"]
    count: int


class Staying(BaseModel):
    """What stays with the leaver, for ever: closed opportunities and visits made. Credit is theirs."""

    kind: Kind
    status: str
    count: int


class Preview(BaseModel):
    """What a hand-over would do, as things stand. Nothing was stored."""

    from_person_id: UUID
    from_name: str | None
    position: int = Field(description="Of the log: as things stood there.")
    can_begin: bool = Field(description="Nothing is in the way.")
    items: list[Moving]
    counts: list[Count]
    stays: list[Staying]
    problems: list[Told] = Field(description="What is in the way: the hand-over is refused while there are any.")
    notes: list[Told] = Field(description="What does not move and should be known.")


class HandOverShown(BaseModel):
    """A hand-over, waiting, under way or over. Poll until `finished`; done means that the views show it."""

    id: UUID
    state: State
    finished: bool
    from_person_id: UUID
    from_name: str | None
    to: UUID | None
    to_name: str | None
    on: date | None
    leave: bool
    keep_unit: bool
    reason: str | None
    done: int = Field(description="Items gone through, of `total`.")
    total: int | None = Field(description="Grows when the leaver gets something meanwhile.")
    problems: int = Field(description="Items that could not be moved; see GET /v1/operations/{id}/problems.")
    moved: dict[str, int] | None = Field(description="Once it is over: items moved, by kind.")
    person: bool | None = Field(description="Once it is over: whether it recorded that the person left.")
    position: int | None = Field(description="Once it is over: give it as `min_position` to read it back.")
    error: str | None
    undo_of: UUID | None = Field(description="The hand-over this one takes back.")
    asked_by: UUID
    asked_by_name: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, operation: Operation, named: Mapping[UUID, str]) -> Self:
        said = operation.parameters
        command = said["command"]
        leaver, to = UUID(command["from_person_id"]), command.get("to")
        result = operation.result or {}
        undo_of = said.get("hand_over_id")
        return cls(
            id=operation.operation_id,
            from_person_id=leaver,
            from_name=named.get(leaver),
            to=to,
            to_name=None if to is None else named.get(UUID(to)),
            on=command.get("on"),
            leave=bool(command.get("leave")),
            keep_unit=bool(command.get("keep_unit")),
            reason=said.get("reason"),
            moved=result.get("moved"),
            person=result.get("person"),
            position=result.get("position"),
            undo_of=undo_of,
            asked_by=operation.principal_id,
            asked_by_name=named.get(operation.principal_id),
            **{
                name: getattr(operation, name)
                for name in ("state", "finished", "done", "total", "problems", "error", "created_at", "started_at",
                             "finished_at")
            },
        )  # fmt: skip


class ItemShown(BaseModel):
    """One record of a hand-over, and what became of it. `name` and `account` are null out of your sight."""

    number: int
    kind: Kind
    id: UUID
    name: str | None
    account_id: UUID | None
    account: str | None
    from_person_id: UUID
    from_name: str | None
    from_unit_id: UUID | None
    from_unit_name: str | None
    to: UUID | None
    to_name: str | None
    to_unit_id: UUID | None
    to_unit_name: str | None
    state: ItemState = Field(
        description="`done`: moved. `unchanged`: somebody else had moved it. `undone`: back again."
    )
    code: str | None = Field(description="Why it was refused.")
    message: str | None


class HandOverRecord(HandOverShown):
    """A hand-over with its items, in pages."""

    items: list[ItemShown]
    next: str | None = Field(description="Give it as `after` for the next items; null at the end.")


def people_in(operation: Operation) -> set[UUID]:
    """The persons a hand-over names."""
    command = operation.parameters["command"]
    return {operation.principal_id, *(UUID(command[name]) for name in ("from_person_id", "to") if command.get(name))}


def preview(plan: Plan, named: Mapping[UUID, str], kit: Kit, language: Language) -> Preview:
    """The plan in words."""
    counted: Counter[tuple[UUID, str]] = Counter()
    for move in plan.moves:
        counted[move.to, move.record.kind] += 1
        counted[move.to, "follow_up"] += move.record.next_on is not None
    return Preview(
        from_person_id=plan.leaver.id,
        from_name=named.get(plan.leaver.id),
        position=plan.position,
        can_begin=not plan.faults,
        items=[
            Moving(
                kind=record.kind,
                id=record.id,
                name=record.name,
                account_id=record.account_id,
                account=record.account,
                status=record.status,
                planned_on=record.planned_on,
                next_on=record.next_on,
                owner_id=record.owner_id,
                unit_id=record.unit_id,
                to=move.to,
                to_name=named.get(move.to),
                to_unit_id=move.unit_id,
            )
            for move in plan.moves
            for record in (move.record,)
        ],
        counts=[
            Count(to=to, to_name=named.get(to), kind=kind, count=count)
            for (to, kind), count in counted.items()
            if count
        ],
        stays=[Staying(kind=kind, status=status, count=count) for kind, status, count in plan.stays],
        problems=told(plan.faults, kit, language),
        notes=told(plan.notes, kit, language),
    )


def told(faults: Sequence[Fault], kit: Kit, language: Language) -> list[Told]:
    """Faults and notes in the caller's language."""
    return [
        Told(
            code=fault.code,
            message=kit.catalogue.detail(fault.code, 422, language, "", fault.params),
            pointer=fault.pointer,
            params=dict(fault.params),
        )
        for fault in faults
    ]


async def items_shown(
    kit: Kit, tenant_id: UUID, operation: Operation, items: Sequence[Item], sight: Sight, named: Mapping[UUID, str],
    language: Language,
) -> list[ItemShown]:  # fmt: skip
    """Items with what is called by name as far as the reader sees it today."""
    about = await names_of(kit.pool, tenant_id, sorted({item.stream_id for item in items if item.kind != PERSON}))
    leaver = UUID(operation.parameters["command"]["from_person_id"])
    places = [_uuid(item.said.get(name)) for item in items for name in ("unit_before", "unit_id")]
    units = await unit_names(kit.pool, tenant_id, places, kit.clock())
    shown = []
    for item in items:
        row = about.get(item.stream_id)
        if row is not None and not sight.sees(owner_id=row["owner_id"], unit_id=row["unit_id"], team=row["team"]):
            row = None
        to, unit_before, unit = (_uuid(item.said.get(name)) for name in ("to", "unit_before", "unit_id"))
        shown.append(
            ItemShown(
                number=item.number,
                kind=item.kind,
                id=item.stream_id,
                name=None if row is None or item.kind == "visit" else row["name"],
                account_id=_uuid(item.said.get("account_id")),
                account=row["name"] if row is not None and item.kind in (ACCOUNT, "support_team", "visit") else None,
                from_person_id=leaver,
                from_name=named.get(leaver),
                from_unit_id=unit_before,
                from_unit_name=units.get(unit_before),
                to=to,
                to_name=None if to is None else named.get(to),
                to_unit_id=unit,
                to_unit_name=units.get(unit),
                state=item.state,
                code=item.code,
                message=None if item.code is None else kit.catalogue.detail(item.code, 409, language, "", item.params),
            )
        )
    return shown


def _uuid(text: Any) -> UUID | None:
    return None if text is None else UUID(text)
