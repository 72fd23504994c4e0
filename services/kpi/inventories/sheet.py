"""What a sheet covers: a unit and all below it, the stock of a day, as known at a position. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kpi.asking import Asking, Sql
from shared.days import LAST_INSTANT, end_of, start_of
from shared.identity.sight import Sight


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as it is fixed. `first_day`: of its month."""

    unit_id: UUID
    first_day: date
    stock_on: date
    position: int
    opening_position: int | None
    no_contact_days: int

    def asking(self, tenant_id: UUID, zone: ZoneInfo, sight: Sight) -> Asking:
        """The question its lines answer."""
        at = end_of(self.stock_on, zone)
        return Asking(tenant_id, zone, at, sight, known_at=self.position, tree_at=at)

    def opening(self, asking: Asking) -> Asking:
        """The same at the last instant before the month, as known when the month before was closed."""
        at = start_of(self.first_day, asking.zone) - LAST_INSTANT
        known_at = self.position if self.opening_position is None else self.opening_position
        return Asking(asking.tenant_id, asking.zone, at, asking.sight, known_at=known_at, tree_at=at)


def sheet_of(standing: Mapping[str, Any], first_day: date) -> Sheet:
    """The sheet a standing says."""
    return Sheet(
        standing["unit_id"],
        first_day,
        standing["stock_on"],
        standing["position"],
        standing.get("opening_position"),
        standing["no_contact_days"],
    )


def scope(sql: Sql, alias: str, sheet: Sheet, *, owner_id: UUID | None = None, account: str | None = None) -> str:
    """The predicate that a row is of the sheet and seen by who asks; of one owner alone when said."""
    said = [sql.below(f"{alias}.unit_id", sheet.unit_id), sql.counted(alias, account=account)]
    if owner_id is not None:
        said.append(f"{alias}.owner_id = {sql(owner_id)}::uuid")
    return " and ".join(said)
