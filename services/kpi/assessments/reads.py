"""Assessments and commissions, read: one with its computation and history, the lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from fastapi import Response

from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.assessments import report
from services.kpi.assessments.assessment import Assessment
from services.kpi.assessments.commission import Commission
from services.kpi.assessments.life import ACTS, Result
from services.kpi.assessments.shapes import AssessmentRow, CommissionRow, RatingsAsked
from services.kpi.assessments.sight import sees, sees_pay
from services.kpi.assessments.views import ASSESSMENTS, COMMISSIONS
from services.kpi.events import Cycle, ResultStatus
from services.kpi.month import MonthAsked, first_day
from services.kpi.views.units import UNITS
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Reading, Report
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.history import FactShown
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["assessments"])

OF_THE_LINE = frozenset({"adjust", "sign-off", "return", "answer-appeal"})
OF_THE_PERSON = frozenset({"acknowledge", "appeal"})
RATERS = ("raters", "ratings")
"""What the person assessed does not see: who rated, and who how."""


@router.get(
    "/assessments", operation_id="assessments.list", response_model=Listed[AssessmentRow], responses=refuses(422)
)
async def assessments(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    cycle: Cycle | None = None,
    status: ResultStatus | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-month", "month"] = "-month",
) -> Any:
    """Assessments as they stood, of whom the asker may see them: one's own, as head of lower posts, as HR."""
    asking = await ask.of(ASSESSMENTS, UNITS)
    which = report.Which(None if month is None else first_day(month), unit_id, owner_id, status, cycle)
    items, after = await report.assessments(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get(
    "/assessments/to-rate", operation_id="assessments.to_rate", response_model=RatingsAsked, responses=refuses(422)
)
async def to_rate(ask: Ask) -> Any:
    """The assessments the asker is asked to rate, with the version to rate on; no results."""
    asking = await ask.of(ASSESSMENTS, UNITS)
    return ask.records(asking, await report.to_rate(ask.pool, asking, ask.labels, ask.read.principal.person_id))


@router.get("/assessments/{assessment_id}", operation_id="assessments.read", responses=refuses(404))
async def assessment(assessment_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One assessment with its whole computation and history; to the person assessed without who rated how."""
    found = await _shown(reading, response, Assessment, assessment_id, seen=sees)
    return without_raters(found) if _is_own(reading, found) else found


@router.get(
    "/commissions", operation_id="commissions.list", response_model=Listed[CommissionRow], responses=refuses(422)
)
async def commissions(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    status: ResultStatus | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-month", "month"] = "-month",
) -> Any:
    """Commission proposals as they stood, of whom the asker may see them."""
    asking = await ask.of(COMMISSIONS, UNITS)
    which = report.Which(None if month is None else first_day(month), unit_id, owner_id, status)
    items, after = await report.commissions(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/commissions/{commission_id}", operation_id="commissions.read", responses=refuses(404))
async def commission(commission_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One commission proposal with its whole computation and history."""
    return await _shown(reading, response, Commission, commission_id, seen=sees_pay)


async def _shown(reading: Reading, response: Response, kind: type[Any], id: UUID, *, seen: Any) -> RecordShown:
    def actions(record: Result) -> Iterable[str]:
        own = record.standing["owner_id"] == reading.principal.person_id
        for name, act in ACTS.items():
            hidden = (OF_THE_LINE | {"propose"}) if own else OF_THE_PERSON
            if name not in hidden and record.possible(act):
                yield name
        if not own:
            yield from ("correct", "void")
            if isinstance(record, Assessment) and record.possible("Rated"):
                yield "rate"

    named = ("signed_by", "proposed_by", "answered_by")
    return await shown(reading, response, kind, id, actions=actions, people=named, seen=seen)


def _is_own(reading: Reading, found: RecordShown) -> bool:
    return str(found.standing["owner_id"]) == str(reading.principal.person_id)


def without_raters(found: RecordShown) -> RecordShown:
    """The same without who was asked to rate, who rated and how; their means stay in the parts."""
    standing = {name: value for name, value in found.standing.items() if name not in RATERS}
    history = [_without(fact) for fact in found.history]
    kept = {
        UUID(str(standing[name]))
        for name in ("owner_id", "signed_by", "proposed_by", "answered_by")
        if name in standing
    }
    kept |= {id for fact in history for id in (fact.actor, fact.on_behalf_of) if id is not None}
    people = {id: name for id, name in found.people.items() if id in kept}
    return found.model_copy(update={"standing": standing, "history": history, "people": people})


def _without(fact: FactShown) -> FactShown:
    cut = {
        name: {key: value for key, value in (getattr(fact, name) or {}).items() if key not in RATERS}
        for name in ("said", "changes")
    }
    if fact.first_changes is not None:
        cut["first_changes"] = {key: value for key, value in fact.first_changes.items() if key not in RATERS}
    who = {"actor": None, "on_behalf_of": None} if fact.type == "AssessmentRated" else {}
    return fact.model_copy(update={**cut, **who})
