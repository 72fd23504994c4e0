"""The records behind one part of one figure, over HTTP: their amounts sum to it. Computes no figure of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query

from services.kpi.asked import Ask, Asked
from services.kpi.asking import Asking, Sql
from services.kpi.engine.answers import text
from services.kpi.engine.asked import GroupBy, Version, Wanted, Which, wanted
from services.kpi.engine.definition import Dimension, Term
from services.kpi.engine.period import Grain, year_before
from services.kpi.engine.question import Item, Keys, Place, Question, Use
from services.kpi.engine.shapes import Items
from services.kpi.engine.shipped import SOURCES
from services.kpi.engine.values import count, use_of, values
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.stock import STOCK
from shared.days import day_of
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import FromDay, Paged
from shared.http.route import Router
from shared.records.labels import BLANK
from shared.records.places import places

router = Router(prefix="/v1/kpi", tags=["engine"], dependencies=[Depends(limited("heavy"))])

Part = Literal["numerator", "denominator", "factor"]
PATHS: Mapping[str, str] = {
    "opportunity": "/v1/opportunities/",
    "account": "/v1/accounts/",
    "lead": "/v1/leads/",
    "visit": "/v1/visits/",
    "invoice": "/v1/invoices/",
}
TITLES = """
select distinct on (e.stream_id) e.stream_id as id,
       coalesce(e.data -> 'standing' ->> 'title', e.data -> 'standing' ->> 'number',
                e.data -> 'standing' ->> 'name') as title
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[])
 order by e.stream_id, e.version desc
"""
# Who is responsible today decides who sees a record, whatever instant the figure is of.
SEEN_NOW = """
select f.stream_id from {table} as f
 where f.tenant_id = $1 and f.to_at is null and f.stream_id = any({ids}::uuid[]) and {seen}
"""
TABLES: Mapping[str, str] = {"opportunity": STOCK.table, "account": ACCOUNTS.table}


@router.get("/drill-down", operation_id="kpi.drill_down", response_model=Items, responses=refuses(422))
async def drill_down(
    ask: Ask,
    which: Which,
    page: Paged,
    kpi: Annotated[str, Query(max_length=100, pattern="^[a-z0-9_]+$", description="A KPI by its id.")],
    since: FromDay = None,
    period: Grain = "month",
    part: Part = "numerator",
    group_by: GroupBy = None,
    keys: Annotated[
        str | None,
        Query(
            max_length=300,
            pattern="^[^\\x00]*$",
            description="The group's keys as the figure shows them, by comma, in the order of group_by.",
        ),
    ] = None,
    definition_version: Version = None,
) -> Any:
    """The records behind the numerator or denominator of one figure (明细): what each counts; they sum to the figure.

    `from` is any day of the period. `group_by` and `keys` name the group, as `(blank)` the one without key. What you
    do not see today is one item of kind `hidden` on each page: a record is shown to who is responsible for it today.
    """
    asked = await wanted(ask, kpi, period, since, since, group_by, which, definition_version)
    filters = replace(which, keys=_keys(keys, asked.group_by))
    one, shown = asked.chosen[0], asked.periods[0]
    definition = one.definition
    terms: Sequence[Term] = getattr(definition, part)
    counted_in = shown
    if part == "denominator" and definition.kind == "growth":
        terms, counted_in = definition.numerator, year_before(shown, asked.months)
    if not terms and part != "numerator":
        raise Problem(
            422,
            "kpi_has_no_denominator",
            params={"kpi": definition.id},
            errors=(At("/part", "kpi_has_no_denominator", params={"kpi": definition.id}, where="query"),),
        )
    question = Question(
        asked.asking,
        (counted_in,),
        tuple(asked.group_by),
        filters,
        await places(ask.pool, Sql(asked.asking), asked.group_by),
        months=asked.months,
    )
    uses = [(use_of(one, term.measure), term.sign) for term in terms]
    found = await _page(ask, question, uses, page)
    told, following = page.of(found, key=_place)
    is_money = any(use.measure.is_money for use, _ in uses)
    total = await _counted(ask, question, uses)
    figure = (
        await values(
            ask.pool, asked.asking, (one,), (shown,), group_by=asked.group_by, filters=filters, compare=False,
            targets=False, months=asked.months,
        )
    )[:1]  # fmt: skip
    return ask.answer(
        asked.asking,
        {
            "items": await _shown(ask, asked, told, is_money),
            "next": following,
            "kpi": kpi,
            "version": definition.version,
            "period": shown.key,
            "part": part,
            "counted": text(total, is_money=is_money),
            "state": figure[0].state if figure else "ok",
        },
    )


Found = tuple[int, Use, int, Item]
"""Which measure of the part (counted from 0), its use and sign, and the record."""


def _keys(keys: str | None, group_by: Sequence[Dimension]) -> Keys | None:
    if keys is None and not group_by:
        return None
    given = [] if keys is None else keys.split(",")
    if len(given) != len(group_by):
        raise Problem(422, "invalid_group_by", errors=(
            At("/keys", "invalid_group_by", params={"known": ", ".join(group_by)}, where="query"),
        ))  # fmt: skip
    return tuple(None if key in ("", BLANK) else key for key in given)


def _place(found: Found) -> Sequence[Any]:
    number, _, _, item = found
    return number, item.at.isoformat(), str(item.id), item.number


async def _page(ask: Asked, question: Question, uses: Sequence[tuple[Use, int]], page: Any) -> list[Found]:
    """One more record than the page holds, measure by measure."""
    first, after = 0, None
    if (seen := page.after(int, str, UUID, int)) is not None:
        first, after = seen[0], Place(datetime.fromisoformat(seen[1]), seen[2], seen[3])
    found: list[Found] = []
    for number, (use, sign) in enumerate(uses):
        if number < first or len(found) > page.limit:
            continue
        items = await SOURCES[use.measure.source].items(
            ask.pool, question, use, limit=page.limit + 1 - len(found), after=after if number == first else None
        )
        found += [(number, use, sign, item) for item in items]
    return found


async def _counted(ask: Asked, question: Question, uses: Sequence[tuple[Use, int]]) -> Decimal:
    tables = await count(ask.pool, question, [use for use, _ in uses])
    return sum((sign * Decimal(amount) for use, sign in uses for amount in tables.of[use].values()), Decimal(0))


async def _shown(ask: Asked, asked: Wanted, found: Sequence[Found], is_money: bool) -> list[dict[str, Any]]:
    asking, labels = asked.asking, ask.labels
    seen = await _seen(ask, asking, [item for *_, item in found])
    shown = [one for one in found if (one[3].kind, one[3].id) in seen]
    ids = list({item.id for *_, item in shown})
    titles = {row["id"]: row["title"] for row in await ask.pool.fetch(TITLES, asking.tenant_id, ids)}
    people = await labels.people(asking.tenant_id, {item.owner_id for *_, item in shown})
    units = await labels.units(ask.pool, asking, {item.unit_id for *_, item in shown})
    accounts = await labels.accounts(ask.pool, asking, {item.account_id for *_, item in shown})
    rows: list[dict[str, Any]] = [
        {
            "kind": item.kind,
            "id": item.id,
            "path": f"{PATHS[item.kind]}{item.id}" if item.kind in PATHS else None,
            "title": accounts.get(item.id) if item.kind == "account" else titles.get(item.id),
            "account_id": item.account_id,
            "account": None if item.account_id is None else accounts.get(item.account_id),
            "owner_id": item.owner_id,
            "owner": None if item.owner_id is None else people.get(item.owner_id),
            "unit_id": item.unit_id,
            "unit": None if item.unit_id is None else units.get(item.unit_id),
            "on": day_of(item.at, asking.zone),
            "currency": item.currency,
            "amount": text(sign * Decimal(item.amount), is_money=is_money),
            "measure": use.measure.name,
        }
        for _, use, sign, item in shown
    ]
    return rows + _hidden([one for one in found if (one[3].kind, one[3].id) not in seen], is_money)


def _hidden(found: Sequence[Found], is_money: bool) -> list[dict[str, Any]]:
    """What is not seen today, summed by measure and currency."""
    sums: dict[tuple[str, str | None], Decimal] = {}
    for _, use, sign, item in found:
        key = (use.measure.name, item.currency)
        sums[key] = sums.get(key, Decimal(0)) + sign * Decimal(item.amount)
    nothing = dict.fromkeys(
        ("id", "path", "title", "account_id", "account", "owner_id", "owner", "unit_id", "unit", "on")
    )
    return [
        {"kind": "hidden", **nothing, "currency": currency, "amount": text(total, is_money=is_money), "measure": name}
        for (name, currency), total in sums.items()
    ]


async def _seen(ask: Asked, asking: Asking, items: Sequence[Item]) -> set[tuple[str, UUID]]:
    """Which of these records the asker sees today; of kinds with no view here, those credited to whom they see."""
    if asking.sight.everything:
        return {(item.kind, item.id) for item in items}
    found: set[tuple[str, UUID]] = set()
    for kind in {item.kind for item in items}:
        of_kind = [item for item in items if item.kind == kind]
        if kind not in TABLES:
            found |= {
                (kind, item.id) for item in of_kind if asking.sight.sees(owner_id=item.owner_id, unit_id=item.unit_id)
            }
            continue
        sql = Sql(asking)
        account = "f.stream_id" if kind == "account" else None
        statement = SEEN_NOW.format(
            table=TABLES[kind], ids=sql(list({item.id for item in of_kind})), seen=sql.counted("f", account=account)
        )
        found |= {(kind, row["stream_id"]) for row in await ask.pool.fetch(statement, *sql.values)}
    return found
