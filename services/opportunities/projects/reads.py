"""Projects, read: one with its history, the list, plan against actual."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from services.opportunities import events
from services.opportunities.events import ProjectStatus
from services.opportunities.projects import plan_actual
from services.opportunities.projects.acting import sees_project
from services.opportunities.projects.project import ACTIONS, Project
from services.opportunities.projects.shapes import ProjectRow, ProjectsReport
from services.opportunities.projects.views import PROJECTS
from services.opportunities.routes import records
from services.opportunities.routes.asked import Ask, TreeAsked, UnitId
from services.opportunities.routes.records import RecordShown
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.records.pages import listed, page_of

router = Router(prefix="/v1")

Late = Annotated[bool | None, Query(description="With, or without, a milestone that is late.")]
InTree = TreeAsked


@router.get(
    "/projects",
    operation_id="projects.list",
    tags=["projects"],
    response_model=Listed[ProjectRow],
    responses=refuses(422),
)
async def projects(
    ask: Ask,
    page: Paged,
    status: ProjectStatus | None = None,
    opportunity_id: UUID | None = None,
    account_id: UUID | None = None,
    manager_id: UUID | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: InTree = "then",
    late: Late = None,
    sort: Literal["-opened_at", "opened_at"] = "-opened_at",
) -> Any:
    """Projects as they stood: milestones late, budget used, open risks, acceptance."""
    asking = await ask.of(PROJECTS, STANDINGS, ACCOUNTS, UNITS)
    items, after = await plan_actual.projects(
        ask.pool,
        asking,
        ask.labels,
        which=plan_actual.Projects(status, opportunity_id, account_id, manager_id, owner_id, unit_id, late),
        sort=sort,
        page=page_of(page),
    )
    return listed(page, items, after)


@router.get("/projects/{project_id}", operation_id="projects.read", tags=["projects"], responses=refuses(404))
async def project(project_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One project as of a day, with its history."""

    def actions(project: Project) -> Iterable[str]:
        return (name for name, fact in ACTIONS.items() if project.can(getattr(events, fact)))

    return await records.shown(
        reading, response, Project, project_id, actions=actions, people=("manager_id",), seen=sees_project
    )


@router.get(
    "/reports/projects",
    operation_id="reports.projects",
    tags=["reports"],
    response_model=ProjectsReport,
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def report(
    ask: Ask,
    status: ProjectStatus | None = None,
    account_id: UUID | None = None,
    manager_id: UUID | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: InTree = "then",
    late: Late = None,
) -> Any:
    """Plan against actual of every project: milestones, money, risks, acceptance; the latest opened first."""
    asking = await ask.of(PROJECTS, STANDINGS, ACCOUNTS, UNITS)
    which = plan_actual.Projects(status, None, account_id, manager_id, owner_id, unit_id, late)
    return ask.records(asking, await plan_actual.report(ask.pool, asking, ask.labels, which=which))
