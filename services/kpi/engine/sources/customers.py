"""Accounts that bought before a period, and those of them that did not in it; and what key accounts order. No buyer is
counted twice: those who come again, and new ones, are in `buyers.py`.

Who bought before is credited as of the last order before the period.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.kpi.asking import Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question, Use
from services.kpi.engine.sources.rows import RowMeasure, RowSource
from services.kpi.engine.sources.windowed import WindowedSource, day, instant
from services.kpi.engine.statement import Statement
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.funnel import FUNNEL

BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "channel", "account_kind", "segment")

BEFORE = Measure("customers", "before", "accounts", "opening", ("window_days",))
GONE = Measure("customers", "gone", "accounts", "opening", ("window_days",))

# Of each account and period its last order before the period, and the first from then on.
RELATION = """(
    select o.tenant_id, o.account_id as stream_id, 1 as number, ({starts})[k] as at, o.owner_id, o.unit_id,
           o.account_id, o.channel, null::text as currency, null::jsonb as lines, ({starts})[k] as opening,
           ({days})[k] - o.last_on as days, o.next_at
      from (select f.tenant_id, f.account_id, f.at, f.owner_id, f.unit_id, f.channel,
                   (f.at at time zone {{zone}})::date as last_on,
                   lead(f.at) over (partition by f.account_id order by f.at, f.stream_id, f.version) as next_at
              from {{funnel}} as f
             where f.tenant_id = $1 and f.step = 'ordered' and f.prospects > 0 and f.account_id is not null
               and f.at <= {{at}} offset 0) as o
     cross join lateral generate_series(
           width_bucket(o.at, {starts}) + 1,
           case when o.next_at is null then {count} else width_bucket(o.next_at, {starts}) end) as k)"""
WITHIN = "f.opening = w.start and f.days <= {window_days}"


async def _make(_: Reads, question: Question) -> str:
    starts = question.starts[: question.begun]
    listed = ", ".join(instant(start) for start in starts)
    days = ", ".join(day(period.first) for period in question.periods[: question.begun])
    return RELATION.format(starts=f"array[{listed}]", days=f"array[{days}]", count=len(starts))


CUSTOMER_SOURCE = WindowedSource(
    name="customers",
    kind="account",
    make=_make,
    views=(FUNNEL,),
    of={
        "before": RowMeasure(BEFORE, where=WITHIN),
        "gone": RowMeasure(GONE, where=f"{WITHIN} and (f.next_at is null or f.next_at >= w.finish)"),
    },
    there="funnel",
    dimensions=BY,
    bounded=True,
)

# -- key accounts ------------------------------------------------------------------------------------------

KEY_ACCOUNT_ORDERS = Measure("key_account_orders", "amount", "money", "order", ("account_kinds",))
OF_ACCOUNTS = """(
    select o.*, a.kinds
      from {funnel} as o
      join {accounts} as a on a.tenant_id = o.tenant_id and a.stream_id = o.account_id and a.from_at <= o.at
       and (a.to_at is null or a.to_at > o.at)
     where o.step = 'ordered')"""


@dataclass(frozen=True, slots=True)
class OfKinds(RowMeasure):
    """A measure of rows of accounts; with the parameter `account_kinds` only of those of one of these kinds then."""

    def conditions(self, statement: Statement, use: Use) -> list[str]:
        said = RowMeasure.conditions(self, statement, use)
        if (kinds := use.parameter("account_kinds")) is not None:
            said.append(f"f.kinds && {statement.sql(list(kinds))}::text[]")
        return said


KEY_ACCOUNT_SOURCE = RowSource(
    name="key_account_orders",
    kind="opportunity",
    relation=OF_ACCOUNTS,
    views=(FUNNEL, ACCOUNTS),
    of={"amount": OfKinds(KEY_ACCOUNT_ORDERS, "f.amount")},
)
