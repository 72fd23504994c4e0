"""Improvement loops and training needs, read: one with its history, the lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.kpi import events
from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.assessments.sight import sees
from services.kpi.events import FindingSource, ImprovementStatus, TrainingStatus
from services.kpi.improvements import report
from services.kpi.improvements.acting import sees_improvement
from services.kpi.improvements.defeats_view import DEFEAT_REASONS
from services.kpi.improvements.findings import OWN_PEOPLE, Defeats, findings
from services.kpi.improvements.improvement import ACTIONS, Improvement
from services.kpi.improvements.shapes import FindingsReport, ImprovementRow, TrainingRow
from services.kpi.improvements.training import ACTIONS as TRAINING_ACTIONS
from services.kpi.improvements.training import TrainingNeed
from services.kpi.improvements.views import IMPROVEMENTS, TRAINING
from services.kpi.views.units import UNITS
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId, days
from shared.records.fields import Code
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["improvements"])


@router.get(
    "/improvements", operation_id="improvements.list", response_model=Listed[ImprovementRow], responses=refuses(422)
)
async def improvements(
    ask: Ask,
    page: Paged,
    status: ImprovementStatus | None = None,
    source: FindingSource | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["due_on", "-due_on"] = "due_on",
) -> Any:
    """Improvement loops (PDCA) as they stood: measures done and late, the KPI before and after."""
    asking = await ask.of(IMPROVEMENTS, UNITS)
    which = report.Which(unit_id, owner_id, status, source)
    items, after = await report.improvements(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/improvements/{improvement_id}", operation_id="improvements.read", responses=refuses(404))
async def improvement(improvement_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One improvement loop as of a day, with its history."""

    def actions(record: Improvement) -> Iterable[str]:
        return (name for name, fact in ACTIONS.items() if record.can(getattr(events, fact)))

    return await shown(reading, response, Improvement, improvement_id, actions=actions, seen=sees_improvement)


@router.get(
    "/training-needs", operation_id="training_needs.list", response_model=Listed[TrainingRow], responses=refuses(422)
)
async def training_needs(
    ask: Ask,
    page: Paged,
    status: TrainingStatus | None = None,
    source: FindingSource | None = None,
    reason: Code | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-proposed_at", "proposed_at"] = "-proposed_at",
) -> Any:
    """Training needs as they stood, of whom the asker may see them: course, result, effect."""
    asking = await ask.of(TRAINING, UNITS)
    which = report.Which(unit_id, owner_id, status, source, reason)
    items, after = await report.training_needs(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/training-needs/{need_id}", operation_id="training_needs.read", responses=refuses(404))
async def training_need(need_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One training need as of a day, with its history."""

    def actions(record: TrainingNeed) -> Iterable[str]:
        return (name for name, fact in TRAINING_ACTIONS.items() if record.can(getattr(events, fact)))

    return await shown(reading, response, TrainingNeed, need_id, actions=actions, seen=sees)


@router.get(
    "/kpi/training-findings",
    operation_id="kpi.training_findings",
    response_model=FindingsReport,
    responses=refuses(422),
)
async def training_findings(
    ask: Ask,
    from_day: FromDay = None,
    to_day: ToDay = None,
    category: Annotated[Code, Query(description="Of the reason catalogue: whose reasons ask for training.")] = (
        OWN_PEOPLE
    ),
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
) -> Any:
    """Defeats through our own people, by person and reason, with the training needs that are open for them."""
    days(from_day, to_day)
    asking = await ask.of(DEFEAT_REASONS, TRAINING, UNITS)
    which = Defeats(from_day, to_day, unit_id, owner_id, category)
    return ask.records(asking, await findings(ask.pool, asking, ask.labels, which=which))
