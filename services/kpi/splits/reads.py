"""Splits and confirmations, read: lists, one with its history, the table of a split, the printable page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import HTMLResponse

from services.kpi import events
from services.kpi.acting import UNIT_NAMES, RecordShown, sees, shown
from services.kpi.answers import figure
from services.kpi.asked import Ask
from services.kpi.events import ConfirmationStatus, SplitStatus
from services.kpi.month import MonthAsked, first_day
from services.kpi.plans.targets import TARGET_VIEWS
from services.kpi.splits import listing
from services.kpi.splits import table as split_table
from services.kpi.splits.confirmation import ACTIONS as CONFIRMING
from services.kpi.splits.confirmation import Confirmation
from services.kpi.splits.events import PersonalTarget
from services.kpi.splits.page import Objection, Paper, TargetLine, rendered
from services.kpi.splits.shapes import ConfirmationRow, SplitRow, SplitTable
from services.kpi.splits.split import ACTIONS as SPLITTING
from services.kpi.splits.split import Split
from services.kpi.splits.views import CONFIRMATIONS, SPLITS
from services.kpi.views.products import PRODUCTS
from services.kpi.views.units import UNITS
from shared.http.limits import limited
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.identity.approval import APPROVES
from shared.identity.principal import Principal
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of

router = Router(prefix="/v1")

Late = Annotated[bool | None, Query(description="Not confirmed, though the time is over; or all others.")]


@router.get(
    "/splits", tags=["splits"], operation_id="splits.list", response_model=Listed[SplitRow], responses=refuses(422)
)
async def splits(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    status: SplitStatus | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-month", "month"] = "-month",
) -> Any:
    """Splits as they stood: whether they close, who has confirmed, who is late."""
    asking = await ask.of(SPLITS, CONFIRMATIONS, UNITS)
    which = listing.Splits(None if month is None else first_day(month), unit_id, status)
    items, after = await listing.splits(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/splits/{split_id}", tags=["splits"], operation_id="splits.read", responses=refuses(404))
async def split(split_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One split as of a day, with its history; who gets what with names is its table."""

    def actions(split: Split) -> Iterable[str]:
        if not reading.principal.has(*APPROVES):
            return ()
        return (name for name, fact in SPLITTING.items() if split.can(getattr(events, fact)))

    found = await shown(reading, response, Split, split_id, actions=actions, people=("issued_by",))
    lines = found.standing["lines"]
    named = {UUID(line["person_id"]) for line in lines if line["person_id"] is not None}
    units = {UUID(line["unit_id"]) for line in lines if line["unit_id"] is not None}
    rows = await reading.pool.fetch(UNIT_NAMES, reading.tenant_id, list(units)) if units else ()
    people = await people_names(reading.kit, reading.tenant_id, named)
    called = {row["id"]: row["name"] for row in rows}
    return found.model_copy(update={"people": found.people | people, "units": found.units | called})


@router.get(
    "/splits/{split_id}/table",
    tags=["splits"],
    operation_id="splits.table",
    response_model=SplitTable,
    responses=refuses(404, 422),
)
async def table(split_id: UUID, ask: Ask) -> Any:
    """Who gets what of one split, by what weight, with the totals, what is left and the confirmations (分解表)."""
    current: Split | None = await ask.read.kit.repository(Split).load(ask.read.tenant_id, split_id)
    if current is None or not await sees(ask.read.kit, ask.read.principal, current):
        raise Problem(404, "not_found")
    asking = await ask.of(SPLITS, CONFIRMATIONS, PRODUCTS, *TARGET_VIEWS)
    found = await split_table.table(ask.pool, asking, ask.labels, split_id)
    if found is None:
        raise Problem(404, "not_found")
    return ask.records(asking, found)


@router.get(
    "/confirmations",
    tags=["splits"],
    operation_id="confirmations.list",
    response_model=Listed[ConfirmationRow],
    responses=refuses(422),
)
async def confirmations(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    status: ConfirmationStatus | None = None,
    person_id: UUID | None = None,
    split_id: UUID | None = None,
    late: Late = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-month", "month", "confirm_by"] = "-month",
) -> Any:
    """Personal target confirmations as they stood: who confirmed, who objected, who is late."""
    asking = await ask.of(CONFIRMATIONS, UNITS)
    which = listing.Confirmations(
        None if month is None else first_day(month), unit_id, person_id, split_id, status, late
    )
    items, after = await listing.confirmations(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page has a style of its own, and nothing else."""
OWN, ABOVE = frozenset({"confirm", "object"}), frozenset({"answer"})


def _possible(principal: Principal) -> Callable[[Confirmation], Iterable[str]]:
    """What can be done now, by this one: confirmed by the person, answered by heads, never by the person."""

    def actions(confirmation: Confirmation) -> Iterable[str]:
        own = principal.person_id == confirmation.standing["owner_id"]
        never = ABOVE if own or not principal.has(*APPROVES) else frozenset[str]()
        if not own:
            never |= OWN
        return (
            name for name, fact in CONFIRMING.items() if name not in never and confirmation.can(getattr(events, fact))
        )

    return actions


@router.get(
    "/confirmations/{confirmation_id}",
    tags=["splits"],
    operation_id="confirmations.read",
    responses=refuses(404),
)
async def confirmation(confirmation_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One person's targets of a month as of a day, with objections, answers and history."""
    return await shown(
        reading, response, Confirmation, confirmation_id, actions=_possible(reading.principal), people=("answered_by",)
    )


@router.get(
    "/confirmations/{confirmation_id}/page",
    tags=["splits"],
    operation_id="confirmations.page",
    response_class=HTMLResponse,
    responses=refuses(404),
    dependencies=[Depends(limited("heavy"))],
)
async def page(confirmation_id: UUID, ask: Ask) -> HTMLResponse:
    """The personal target confirmation 个人目标确认书 to print, in Chinese; it loads nothing from elsewhere."""
    reading = ask.read
    found = await shown(reading, Response(), Confirmation, confirmation_id, actions=_possible(reading.principal))
    record: Confirmation = reading.kit.repository(Confirmation).replay(
        await reading.kit.store.load(reading.tenant_id, confirmation_id, until_position=reading.known_at)
    )
    standing = record.standing_at(reading.as_of)
    asking = await ask.of(PRODUCTS)
    targets: Sequence[PersonalTarget] = standing["targets"]
    wanted: Sequence[PersonalTarget] = standing.get("wanted", ())
    products = await ask.labels.products(ask.pool, asking, {one.product for one in (*targets, *wanted)})
    names = await people_names(reading.kit, reading.tenant_id, [standing["owner_id"]])

    def lines(given: Sequence[PersonalTarget]) -> list[TargetLine]:
        return [
            TargetLine(
                one.measure,
                None if one.product is None else products.get(one.product, one.product),
                figure(one.target, one.currency) or "",
                figure(one.stretch, one.currency),
                one.currency,
            )
            for one in given
        ]

    said = {entry.version: entry.type for entry in record.entries() if entry.occurred_at <= reading.as_of}
    objected = max((version for version, type in said.items() if type == "TargetObjected"), default=None)
    answered = max((version for version, type in said.items() if type == "ObjectionAnswered"), default=None)
    objection = None
    if objected is not None and standing.get("objected_on") is not None:
        objection = Objection(
            found.texts.get(f"objection_{objected}"),
            lines(wanted),
            standing.get("verdict"),
            None if answered is None else found.texts.get(f"answer_{answered}"),
        )
    paper = Paper(
        id=str(confirmation_id),
        version=record.version,
        month=standing["month"],
        person=names.get(standing["owner_id"], "（已删除）"),
        unit=found.units.get(standing["unit_id"], ""),
        status=str(standing["status"]),
        number=standing["number"],
        confirm_by=standing["confirm_by"],
        confirmed_on=standing.get("confirmed_on"),
        targets=lines(targets),
        objection=objection,
        day=reading.day,
    )
    return HTMLResponse(rendered(paper), headers={"content-security-policy": POLICY})
