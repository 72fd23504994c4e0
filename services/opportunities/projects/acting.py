"""How a command on a project is carried out, and who sees one. Decides no rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from services.opportunities.projects.project import Project
from services.opportunities.routes.acting import Moment, moment
from services.opportunities.routes.records import sees_record
from services.opportunities.routes.references import account_standing, sees_account
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.receipt import Receipt
from shared.identity.principal import Principal

Step = Callable[[Project, Moment], None]
Check = Callable[[Project], Awaitable[None]]


async def sees_project(kit: Kit, principal: Principal, project: Project) -> bool:
    """Who sees its opportunity, or its account where there is none; and its manager, wherever they are."""
    sight = await kit.sight(principal)
    if project.standing.get("manager_id") in sight.selves or sight.everything:
        return True
    if project.standing.get("opportunity_id") is not None:
        return await sees_record(kit, principal, project)
    account = await account_standing(kit.pool, principal.tenant_id, project.standing["account_id"])
    return bool(account) and sees_account(sight, account)


async def _sees(ctx: CommandContext, project: Project) -> bool:
    return await sees_project(ctx.kit, ctx.principal, project)


PROJECTS: Commands[Project] = Commands(Project, sees=_sees)


async def act(
    ctx: CommandContext, id: UUID, step: Step, *, on: date | None = None, check: Check | None = None
) -> Receipt:
    """Carry out one command on one project. `check` looks at what it refers to."""

    async def decide(work: Work) -> Project:
        project = await work.load(PROJECTS, id, matched=True)
        if check is not None:
            await check(project)
        step(project, await moment(ctx, on, project))
        return project

    return await PROJECTS.together(ctx, decide)
