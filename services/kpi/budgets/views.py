"""Views of budgets, folded from the log: how each budget and each claim stood at every instant."""

from __future__ import annotations

from typing import get_args

from services.kpi.budgets.events import BudgetFact, ExpenseClaimFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

# What is used adds up over all facts so far; a use that was taken back counts against it.
BUDGETS = View(
    name="kpi.budgets",
    version=1,
    stream_types=("budget",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    year int not null,
    unit_id uuid not null,
    owner_id uuid not null,                  -- who proposed it
    currency text not null,
    lines jsonb not null,                    -- [{category, amount, basis}]
    amount numeric not null,
    number int not null,                     -- 0 before it is approved
    approved_on date,
    approved_by uuid,
    inquiries int not null,
    inquired_on date,
    uses jsonb not null,                     -- {category: amount}, net
    used_amount numeric not null
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, year, unit_id) where to_at is null",),
    rows="""
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           jsonb_agg(changes -> 'inquiries') filter (where changes ? 'inquiries') over so_far as inquiries,
           jsonb_agg(changes -> 'uses') filter (where changes ? 'uses') over so_far as uses
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select m.tenant_id, m.stream_id, m.occurred_at, m.next_at, m.version,
       m.standing ->> 'status', (m.standing ->> 'year')::int, (m.standing ->> 'unit_id')::uuid,
       (m.standing ->> 'owner_id')::uuid, m.standing ->> 'currency', m.standing -> 'lines',
       (select coalesce(sum((l.part ->> 'amount')::numeric), 0)
          from jsonb_array_elements(m.standing -> 'lines') as l(part)),
       (m.standing ->> 'number')::int, (m.standing ->> 'approved_on')::date, (m.standing ->> 'approved_by')::uuid,
       jsonb_array_length(coalesce(jsonb_path_query_array(m.inquiries, '$[*][*]'), '[]')),
       (jsonb_path_query_array(m.inquiries, '$[*][*]') -> -1 ->> 'on')::date,
       used.uses, used.amount
  from merged m
 cross join lateral (
      select coalesce(jsonb_object_agg(u.category, u.amount::text), '{}') as uses, coalesce(sum(u.amount), 0) as amount
        from (select s.part ->> 'category' as category,
                     sum(case when (s.part ->> 'taken_back')::boolean then -(s.part ->> 'amount')::numeric
                              else (s.part ->> 'amount')::numeric end) as amount
                from jsonb_path_query(m.uses, '$[*][*]') as s(part)
               group by 1) as u
 ) as used
 where m.next_at is distinct from m.occurred_at and m.standing ? 'year'
""",
    facts=(*get_args(BudgetFact), FactCorrected, FactVoided),
)

EXPENSE_CLAIMS = View(
    name="kpi.expense_claims",
    version=1,
    stream_types=("expense_claim",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    budget_id uuid not null,
    category text not null,
    amount numeric not null,
    currency text not null,
    spent_on date not null,
    purpose text not null,
    account_id uuid,
    visit_id uuid,
    owner_id uuid not null,
    unit_id uuid not null,                   -- of the owner when it was claimed
    decided_on date,
    decided_by uuid,
    paid_on date
""",
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, budget_id, category)",
        "create index on {table} (tenant_id, spent_on, stream_id) where to_at is null",
    ),
    rows=f"""{MERGED}
select tenant_id, stream_id, occurred_at, next_at, version,
       standing ->> 'status', (standing ->> 'budget_id')::uuid, standing ->> 'category',
       (standing ->> 'amount')::numeric, standing ->> 'currency', (standing ->> 'spent_on')::date,
       standing ->> 'purpose', (standing ->> 'account_id')::uuid, (standing ->> 'visit_id')::uuid,
       (standing ->> 'owner_id')::uuid, (standing ->> 'unit_id')::uuid, (standing ->> 'decided_on')::date,
       (standing ->> 'decided_by')::uuid, (standing ->> 'paid_on')::date
  from merged
 where next_at is distinct from occurred_at and standing ? 'budget_id'
""",  # noqa: S608 - constants only
    facts=(*get_args(ExpenseClaimFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (BUDGETS, EXPENSE_CLAIMS)
