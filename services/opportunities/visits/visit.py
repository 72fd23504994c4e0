"""One visit, planned or not: what it was about and what it brought. Pure. Has no level: judgements are elsewhere.

What was said in words (preparation, narrative, comment) is in the vault under the visit's id, never in a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import msgspec

from services.opportunities.events import (
    Judged,
    Met,
    Rumour,
    VisitCancelled,
    VisitHandedOver,
    VisitLogged,
    VisitPlanned,
    VisitReviewed,
    VisitStatus,
)
from services.opportunities.visits.commands import (
    CancelVisit,
    LogPlannedVisit,
    LogVisit,
    Outcome,
    PlanVisit,
    Purpose,
    Way,
)
from services.opportunities.visits.hand_over import void_later_hand_overs
from shared.event_store.stream import Entry, FactVoided, Refused, Stream

TEXTS = ("preparation", "narrative", "comment")
"""Fields of a visit in the vault."""

PLANNED = (
    *("account_id", "opportunity_ids", "owner_id", "unit_id", "purpose", "way", "planned_on", "participants"),
    "expected_objections",
)
LOGGED = (
    *("account_id", "opportunity_ids", "owner_id", "unit_id", "purpose", "way", "visited_on", "reached"),
    *("participants", "persons_met", "expected_objections", "objections", "competitor", "rumours", "units_owned"),
    *("buying_plan", "next_step", "next_on"),
)

NOT_CORRECTABLE = frozenset({"status", "reviewed_by"})


class Visit(Stream):
    """A visit to an account."""

    stream_type: ClassVar[str] = "visit"
    first_may_be_voided: ClassVar[bool] = True
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": VisitStatus,
        "account_id": UUID | None,
        "opportunity_ids": tuple[UUID, ...],
        "owner_id": UUID,
        "unit_id": UUID,
        "purpose": Purpose,
        "way": Way,
        "planned_on": date,
        "visited_on": date,
        "reached": bool,
        "participants": tuple[UUID, ...],
        "persons_met": tuple[Met, ...],
        "expected_objections": tuple[str, ...],
        "objections": tuple[str, ...],
        "competitor": str | None,
        "rumours": tuple[Rumour, ...],
        "units_owned": Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None,
        "buying_plan": str | None,
        "next_step": str | None,
        "next_on": date | None,
        "reviewed_by": UUID,
        "reviewed_on": date,
        "cancel_reason": str,
    }

    def __base_init__(self, originator_id: Any, originator_version: int, timestamp: datetime) -> None:
        super().__base_init__(originator_id, originator_version, timestamp)
        self.judged: dict[int, tuple[Judged, ...]] = {}

    # -- facts applied -------------------------------------------------------------------------------------

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case VisitPlanned():
                self.set(fact, status=VisitStatus.PLANNED, **{name: getattr(fact, name) for name in PLANNED})
            case VisitLogged():
                self.judged[fact.originator_version] = fact.judged
                self.set(fact, status=VisitStatus.LOGGED, **{name: getattr(fact, name) for name in LOGGED})
            case VisitReviewed():
                self.set(fact, reviewed_by=fact.reviewed_by, reviewed_on=fact.reviewed_on)
            case VisitCancelled():
                self.set(fact, status=VisitStatus.CANCELLED, cancel_reason=fact.reason)
            case VisitHandedOver():
                self.set(fact, owner_id=fact.owner_id, unit_id=fact.unit_id, participants=fact.participants)
            case _:
                self.unknown(fact)

    @property
    def status(self) -> VisitStatus | None:
        """Null: all that was said of it is void."""
        return self.standing.get("status")

    @property
    def about(self) -> Mapping[str, Any]:
        """Whose visit it is, even when void."""
        return self.standing if "owner_id" in self.standing else self.ledger[1].original_changes

    @property
    def log(self) -> Entry | None:
        """The fact that it took place, if it still counts."""
        return next((entry for entry in self.entries() if entry.type == VisitLogged.__name__), None)

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def plan(
        cls, command: PlanVisit, *, id: UUID, account_id: UUID | None, owner_id: UUID, unit_id: UUID, at: datetime
    ) -> Self:
        """Intend a visit."""
        return cls.begin(
            VisitPlanned,
            id=id,
            at=at,
            account_id=account_id,
            opportunity_ids=_unique(command.opportunity_ids),
            owner_id=owner_id,
            unit_id=unit_id,
            purpose=command.purpose,
            way=command.way,
            planned_on=command.planned_on,
            participants=_unique((owner_id, *command.participants)),
            expected_objections=_unique(command.expected_objections),
        )

    @classmethod
    def logged(
        cls,
        command: LogVisit,
        *,
        id: UUID,
        account_id: UUID | None,
        owner_id: UUID,
        unit_id: UUID,
        judged: tuple[Judged, ...],
        at: datetime,
        day: date,
    ) -> Self:
        """A visit that was not planned took place."""
        return cls.begin(
            VisitLogged,
            id=id,
            at=at,
            account_id=account_id,
            opportunity_ids=concerned(command.opportunity_ids, command),
            owner_id=owner_id,
            unit_id=unit_id,
            purpose=command.purpose,
            way=command.way,
            participants=_unique((owner_id, *command.participants)),
            expected_objections=_unique(command.expected_objections),
            **_outcome(command, judged, day),
        )

    def log_planned(self, command: LogPlannedVisit, *, judged: tuple[Judged, ...], at: datetime, day: date) -> None:
        """The planned visit took place. Refused when it was logged or cancelled, or on a day before it was planned.

        A plan handed over after that day never was: the visit is of who led it then.
        """
        if self.status is None:
            raise Refused("visit_void", "the visit was taken back")
        if self.status is VisitStatus.LOGGED:
            raise Refused("already_logged", "the visit was logged: correct it instead")
        if self.status is VisitStatus.CANCELLED:
            raise Refused("visit_cancelled", "the visit was cancelled")
        if at < self.ledger[1].occurred_at:
            raise Refused("before_planned", "that is before the visit was planned: log it as another", pointer="/on")
        outcome = _outcome(command, judged, day)
        void_later_hand_overs(self, at)
        planned = self.standing
        participants = planned["participants"] if command.participants is None else command.participants
        opportunities = planned["opportunity_ids"] if command.opportunity_ids is None else command.opportunity_ids
        self.record(
            VisitLogged,
            at=at,
            account_id=planned["account_id"],
            opportunity_ids=concerned(opportunities, command),
            owner_id=planned["owner_id"],
            unit_id=planned["unit_id"],
            purpose=command.purpose or planned["purpose"],
            way=command.way or planned["way"],
            participants=_unique((planned["owner_id"], *participants)),
            expected_objections=planned["expected_objections"],
            **outcome,
        )

    def allowed_actions(self, *, supervises: bool) -> tuple[str, ...]:
        """Commands that may be tried as it stands; `supervises`: by who may review."""
        match self.status:
            case VisitStatus.PLANNED:
                return ("log", "cancel", "correct")
            case VisitStatus.LOGGED:
                return (*(("review",) if supervises else ()), "cancel", "correct")
            case _:
                return ("correct",)

    def review(self, *, by: UUID, at: datetime, day: date) -> None:
        """The head has read the report. Says nothing when this reviewer did before."""
        if self.status is not VisitStatus.LOGGED:
            raise Refused("not_logged", "there is no report to review yet")
        if self.standing.get("reviewed_by") != by:
            self.record(VisitReviewed, at=max(at, _latest(self)), reviewed_by=by, reviewed_on=day)

    def cancel(self, command: CancelVisit, *, at: datetime) -> tuple[Judged, ...]:
        """Planned: will not take place. Logged: never did, so it is void; the judgements it carried are returned."""
        if self.status is VisitStatus.PLANNED:
            self.record(VisitCancelled, at=max(at, _latest(self)), reason=command.reason)
            return ()
        if (logged := self.log) is None:
            return ()
        if logged.version == 1:  # the base spares first facts; a visit that never was has no other
            self.record(FactVoided, at=at, version=1, reason=command.reason)
        else:
            self.void_fact(logged.version, reason=command.reason, at=at)
        return self.judged.get(logged.version, ())

    def correct(
        self, version: int, changes: Mapping[str, Any], *, occurred_at: datetime | None, reason: str, at: datetime
    ) -> None:
        """Correct what a fact said, or its time; not the status."""
        if not changes and occurred_at is None:
            raise Refused("nothing_to_correct", "state changes or a time", status=422, pointer="/changes")
        for name in sorted(NOT_CORRECTABLE & set(changes)):
            raise Refused(
                "not_correctable",
                f"{name} follows from the facts",
                status=422,
                pointer=f"/changes/{name}",
                field=name,
            )
        trial = self.copy()
        trial.correct_fact(version, changes, occurred_at=occurred_at, reason=reason, at=at)
        times = {entry.type: entry.occurred_at for entry in trial.entries()}
        if times.get("VisitLogged", at) < times.get("VisitPlanned", times.get("VisitLogged", at)):
            raise Refused("before_planned", "a visit takes place after it was planned", pointer="/on")
        self.correct_fact(version, changes, occurred_at=occurred_at, reason=reason, at=at)
        if (logged := self.log) is not None:
            void_later_hand_overs(self, logged.occurred_at)


def concerned(opportunity_ids: Iterable[UUID], command: Outcome) -> tuple[UUID, ...]:
    """The opportunities a visit concerns: those named and those judged."""
    return _unique((*opportunity_ids, *(judgement.opportunity_id for judgement in command.judgements)))


def _outcome(command: Outcome, judged: tuple[Judged, ...], day: date) -> dict[str, Any]:
    if command.next_on is not None and command.next_on < day:
        raise Refused("next_in_the_past", "the next step comes after the visit", status=422, pointer="/next_on")
    return {
        "visited_on": day,
        "reached": command.reached,
        "persons_met": tuple(Met(met.person_id, met.layer, met.post) for met in command.persons_met),
        "objections": _unique(command.objections),
        "competitor": command.competitor,
        "rumours": tuple(Rumour(heard.claim, heard.true, heard.answer) for heard in command.rumours),
        "units_owned": command.units_owned,
        "buying_plan": command.buying_plan,
        "next_step": command.next_step,
        "next_on": command.next_on,
        "judged": judged,
    }


def _latest(visit: Visit) -> datetime:
    return max(entry.occurred_at for entry in visit.entries())


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
