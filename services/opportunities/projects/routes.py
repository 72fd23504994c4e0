"""Commands on projects over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.opportunities.projects.acting import PROJECTS, act
from services.opportunities.projects.commands import (
    AssessRisk,
    AssignManager,
    BudgetProject,
    CloseProject,
    CloseRisk,
    EnterCost,
    FinishPoint,
    HoldAcceptance,
    LearnLesson,
    OpenProject,
    ReachMilestone,
    ReplanProject,
    ReviewProject,
)
from services.opportunities.projects.project import Project
from services.opportunities.projects.reads import router as router
from services.opportunities.routes import records
from services.opportunities.routes.acting import moment
from services.opportunities.routes.records import require_opportunity
from services.opportunities.routes.references import (
    account_standing,
    owner_and_unit,
    require_account,
    require_people,
)
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.records.corrections import CorrectFact, VoidFact

CHANGES = refuses(404, 409, 412, 422, 428)


@router.post(
    "/projects", tags=["projects"], status_code=201, operation_id="projects.open", responses=refuses(403, 409, 422)
)
async def open_project(command: OpenProject, ctx: Ctx) -> Receipt:
    """Set up a project for an opportunity, or for an account."""
    ctx.require_dealing()
    id = ctx.new_id(Project.stream_type)

    async def decide(work: Work) -> Project:
        account_id = command.account_id
        if command.opportunity_id is not None:
            opportunity = await require_opportunity(ctx, command.opportunity_id)
            theirs = opportunity.standing.get("account_id")
            if account_id is not None and account_id != theirs:
                raise Refused(
                    "other_account", "that opportunity belongs to another account", status=422, pointer="/account_id"
                )
            account_id = theirs
            owner_id, unit_id = opportunity.standing["owner_id"], opportunity.standing["unit_id"]
        elif account_id is not None:
            await require_account(ctx, account_id)
            owner_id, unit_id = await _of_account(ctx, account_id)
        else:
            raise Refused("no_subject", "of an opportunity or of an account", status=422, pointer="/opportunity_id")
        manager_id = await _manager(ctx, command.manager_id)
        now = await moment(ctx, command.on)
        return work.add(
            Project.open(
                command,
                id=id,
                account_id=account_id,
                owner_id=owner_id,
                unit_id=unit_id,
                manager_id=manager_id,
                at=now.at,
            )
        )

    return await PROJECTS.together(ctx, decide, status=201, location=f"/v1/projects/{id}")


@router.post("/projects/{project_id}/replan", tags=["projects"], operation_id="projects.replan", responses=CHANGES)
async def replan(project_id: UUID, command: ReplanProject, ctx: CtxMatch) -> Receipt:
    """Plan anew; the first planned day of each milestone stays known."""
    return await act(ctx, project_id, lambda project, now: project.replan(command, at=now.at), on=command.on)


@router.post("/projects/{project_id}/budget", tags=["projects"], operation_id="projects.budget", responses=CHANGES)
async def budget(project_id: UUID, command: BudgetProject, ctx: CtxMatch) -> Receipt:
    """Set the whole budget anew."""
    return await act(ctx, project_id, lambda project, now: project.set_budget(command, at=now.at), on=command.on)


@router.post(
    "/projects/{project_id}/assign-manager",
    tags=["projects"],
    operation_id="projects.assign_manager",
    responses=CHANGES,
)
async def assign_manager(project_id: UUID, command: AssignManager, ctx: CtxMatch) -> Receipt:
    """Make somebody else the project's manager, who sees it from then on."""

    async def check(_: Project) -> None:
        await _manager(ctx, command.manager_id)

    return await act(
        ctx, project_id, lambda project, now: project.assign(command.manager_id, at=now.at), on=command.on, check=check
    )


@router.post(
    "/projects/{project_id}/reach-milestone",
    tags=["projects"],
    operation_id="projects.reach_milestone",
    responses=CHANGES,
)
async def reach_milestone(project_id: UUID, command: ReachMilestone, ctx: CtxMatch) -> Receipt:
    """A milestone was reached."""
    return await act(
        ctx, project_id, lambda project, now: project.reach(command, at=now.at, day=now.day), on=command.on
    )


@router.post(
    "/projects/{project_id}/enter-cost", tags=["projects"], operation_id="projects.enter_cost", responses=CHANGES
)
async def enter_cost(project_id: UUID, command: EnterCost, ctx: CtxMatch) -> Receipt:
    """Money was spent, in the project's currency."""
    return await act(
        ctx, project_id, lambda project, now: project.spend(command, at=now.at, day=now.day), on=command.on
    )


@router.post("/projects/{project_id}/review", tags=["projects"], operation_id="projects.review", responses=CHANGES)
async def review(project_id: UUID, command: ReviewProject, ctx: CtxMatch) -> Receipt:
    """The project was reviewed, with what was found."""
    return await act(
        ctx, project_id, lambda project, now: project.review(command, by=now.by, at=now.at, day=now.day), on=command.on
    )


@router.post(
    "/projects/{project_id}/assess-risk", tags=["projects"], operation_id="projects.assess_risk", responses=CHANGES
)
async def assess_risk(project_id: UUID, command: AssessRisk, ctx: CtxMatch) -> Receipt:
    """A risk is seen, or is seen otherwise."""

    async def check(_: Project) -> None:
        if command.owner_id is not None:
            await _known_person(ctx, command.owner_id, "/owner_id")

    return await act(
        ctx, project_id, lambda project, now: project.assess(command, at=now.at, day=now.day), on=command.on,
        check=check,
    )  # fmt: skip


@router.post(
    "/projects/{project_id}/close-risk", tags=["projects"], operation_id="projects.close_risk", responses=CHANGES
)
async def close_risk(project_id: UUID, command: CloseRisk, ctx: CtxMatch) -> Receipt:
    """A risk is over."""
    return await act(
        ctx, project_id, lambda project, now: project.close_risk(command, at=now.at, day=now.day), on=command.on
    )


@router.post(
    "/projects/{project_id}/hold-acceptance",
    tags=["projects"],
    operation_id="projects.hold_acceptance",
    responses=CHANGES,
)
async def hold_acceptance(project_id: UUID, command: HoldAcceptance, ctx: CtxMatch) -> Receipt:
    """The customer accepted (验收), with or without open points, or refused."""

    async def check(project: Project) -> None:
        if command.person_id is not None:
            persons = [(command.person_id, "/person_id")]
            await require_account(ctx, project.standing.get("account_id"), persons, of_opportunity=True)

    return await act(
        ctx, project_id, lambda project, now: project.hold_acceptance(command, at=now.at, day=now.day), on=command.on,
        check=check,
    )  # fmt: skip


@router.post(
    "/projects/{project_id}/finish-point", tags=["projects"], operation_id="projects.finish_point", responses=CHANGES
)
async def finish_point(project_id: UUID, command: FinishPoint, ctx: CtxMatch) -> Receipt:
    """A point left open at acceptance is done."""
    return await act(
        ctx, project_id, lambda project, now: project.finish_point(command, at=now.at, day=now.day), on=command.on
    )


@router.post(
    "/projects/{project_id}/learn-lesson", tags=["projects"], operation_id="projects.learn_lesson", responses=CHANGES
)
async def learn_lesson(project_id: UUID, command: LearnLesson, ctx: CtxMatch) -> Receipt:
    """What to do otherwise next time."""
    return await act(
        ctx, project_id, lambda project, now: project.learn(command, by=now.by, at=now.at, day=now.day), on=command.on
    )


@router.post("/projects/{project_id}/close", tags=["projects"], operation_id="projects.close", responses=CHANGES)
async def close(project_id: UUID, command: CloseProject, ctx: CtxMatch) -> Receipt:
    """Nothing more is done."""
    return await act(
        ctx, project_id, lambda project, now: project.close(command, at=now.at, day=now.day), on=command.on
    )


@router.post("/projects/{project_id}/correct", tags=["projects"], operation_id="projects.correct", responses=CHANGES)
async def correct(project_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""
    return await records.correct(ctx, PROJECTS, project_id, command)


@router.post("/projects/{project_id}/void", tags=["projects"], operation_id="projects.void", responses=CHANGES)
async def void(project_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await records.void(ctx, PROJECTS, project_id, command)


# -- who and what it refers to -------------------------------------------------------------------------------


async def _manager(ctx: CommandContext, manager_id: UUID | None) -> UUID:
    """Who manages it: default who enters it. Raises Refused 422 `unknown_person`."""
    if manager_id is None:
        return ctx.principal.acting_for
    await _known_person(ctx, manager_id, "/manager_id")
    return manager_id


async def _known_person(ctx: CommandContext, person_id: UUID, pointer: str) -> None:
    try:
        await require_people(ctx, [person_id], pointer)
    except Refused as refused:
        refused.pointer = pointer
        raise


async def _of_account(ctx: CommandContext, account_id: UUID) -> tuple[UUID, UUID]:
    """Owner and unit of an account; of one without, of who enters it."""
    standing = await account_standing(ctx.kit.pool, ctx.tenant_id, account_id)
    owner, unit = standing.get("owner_id"), standing.get("unit_id")
    if owner is not None and unit is not None:
        return UUID(owner), UUID(unit)
    return await owner_and_unit(ctx, None, None)
