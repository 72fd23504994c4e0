"""The tables people work with: board, hot customers, defeats and outcomes, as of any day, as known at any time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Query

from services.opportunities.follow_ups.rules import rules
from services.opportunities.follow_ups.views import FOLLOW_UP_POLICIES
from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.policies.views.reason_catalogues import REASON_CATALOGUES
from services.opportunities.products.view import PRODUCTS
from services.opportunities.reports import defeats as defeat_table
from services.opportunities.reports import hot_changes as changes_table
from services.opportunities.reports import hot_customers as hot_table
from services.opportunities.reports import outcomes as outcome_table
from services.opportunities.reports import pipeline as board
from services.opportunities.reports import reviews as review_table
from services.opportunities.reports.hot_changes import Change
from services.opportunities.reports.shapes import (
    DefeatAnalysis,
    DefeatRow,
    HotChanges,
    HotCustomers,
    OutcomeRow,
    Pipeline,
    PipelineDiff,
)
from services.opportunities.reports.shapes import Report as Rows
from services.opportunities.routes.asked import Ask, PolicyCode, Which, days, dimensions
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.contacts import CONTACTS
from services.opportunities.views.defeats import DEFEATS
from services.opportunities.views.requests import REQUESTS, VERIFICATIONS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import end_of
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import FromDay, ToDay
from shared.http.route import Router

router = Router(prefix="/v1", tags=["reports"], dependencies=[Depends(limited("heavy"))])

GroupBy = Annotated[str | None, Query(max_length=100, description="One or two dimensions, by comma.")]
Text = Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")]


@router.get("/pipeline", operation_id="reports.pipeline", response_model=Pipeline, responses=refuses(422))
async def pipeline(
    ask: Ask,
    which: Which,
    policy: PolicyCode = None,
    level: board.LevelKind = "declared",
    weight: board.Weight = "policy",
    group_by: GroupBy = None,
) -> Any:
    """The pipeline board (漏斗): the open stock by level, declared or computed; orders not yet delivered beside it.

    Every level is there, with zero where nothing stands; one set of rows per currency and group. Grouped by product or
    account kind a deal may be in several groups; `stock` counts each once. Dimensions: owner, org_unit, branch, region,
    product, channel, account_kind.
    """
    by = dimensions(group_by, board.KEYS)
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS, PRODUCTS)
    applied = await ask.policy(asking, policy)
    report = await board.pipeline(
        ask.pool, asking, applied, ask.labels, level=level, weight=weight, group_by=by, filters=which
    )
    return ask.answer(asking, {**report, "policy": applied.code, "level": level, "weight": weight})


@router.get("/pipeline/diff", operation_id="reports.pipeline_diff", response_model=PipelineDiff, responses=refuses(422))
async def pipeline_diff(
    ask: Ask,
    which: Which,
    policy_b: Annotated[str, Query(max_length=100, description="The policy to compare with, by its code.")],
    policy_a: PolicyCode = None,
) -> Any:
    """Who would move: prospects whose computed level is another under policy b than under policy a."""
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS)
    first = await ask.policy(asking, policy_a, "policy_a")
    second = await ask.policy(asking, policy_b, "policy_b")
    report = await board.pipeline_diff(ask.pool, asking, first, second, ask.labels, which)
    return ask.records(asking, {**report, "policy_a": first.code, "policy_b": second.code})


@router.get("/hot-customers", operation_id="reports.hot_customers", response_model=HotCustomers, responses=refuses(422))
async def hot_customers(ask: Ask, which: Which, policy: PolicyCode = None) -> Any:
    """The hot-customer table (热点客户管理表): declared or computed H; overdue first, then by days left."""
    asking = await ask.of(STANDINGS, CONTACTS, ACCOUNTS, LEVEL_POLICIES, FOLLOW_UP_POLICIES, UNITS, PRODUCTS)
    applied = await ask.policy(asking, policy)
    followed = await rules(ask.pool, asking, policy)
    report = await hot_table.hot_customers(ask.pool, asking, applied, ask.labels, which, followed)
    return ask.records(asking, {**report, "policy": applied.code})


@router.get(
    "/hot-customers/changes",
    operation_id="reports.hot_changes",
    response_model=HotChanges,
    responses=refuses(422),
)
async def hot_changes(
    ask: Ask,
    which: Which,
    since: FromDay = None,
    until: ToDay = None,
    change: Change | None = None,
    policy: PolicyCode = None,
) -> Any:
    """Changes of the hot-customer table between the ends of two days, row by row; default the last seven days.

    Who entered and from where, who left and to where, what moved of those who stayed: level, expected day, amount,
    owner; instructions given and done. What entered and left again in between is not there.
    """
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS)
    last = min(until or asking.day, asking.day)
    first = since or last - timedelta(days=7)
    days(first, last)
    then = replace(asking, at=end_of(first, asking.zone))
    on_last = asking if last >= asking.day else replace(asking, at=end_of(last, asking.zone))
    report = await changes_table.hot_changes(
        ask.pool,
        asking,
        (await ask.policy(then, policy), await ask.policy(on_last, policy)),
        ask.labels,
        since=first,
        until=last,
        filters=which,
        change=change,
    )
    return ask.records(asking, report)


@router.get("/defeats", operation_id="reports.defeats", response_model=Rows[DefeatRow], responses=refuses(422))
async def defeats(
    ask: Ask, which: Which, since: FromDay = None, until: ToDay = None, category: Text = None, reason: Text = None
) -> Any:
    """The defeat table: one row per approved defeat, the latest first."""
    days(since, until)
    asking = await ask.of(DEFEATS, STANDINGS, CONTACTS, ACCOUNTS, UNITS, PRODUCTS, REASON_CATALOGUES)
    wanted = defeat_table.Defeats(since, until, category, reason, which)
    return ask.records(asking, await defeat_table.defeats(ask.pool, asking, ask.labels, wanted))


@router.get(
    "/defeats/analysis", operation_id="reports.defeat_analysis", response_model=DefeatAnalysis, responses=refuses(422)
)
async def defeat_analysis(
    ask: Ask,
    which: Which,
    group_by: GroupBy = "reason",
    since: FromDay = None,
    until: ToDay = None,
    category: Text = None,
    reason: Text = None,
) -> Any:
    """The defeat analysis (战败客户分析表): count, share, cumulative share, units, amounts and mentions by group.

    Dimensions, one or two: category, reason, competitor, product, owner, org_unit, branch, region, level
    (before), month.
    """
    days(since, until)
    by = dimensions(group_by, defeat_table.KEYS) or ("reason",)
    asking = await ask.of(DEFEATS, REQUESTS, VERIFICATIONS, ACCOUNTS, UNITS, PRODUCTS, REASON_CATALOGUES)
    wanted = defeat_table.Defeats(since, until, category, reason, which)
    report = await defeat_table.defeat_analysis(ask.pool, asking, ask.labels, group_by=by, which=wanted)
    asked = review_table.Which(since, until, "defeat", category, reason, which)
    approvals = (await review_table.reviews(ask.pool, asking, ask.labels, which=asked))["total"]
    return ask.answer(asking, {**report, "approvals": approvals})


@router.get("/outcomes", operation_id="reports.outcomes", response_model=Rows[OutcomeRow], responses=refuses(422))
async def outcomes(
    ask: Ask, which: Which, group_by: outcome_table.GroupBy = "owner", since: FromDay = None, until: ToDay = None
) -> Any:
    """What was captured, won, lost and is open, with win rate, amount won and cycle days, by a key and currency.

    Captured counts by the day of record, won and lost by the day of the order or defeat; open is neither at `to`.
    Credit goes to the owner, unit and channel at that time. `office` is the branch a unit belongs to.
    """
    days(since, until)
    asking = await ask.of(STANDINGS, ACCOUNTS, UNITS, PRODUCTS)
    report = await outcome_table.outcomes(
        ask.pool, asking, ask.labels, group_by=group_by, since=since, until=until, filters=which
    )
    return ask.answer(asking, report)
