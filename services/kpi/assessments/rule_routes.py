"""Assessment schemes and commission rules over HTTP: published, and in force on a day. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.kpi.assessments.commands import (
    PartGiven,
    PublishCommissionRule,
    PublishScheme,
    StepGiven,
    TableGiven,
)
from services.kpi.assessments.commission_rule import CommissionRule, CommissionRules
from services.kpi.assessments.scheme import AssessmentSchemes, Scheme
from services.kpi.engine.choices import definition_of
from services.kpi.events import (
    Cycle,
    Factor,
    PartSource,
    PointStep,
    PointTable,
    RuleLine,
    Scale,
    SchemePart,
)
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.context import Ctx, Parts, Who
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import HR
from shared.records.fields import Day
from shared.records.of_day import of_day
from shared.records.publishing import PUBLISHERS, publish

router = Router(prefix="/v1", tags=["assessments"])

DayText = Annotated[Day | None, Query(description="In force on this day; default today.")]
PUBLISHES = PUBLISHERS | {HR}


class StepShown(BaseModel):
    """A bound and its points, or its factor."""

    model_config = ConfigDict(from_attributes=True)

    bound: Decimal
    points: Decimal


class TableShown(BaseModel):
    """From a value to points."""

    model_config = ConfigDict(from_attributes=True)

    scale: Scale
    steps: Sequence[StepShown]
    otherwise: Decimal
    most: Decimal


class PartShown(BaseModel):
    """One weighted part."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str
    weight: Decimal
    source: PartSource
    kpi: str | None
    table: TableShown | None
    rater: str | None
    aspect: str | None
    of_unit: bool
    missing_counts_zero: bool


class SchemeRow(BaseModel):
    """The scheme of a post and cycle in force on the day."""

    model_config = ConfigDict(from_attributes=True)

    post: str
    cycle: Cycle = Field(title="周期")
    effective_from: date
    parts: Sequence[PartShown] = Field(title="考核项")


class SchemesShown(BaseModel):
    """All posts that are assessed."""

    on: date
    rows: Sequence[SchemeRow]


class RuleLineShown(BaseModel):
    """What is paid for a KPI."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kpi: str
    rate: Decimal
    currency: str | None
    product: str | None


class FactorShown(BaseModel):
    """What the commission is multiplied by."""

    model_config = ConfigDict(from_attributes=True)

    kpi: str
    steps: Sequence[StepShown]
    otherwise: Decimal


class RuleRow(BaseModel):
    """What a post is paid, in force on the day."""

    model_config = ConfigDict(from_attributes=True)

    post: str
    effective_from: date
    lines: Sequence[RuleLineShown]
    factor: FactorShown | None = Field(title="系数")


class RulesShown(BaseModel):
    """All posts that are paid commission."""

    on: date
    rows: Sequence[RuleRow]


@router.post(
    "/assessment-schemes", status_code=201, operation_id="assessment_schemes.publish", responses=refuses(403, 409, 422)
)
async def publish_scheme(command: PublishScheme, ctx: Ctx) -> Receipt:
    """Publish how a post is assessed, from a day on (考核方案)."""

    def published(stream: AssessmentSchemes | None) -> AssessmentSchemes:
        parts = tuple(_part(part, index) for index, part in enumerate(command.parts))
        scheme = Scheme(command.effective_from, command.post, command.cycle, parts)
        return AssessmentSchemes.published(stream, scheme, tenant_id=ctx.tenant_id, at=ctx.now)

    id = AssessmentSchemes.id_of(ctx.tenant_id)
    return await publish(ctx, AssessmentSchemes, id, published, publishers=PUBLISHES)


@router.get("/assessment-schemes", operation_id="assessment_schemes.read")
async def schemes(who: Who, parts: Parts, on: DayText = None) -> SchemesShown:
    """How every post is assessed: the tenant's schemes over the shipped ones."""
    day = on or day_of(parts.clock(), who.zone)
    stream = await parts.repository(AssessmentSchemes).load(who.tenant_id, AssessmentSchemes.id_of(who.tenant_id))
    known: dict[tuple[str, Cycle], list[Scheme]] = {}
    for scheme in AssessmentSchemes.known(stream):
        if scheme.effective_from <= day:
            known.setdefault((scheme.post, scheme.cycle), []).append(scheme)
    rows = [SchemeRow.model_validate(of_day(found, day)) for _, found in sorted(known.items())]
    return SchemesShown(on=day, rows=rows)


@router.post(
    "/commission-rules", status_code=201, operation_id="commission_rules.publish", responses=refuses(403, 409, 422)
)
async def publish_rule(command: PublishCommissionRule, ctx: Ctx) -> Receipt:
    """Publish what the sales of a post are paid, for months from a day on (提成规则)."""

    def published(stream: CommissionRules | None) -> CommissionRules:
        lines = []
        for index, line in enumerate(command.lines):
            _require_payable(line.kpi, line.currency, line.product, f"/lines/{index}/kpi")
            lines.append(RuleLine(line.code, line.kpi, line.rate, line.currency, line.product))
        factor = None
        if command.factor is not None:
            _require_of_persons(command.factor.kpi, "/factor/kpi", of_unit=False)
            factor = Factor(command.factor.kpi, _steps(command.factor.steps), command.factor.otherwise)
        rule = CommissionRule(command.effective_from, command.post, tuple(lines), factor)
        return CommissionRules.published(stream, rule, tenant_id=ctx.tenant_id, at=ctx.now)

    id = CommissionRules.id_of(ctx.tenant_id)
    return await publish(ctx, CommissionRules, id, published, publishers=PUBLISHES)


@router.get("/commission-rules", operation_id="commission_rules.read")
async def rules(who: Who, parts: Parts, on: DayText = None) -> RulesShown:
    """What the sales of every post are paid; nothing unless published."""
    day = on or day_of(parts.clock(), who.zone)
    stream = await parts.repository(CommissionRules).load(who.tenant_id, CommissionRules.id_of(who.tenant_id))
    known: dict[str, list[CommissionRule]] = {}
    for rule in CommissionRules.known(stream):
        if rule.effective_from <= day:
            known.setdefault(rule.post, []).append(rule)
    rows = [RuleRow.model_validate(of_day(found, day)) for _, found in sorted(known.items())]
    return RulesShown(on=day, rows=rows)


# -- what is published -------------------------------------------------------------------------------------


def _part(part: PartGiven, index: int) -> SchemePart:
    """Raises Refused 422 `part_incomplete`, `unknown_kpi`, `kpi_not_of_persons`."""
    pointer = f"/parts/{index}"
    is_kpi, is_rating = part.source is PartSource.KPI, part.source is PartSource.RATING
    whole = (part.kpi is not None) == is_kpi and (part.table is None or is_kpi)
    if not whole or (part.rater is not None) != is_rating or (part.aspect is not None) != is_rating:
        raise Refused("part_incomplete", "say what its source needs", status=422, pointer=pointer)
    if part.kpi is not None:
        _require_of_persons(part.kpi, f"{pointer}/kpi", of_unit=part.of_unit)
    return SchemePart(
        part.code, part.zh, part.en, part.weight, part.source, part.kpi,
        _table(part.table) if part.table is not None else PointTable(Scale.PERCENT) if is_kpi else None,
        part.rater, part.aspect, part.of_unit, part.missing_counts_zero,
    )  # fmt: skip


def _table(table: TableGiven) -> PointTable:
    return PointTable(table.scale, _steps(table.steps), table.otherwise, table.most)


def _steps(steps: Sequence[StepGiven]) -> tuple[PointStep, ...]:
    return tuple(PointStep(step.bound, step.points) for step in steps)


def _require_of_persons(kpi: str, pointer: str, *, of_unit: bool) -> None:
    definition = definition_of(kpi)
    if ("unit" if of_unit else "person") not in definition.dimensions:
        raise Refused("kpi_not_of_persons", "not by person or unit", status=422, pointer=pointer, given=kpi)


def _require_payable(kpi: str, currency: str | None, product: str | None, pointer: str) -> None:
    definition = definition_of(kpi)
    payable = definition.kind == "sum" and definition.unit in ("units", "money", "prospects", "deals")
    by = {"person", *(() if product is None else ("product",))}
    if not payable or not by <= set(definition.dimensions) or (currency is None) != definition.value_is_money:
        raise Refused("kpi_not_payable", "only sums are paid", status=422, pointer=pointer, given=kpi)
