"""Cadence (002): each account is visited on site by who is responsible for it at least once a month. No other visits.

The rule of `GET /v1/accounts/visits-due`: a visit, or taking over, counts for its own month; the next is due by the
last day of the month after. So a month's visit is due of whoever is responsible at its end and was before it began.
"""

from __future__ import annotations

from services.kpi.asking import Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question
from services.kpi.engine.sources.rows import RowMeasure
from services.kpi.engine.sources.visits_views import ON_SITE_VISITS, OWNED_ACCOUNTS
from services.kpi.engine.sources.windowed import WindowedSource, day, instant, months
from shared.days import start_of

BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "account_kind", "segment")

DUE = Measure("visits", "due", "accounts", "due")
VISITED = Measure("visits", "visited", "accounts", "due")

RELATION = """(
    select a.tenant_id, a.stream_id, (extract(year from m.first) * 12 + extract(month from m.first))::int as number,
           m.at, a.owner_id, a.unit_id, a.stream_id as account_id, null::text as channel, null::text as currency,
           null::jsonb as lines, v.account_id is not null as visited
      from (values {months}) as m(first, start, at)
      join {{owned_accounts}} as a on a.tenant_id = $1 and a.from_at <= m.at and (a.to_at is null or a.to_at > m.at)
       and a.owner_id is not null and greatest(a.owner_since, a.opened_at) < m.start
      left join (
           select distinct s.account_id, date_trunc('month', s.visited_on::timestamp)::date as month, person
             from {{on_site_visits}} as s cross join lateral unnest(s.participants) as person
            where s.tenant_id = $1 and s.visited_on between {first} and {last} and s.visited_at <= {{at}}
           ) as v on v.account_id = a.stream_id and v.month = m.first and v.person = a.owner_id)"""


async def _make(_: Reads, question: Question) -> str:
    asked = [month for month in months(question) if question.starts[0] <= month[2] < question.ends[-1]]
    zone = question.asking.zone
    listed = ", ".join(f"({day(first)}, {instant(start_of(first, zone))}, {instant(at)})" for first, _, at in asked)
    none = "(null::date, null::timestamptz, null::timestamptz)"
    first, last = (asked[0][0], asked[-1][1]) if asked else (question.periods[0].first,) * 2
    return RELATION.format(months=listed or none, first=day(first), last=day(last))


VISIT_SOURCE = WindowedSource(
    name="visits",
    kind="account",
    make=_make,
    views=(OWNED_ACCOUNTS, ON_SITE_VISITS),
    of={"due": RowMeasure(DUE), "visited": RowMeasure(VISITED, where="f.visited")},
    there="owned_accounts",
    dimensions=BY,
    bounded=True,
)
