"""One unit's X+Y rolling plan: numbered versions, firm months that change only with reason and approval. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.month import later
from services.kpi.plans.events import PlanRow
from services.kpi.plans.lines import key_of, require_sound_rows
from services.kpi.rolling.events import (
    FirmChangeRefused,
    FirmChangeRequested,
    RollingPlanOpened,
    RollingStatus,
    RollingVersionPublished,
)
from services.kpi.rolling.policy import RollingRules
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

VERSION: Final = "RollingVersionPublished"
PUBLISHED: Final = (
    *("number", "base_month", "firm_months", "outlook_months", "rows", "reason", "published_by", "approved_by"),
)
REQUESTED: Final = ("requested_by", "requested_month", "requested_rows", "requested_reason")


class RollingPlan(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "rolling_plan"
    before_first: ClassVar[str] = "before_plan"
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {
            *("status", "unit_id", "owner_id", "number", "base_month", "firm_months", "outlook_months"),
            *("requested_rows", "requested_month", "requested_by", "published_by", "approved_by", "refused_by"),
        }
    )
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": RollingStatus,
        "unit_id": UUID,
        "owner_id": UUID,
        "number": int,
        "base_month": date,
        "firm_months": int,
        "outlook_months": int,
        "rows": tuple[PlanRow, ...],
        "reason": str | None,
        "published_by": UUID,
        "approved_by": UUID | None,
        "requested_by": UUID,
        "requested_month": date,
        "requested_rows": tuple[PlanRow, ...],
        "requested_reason": str,
        "refused_by": UUID,
        "comment": str,
    }

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """See the base."""
        match fact:
            case RollingPlanOpened():
                return {"status": RollingStatus.OPEN, "unit_id": fact.unit_id, "owner_id": fact.owner_id}
            case RollingVersionPublished():
                return {"status": RollingStatus.OPEN, **{name: getattr(fact, name) for name in PUBLISHED}}
            case FirmChangeRequested():
                return {"status": RollingStatus.PENDING, **{name: getattr(fact, name) for name in REQUESTED}}
            case FirmChangeRefused():
                return {"status": RollingStatus.OPEN, "refused_by": fact.refused_by, "comment": fact.comment}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        pending = standing["status"] is RollingStatus.PENDING
        if fact == "FirmChangeRefused" and not pending:
            return Refused("nothing_waits", "no change waits for approval")
        if fact == "FirmChangeRequested" and pending:
            return Refused("change_waits", "another change waits for approval")
        return None

    def require_sound(self, entry: Entry) -> None:
        if "rows" in entry.changes:
            said = entry.changes
            count = said["firm_months"] + said["outlook_months"]
            months = [later(said["base_month"], number) for number in range(count)]
            require_sound_rows(said["rows"], months, "/changes/rows")

    @property
    def pending(self) -> bool:
        """Whether a version waits for approval."""
        return self.standing["status"] is RollingStatus.PENDING

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, *, id: UUID, unit_id: UUID, owner_id: UUID, at: datetime) -> Self:
        return cls.begin(RollingPlanOpened, id=id, at=at, unit_id=unit_id, owner_id=owner_id)

    def publish(
        self,
        rows: tuple[PlanRow, ...],
        *,
        base: date,
        running: date,
        rules: RollingRules,
        reason: str | None,
        by: UUID,
        at: datetime,
    ) -> None:
        """The next version, or, where it changes firm months, a request for it. `running`: the month of the day.

        Raises Refused 409 `change_waits`, 422 `base_outside`, `reason_missing` and as `require_sound_rows`.
        """
        if self.pending:
            raise Refused("change_waits", "another change waits for approval")
        if base not in (running, later(running)):
            raise Refused(
                "base_outside", "a version begins with this month or the next", status=422, pointer="/base_month"
            )
        require_sound_rows(rows, rules.months(base))
        if (base, rows) == (self.standing.get("base_month"), self.standing.get("rows")):
            return
        if self.firm_changed(rows, rules.months(base)):
            if reason is None:
                raise Refused("reason_missing", "a firm month is changed", status=422, pointer="/reason")
            self.happen(
                FirmChangeRequested,
                at=at,
                requested_by=by,
                requested_month=base,
                requested_rows=rows,
                requested_reason=reason,
            )
        else:
            self._publish(rows, base, rules, reason, by, None, at)

    def approve(self, *, rules: RollingRules, by: UUID, at: datetime) -> None:
        """Publish the version that waits."""
        if not self.pending:
            raise Refused("nothing_waits", "no change waits for approval")
        said = self.standing
        rows, base = said["requested_rows"], said["requested_month"]
        self._publish(rows, base, rules, said["requested_reason"], said["requested_by"], by, at)

    def refuse(self, comment: str, *, by: UUID, at: datetime) -> None:
        self.happen(FirmChangeRefused, at=at, refused_by=by, comment=comment)

    def firm_changed(self, rows: Sequence[PlanRow], months: Collection[date]) -> bool:
        """Whether a version of these months says otherwise of one that was firm in any version told.

        Whatever day this one is said to be of: nobody chooses an earlier day to need no approval.
        """
        told = (entry for entry in self.entries() if entry.type == VERSION)
        firm: dict[date, dict[Any, PlanRow]] = {}
        for entry in sorted(told, key=lambda entry: entry.version):
            said = entry.changes
            for number in range(said["firm_months"] + said["outlook_months"]):
                month = later(said["base_month"], number)
                if month in firm or number < said["firm_months"]:
                    firm[month] = _of(said["rows"], {month})
        return any(firm[month] != _of(rows, {month}) for month in months if month in firm)

    def months(self, at: datetime) -> dict[date, list[PlanRow]]:
        """The rows in force at an instant: of each month those of the latest version that covers it."""
        found: dict[date, list[PlanRow]] = {}
        told = (entry for entry in self.entries() if entry.type == VERSION and entry.occurred_at <= at)
        for entry in sorted(told, key=lambda entry: (entry.occurred_at, entry.version)):
            said = entry.changes
            for number in range(said["firm_months"] + said["outlook_months"]):
                month = later(said["base_month"], number)
                found[month] = [row for row in said["rows"] if row.month == month]
        return found

    def _publish(
        self,
        rows: tuple[PlanRow, ...],
        base: date,
        rules: RollingRules,
        reason: str | None,
        by: UUID,
        approved_by: UUID | None,
        at: datetime,
    ) -> None:
        told = [entry.changes["number"] for entry in self.ledger.values() if entry.type == VERSION]
        self.happen(
            RollingVersionPublished,
            at=at,
            number=max(told, default=0) + 1,
            base_month=base,
            firm_months=rules.firm_months,
            outlook_months=rules.outlook_months,
            rows=rows,
            reason=reason,
            published_by=by,
            approved_by=approved_by,
        )


def _of(rows: Sequence[PlanRow], months: set[date]) -> dict[Any, PlanRow]:
    return {key_of(row): row for row in rows if row.month in months}


def rolling_id(tenant_id: UUID, unit_id: UUID) -> UUID:
    """The one rolling plan of a unit."""
    return uuid5(tenant_id, f"rolling_plan:{unit_id}")
