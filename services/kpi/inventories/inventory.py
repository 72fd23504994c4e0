"""One inventory sheet: fixed, decided line by line, signed. Pure: no I/O, no clock. Which lines it has is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.inventories.commands import LineGiven
from services.kpi.inventories.events import (
    InventoryDecision,
    InventoryFixedAgain,
    InventoryLinesDecided,
    InventoryOpened,
    InventoryPart,
    InventorySigned,
    InventoryStatus,
)
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, type[Any]]] = {
    "decide": InventoryLinesDecided,
    "sign": InventorySigned,
    "fix-again": InventoryFixedAgain,
}
"""Commands by the last part of their route, and the fact each records."""

Line = tuple[InventoryPart, UUID]
Decisions = Mapping[Line, InventoryDecision]


class Inventory(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "inventory"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": InventoryStatus,
        "unit_id": UUID,
        "month": date,
        "stock_on": date,
        "position": int,
        "opening_position": int | None,
        "no_contact_days": int,
        "sheet": int,
        "opened_by": UUID,
        "fixed_reason": str,
        "decisions": tuple[InventoryDecision, ...],
        "signed_by": UUID,
        "signed_on": date,
        "lines": int,
        "unconfirmed": int,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"decisions"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {
            "status", "unit_id", "month", "stock_on", "position", "opening_position", "sheet", "opened_by",
            "decisions", "signed_by", "signed_on", "lines", "unconfirmed",
        }
    )  # fmt: skip

    def public_standing(self) -> dict[str, Any]:
        """For subscribers: without what was said of every line, which the facts say, so that a fact stays small."""
        return {name: value for name, value in self.standing.items() if name != "decisions"}

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case InventoryOpened():
                return {
                    "status": InventoryStatus.OPEN,
                    "unit_id": fact.unit_id,
                    "month": fact.month,
                    "stock_on": fact.stock_on,
                    "position": fact.position,
                    "opening_position": fact.opening_position,
                    "no_contact_days": fact.no_contact_days,
                    "sheet": 1,
                    "opened_by": fact.opened_by,
                }
            case InventoryFixedAgain():
                return {
                    "stock_on": fact.stock_on,
                    "position": fact.position,
                    "opening_position": fact.opening_position,
                    "sheet": fact.sheet,
                    "fixed_reason": fact.fixed_reason,
                }
            case InventoryLinesDecided():
                return {"decisions": fact.decisions}
            case InventorySigned():
                return {
                    "status": InventoryStatus.SIGNED,
                    "signed_by": fact.signed_by,
                    "signed_on": fact.signed_on,
                    "lines": fact.lines,
                    "unconfirmed": fact.unconfirmed,
                }
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        if standing["status"] is InventoryStatus.SIGNED:
            return Refused("inventory_signed", "the sheet is signed")
        return None

    # -- what is said of lines -----------------------------------------------------------------------------

    @property
    def decisions(self) -> Decisions:
        """Of each line the latest word on the sheet as it is fixed now."""
        return decisions_of(self.standing)

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def id_of(cls, tenant_id: UUID, unit_id: UUID, month: date) -> UUID:
        """A unit has one sheet a month."""
        return uuid5(tenant_id, f"inventory:{unit_id}:{month:%Y-%m}")

    @classmethod
    def open(
        cls,
        *,
        tenant_id: UUID,
        unit_id: UUID,
        month: date,
        stock_on: date,
        position: int,
        opening_position: int | None,
        no_contact_days: int,
        by: UUID,
        at: datetime,
    ) -> Self:
        """Take stock."""
        return cls.begin(
            InventoryOpened,
            id=cls.id_of(tenant_id, unit_id, month),
            at=at,
            unit_id=unit_id,
            month=month,
            stock_on=stock_on,
            position=position,
            opening_position=opening_position,
            no_contact_days=no_contact_days,
            opened_by=by,
        )

    def fix_again(
        self, *, stock_on: date, position: int, opening_position: int | None, reason: str, at: datetime
    ) -> None:
        """Take it anew. Raises Refused 409 `inventory_signed`."""
        self.happen(
            InventoryFixedAgain,
            at=at,
            stock_on=stock_on,
            position=position,
            opening_position=opening_position,
            sheet=self.standing["sheet"] + 1,
            fixed_reason=reason,
        )

    def decide(self, lines: Iterable[LineGiven], *, by: UUID, on: date, at: datetime) -> None:
        """Say of lines what they are; what was said already says nothing. Raises Refused 409, 422 `line_twice`."""
        known, sheet = self.decisions, self.standing["sheet"]
        told: dict[Line, InventoryDecision] = {}
        for index, line in enumerate(lines):
            if (line.part, line.id) in told:
                raise Refused("line_twice", "a line is given twice", status=422, pointer=f"/lines/{index}/id")
            told[line.part, line.id] = InventoryDecision(line.part, line.id, line.decided, by, on, sheet, line.note)
        fresh = tuple(one for key, one in told.items() if not _same(known.get(key), one))
        if fresh:
            self.happen(InventoryLinesDecided, at=at, decisions=fresh)

    def sign(self, *, by: UUID, on: date, lines: int, unconfirmed: int, at: datetime) -> None:
        """Sign it. Raises Refused 409 `inventory_signed`."""
        self.happen(InventorySigned, at=at, signed_by=by, signed_on=on, lines=lines, unconfirmed=unconfirmed)


def decisions_of(standing: Mapping[str, Any]) -> Decisions:
    """Of each line the latest word on the sheet as it is fixed in this standing."""
    return {(one.part, one.id): one for one in standing.get("decisions", ()) if one.sheet == standing["sheet"]}


def _same(known: InventoryDecision | None, told: InventoryDecision) -> bool:
    return known is not None and (known.decided, known.note) == (told.decided, told.note)
