"""KPI definitions, figures, and two versions compared, over HTTP. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from services.kpi.asked import Ask
from services.kpi.engine.answers import names, rows, text
from services.kpi.engine.asked import Basis, GroupBy, Kpis, Version, Which, wanted
from services.kpi.engine.choices import KpiChoices, PublishKpi, choices, choices_id
from services.kpi.engine.definition import Chosen, Definition, Parameter
from services.kpi.engine.drill_down import router as behind
from services.kpi.engine.official import beside, official
from services.kpi.engine.period import Grain
from services.kpi.engine.shapes import Compared, Definitions, DefinitionShown, Figures, ParameterShown
from services.kpi.engine.shipped import BY_ID
from services.kpi.engine.values import Value, values
from services.kpi.months.closes import closes
from shared.http.call import call_of
from shared.http.context import Ctx
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import FromDay, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.publishing import publish

rules = Router(prefix="/v1/kpi", tags=["engine"])
router = Router(prefix="/v1/kpi", tags=["engine"], dependencies=[Depends(limited("heavy"))])


@rules.get("/definitions", operation_id="kpi_definitions.list", responses=refuses(422))
async def definitions(ask: Ask, request: Request) -> Definitions:
    """Every KPI (指标): its formula, what it counts, on which date, by what it is told apart, and its parameters.

    As published on the day asked about; a KPI nobody published anything about is reckoned as shipped.
    """
    asking = await ask.of()
    found = await choices(ask.pool, asking)
    is_chinese = call_of(request.scope).language == "zh-CN"
    shown = [
        _shown(choice.chosen(), is_chinese, None if choice.effective_from.year == 2000 else choice.effective_from)
        for choice in found.values()
    ]
    return Definitions(items=shown)


def _shown(chosen: Chosen, is_chinese: bool, effective_from: Any) -> DefinitionShown:
    one: Definition = chosen.definition
    return DefinitionShown(
        id=one.id,
        version=one.version,
        name=one.zh if is_chinese else one.en,
        zh=one.zh,
        en=one.en,
        formula=one.what_zh if is_chinese else one.what_en,
        formula_zh=one.what_zh,
        formula_en=one.what_en,
        kind=one.kind,
        unit=one.unit,
        per=(one.per or one.unit) if one.denominator else None,
        date=one.date,
        other_dates=one.other_dates,
        dimensions=one.dimensions,
        better=one.better,
        target=one.target,
        source=one.source,
        has_source=bool(one.numerator),
        parameters=[_parameter(parameter, chosen) for parameter in one.all_parameters],
        versions=list(BY_ID[one.id]),
        effective_from=effective_from,
    )


def _parameter(parameter: Parameter, chosen: Chosen) -> ParameterShown:
    return ParameterShown(
        name=parameter.name,
        zh=parameter.zh,
        en=parameter.en,
        default=parameter.default,
        value=chosen.parameter(parameter.name),
        least=parameter.least,
        most=parameter.most,
        is_set_of_codes=parameter.codes,
    )


@rules.post("/definitions", status_code=201, operation_id="kpi_definitions.publish", responses=refuses(403, 409, 422))
async def publish_definition(command: PublishKpi, ctx: Ctx) -> Receipt:
    """Reckon a KPI by this version and these parameters from a day on: its whole past follows at once.

    Figures asked for as of an earlier day are reckoned as was published then.
    """
    choice = command.choice()
    return await publish(
        ctx,
        KpiChoices,
        choices_id(ctx.tenant_id, choice.kpi),
        lambda stream: KpiChoices.published(stream, choice, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.get("/values", operation_id="kpi.values", response_model=Figures, responses=refuses(422))
async def figures(
    ask: Ask,
    request: Request,
    which: Which,
    kpi: Kpis,
    since: FromDay = None,
    until: ToDay = None,
    period: Grain = "month",
    group_by: GroupBy = None,
    basis: Basis = "current",
    definition_version: Version = None,
) -> Any:
    """Figures of one or more KPIs (指标值) by period and up to two groups; with target, period before, last year.

    Periods are whole: all that have a day from `from` to `to`, default that of the day asked about; `rolling_12` are
    the twelve months that end with each month. Credit goes to owner and unit at the time. With `basis=official` each
    figure of closed months carries the official one, as known at the close, beside the restated and the difference.
    """
    asked = await wanted(ask, kpi, period, since, until, group_by, which, definition_version)
    told: dict[str, Any] = {"group_by": asked.group_by, "filters": which, "months": asked.months}
    found = await values(ask.pool, asked.asking, asked.chosen, asked.periods, **told)
    pairs: Sequence[tuple[Value, Value | None]] = [(figure, None) for figure in found]
    if basis == "official":
        closed = await closes(ask.pool, asked.asking, now=ask.read.kit.clock())
        fixed = await official(ask.pool, asked.asking, asked.chosen, asked.periods, closed, **told)
        pairs = beside(found, fixed, asked.periods, closed, asked.months)
        found = [figure for figure, _ in pairs]
    labels = await names(ask.pool, asked.asking, ask.labels, asked.group_by, found)
    language = call_of(request.scope).language
    shown_rows = rows(found, asked.asking, labels, language)
    for (figure, then), shown in zip(pairs, shown_rows, strict=True):
        if then is None:
            continue
        is_money = figure.chosen.definition.value_is_money
        shown["official"], shown["restated"] = text(then.value, is_money=is_money), shown["value"]
        if then.value is not None and figure.value is not None:
            shown["difference"] = text(figure.value - then.value, is_money=is_money)
    ask.read.take(len(shown_rows))
    return ask.answer(asked.asking, {"rows": shown_rows, "group_by": asked.group_by, "period": period, "basis": basis})


@router.get("/compare", operation_id="kpi.compare", response_model=Compared, responses=refuses(422))
async def compare(
    ask: Ask,
    which: Which,
    kpi: Annotated[str, Query(max_length=100, pattern="^[a-z0-9_]+$", description="A KPI by its id.")],
    versions: Annotated[
        str, Query(pattern=r"^[1-9]\d{0,2},[1-9]\d{0,2}$", description="Two versions of its definition, by comma.")
    ] = "1,2",
    since: FromDay = None,
    until: ToDay = None,
    period: Grain = "month",
    group_by: GroupBy = None,
) -> Any:
    """One KPI by two versions of its definition, side by side (口径对比), over the same facts."""
    first, second = map(int, versions.split(","))
    if first == second:
        raise Problem(422, "repeated_dimension", errors=(At("/versions", "repeated_dimension", where="query"),))
    one = await wanted(ask, kpi, period, since, until, group_by, which, first)
    other = await wanted(ask, kpi, period, since, until, group_by, which, second)
    told: dict[str, Any] = {
        "group_by": one.group_by,
        "filters": which,
        "months": one.months,
        "compare": False,
        "targets": False,
    }
    a = await values(ask.pool, one.asking, one.chosen, one.periods, **told)
    b = await values(ask.pool, other.asking, other.chosen, other.periods, **told)
    sides = [{_same(figure): figure for figure in figures} for figures in (a, b)]
    labels = await names(ask.pool, one.asking, ask.labels, one.group_by, [*a, *b])
    told_rows = []
    for key in dict.fromkeys((*sides[0], *sides[1])):
        left, right = sides[0].get(key), sides[1].get(key)
        shown = left or right
        assert shown is not None
        is_money = shown.chosen.definition.value_is_money
        both = left is not None and right is not None and left.value is not None and right.value is not None
        difference = right.value - left.value if both else None  # type: ignore[union-attr, operator]
        told_rows.append(
            {
                "kpi": kpi,
                "period": shown.period.key,
                "from": shown.period.first,
                "to": shown.period.last,
                **labels.columns(shown.keys),
                "currency": shown.currency,
                "version_a": first,
                "value_a": text(left.value, is_money=is_money) if left else None,
                "state_a": left.state if left else "zero_denominator",
                "version_b": second,
                "value_b": text(right.value, is_money=is_money) if right else None,
                "state_b": right.state if right else "zero_denominator",
                "difference": text(difference, is_money=is_money),
            }
        )
    return ask.answer(one.asking, {"rows": told_rows, "group_by": one.group_by, "versions": [first, second]})


def _same(figure: Any) -> Any:
    return figure.period.first, figure.period.last, figure.keys, figure.currency


ROUTERS: tuple[Router, ...] = (rules, router, behind)
