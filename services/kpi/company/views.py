"""Views of company, folded from the log: one row per figure that counts."""

from __future__ import annotations

from services.kpi.company.events import CompanyFigureRecorded
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    at timestamptz not null,                 -- business time: the last day of its months, or when it was told before
    kind text not null,                      -- sales, profit, customer_total
    month date not null,                     -- first day of its first month
    months int not null,                     -- 1, 3 or 12
    unit_id uuid not null,
    account_id uuid,
    amount numeric not null,
    currency text not null,
    system text,
    key text,
    entered_by uuid
"""

ROWS = """
select tenant_id, stream_id, occurred_at,
       changes ->> 'kind',
       (changes ->> 'month')::date,
       (changes ->> 'months')::int,
       (changes ->> 'unit_id')::uuid,
       (changes ->> 'account_id')::uuid,
       (changes ->> 'amount')::numeric,
       changes ->> 'currency',
       changes ->> 'system',
       changes ->> 'key',
       (changes ->> 'entered_by')::uuid
  from corrected_facts
 where type = 'CompanyFigureRecorded'
"""

COMPANY_FIGURES = View(
    name="kpi.company_figures",
    version=1,
    stream_types=("company_figure",),
    columns=COLUMNS,
    key=("kind",),
    indexes=("create index on {table} (tenant_id, kind, month)",),
    rows=ROWS,
    facts=(CompanyFigureRecorded, FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (COMPANY_FIGURES,)
