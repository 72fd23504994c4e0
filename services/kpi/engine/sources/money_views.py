"""Money and the ledger as figures need them: invoices, agreed terms, credit policies, postings, and of every order who
is responsible, its number and lines, and what was delivered of it at which amount. Knows no due day and no match.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

# -- orders ------------------------------------------------------------------------------------------------

# `came_out`: owner and unit when the outcome became what it is. A later cancellation is still a deal that was won.
ORDER_ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes - 'delivered' - 'cancelled') over steps as standing,
           min(version) over steps = 1 as captured,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
stepped as (
    select *, standing ->> 'status' in ('ordered', 'cancelled') as won,
           lag(standing ->> 'status' in ('ordered', 'cancelled')) over steps as was_won
      from merged
     where captured
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
noted as (
    select *,
           es.merge(case when won and was_won is distinct from true then jsonb_build_object(
               'owner_id', standing -> 'owner_id', 'unit_id', standing -> 'unit_id') end)
               over (partition by tenant_id, stream_id order by occurred_at, version) as came_out
      from stepped
),
told as (
    select tenant_id, stream_id, occurred_at, version,
           (standing ->> 'owner_id')::uuid as owner_id,
           (standing ->> 'unit_id')::uuid as unit_id,
           (standing ->> 'account_id')::uuid as account_id,
           won,
           case when won then (came_out ->> 'owner_id')::uuid end as won_owner_id,
           case when won then (came_out ->> 'unit_id')::uuid end as won_unit_id,
           case when won then standing ->> 'order_ref' end as order_ref,
           case when won then coalesce((
               select jsonb_agg(jsonb_build_object('line', line, 'product', product) order by line)
                 from jsonb_to_recordset(standing -> 'lines') as l(line int, product text)), '[]')
           else '[]' end as lines
      from noted
     where next_at is distinct from occurred_at
),
compared as (
    select *,
           (owner_id, unit_id, account_id, won, won_owner_id, won_unit_id, order_ref, lines) is distinct from
           (lag(owner_id) over steps, lag(unit_id) over steps, lag(account_id) over steps, lag(won) over steps,
            lag(won_owner_id) over steps, lag(won_unit_id) over steps, lag(order_ref) over steps, lag(lines) over steps)
           or lag(version) over steps is null as changed
      from told
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       lead(occurred_at) over (partition by tenant_id, stream_id order by occurred_at, version) as to_at,
       owner_id, unit_id, account_id, coalesce(won, false) as won, won_owner_id, won_unit_id, order_ref, lines
  from compared
 where changed
"""

ORDERS = View(
    name="kpi.orders",
    version=1,
    stream_types=("opportunity",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    owner_id uuid,
    unit_id uuid,
    account_id uuid,
    won boolean not null,                    -- ordered; a later cancellation is told apart
    won_owner_id uuid,                       -- when it was
    won_unit_id uuid,
    order_ref text,
    lines jsonb not null                     -- [{line, product}]; none while it is not won
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, order_ref) where order_ref is not null",),
    rows=ORDER_ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
)

# Price, number and owner are those of the instant: of several facts of one instant the last says them. A line without
# a price gets its part of the stated total by units, as everywhere.
DELIVERY_ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(changes - 'delivered' - 'cancelled') over steps as standing,
           min(version) over steps = 1 as captured
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
placed as (
    select *, last_value(case when captured then standing end) over same_instant as then_so
      from merged
    window same_instant as (partition by tenant_id, stream_id, occurred_at order by version
                            rows between unbounded preceding and unbounded following)
),
moved as (
    select p.tenant_id, p.stream_id, p.version, p.occurred_at, p.standing, p.then_so,
           (move ->> 'line')::int as line, (move ->> 'on')::date as delivered_on, (move ->> 'units')::int as units,
           jsonb_array_length(coalesce(move -> 'serials', '[]')) as named
      from placed p
     cross join lateral jsonb_array_elements(coalesce(p.changes -> 'delivered', '[]')) as move
     where p.type = 'UnitsDelivered'
),
priced as (
    select m.*, l.unit_price, l.amount as line_amount, l.units as line_units, l.line is not null as known
      from moved m
      left join lateral (
           select line, units, unit_price,
                  case when unit_price is not null then unit_price * units
                       else round(rest * unpriced_so_far / unpriced, 2)
                            - round(rest * (unpriced_so_far - units) / unpriced, 2) end as amount
             from (select line, units, unit_price,
                          case when stated is not null
                               then greatest(stated - coalesce(sum(unit_price * units) over (), 0), 0) end as rest,
                          nullif(sum(units) filter (where unit_price is null) over (), 0) as unpriced,
                          sum(units) filter (where unit_price is null) over (order by line) as unpriced_so_far
                     from jsonb_to_recordset(m.then_so -> 'lines')
                          as line_of(line int, product text, units int, unit_price numeric)
                    cross join (select (m.then_so ->> 'amount')::numeric as stated) as total) as counted
            where line = m.line limit 1) as l on true
)
select tenant_id, stream_id, version, line, delivered_on,
       min(occurred_at) as delivered_at,
       sum(units)::int as units,
       sum(coalesce(unit_price * units,
                    named * round(line_amount / nullif(line_units, 0), 2)
                    + round(line_amount * (units - named) / nullif(line_units, 0), 2))) as amount,
       (array_agg(then_so ->> 'currency'))[1] as currency,
       (array_agg(case when known and then_so ->> 'status' in ('ordered', 'cancelled')
                       then then_so ->> 'order_ref' end))[1] as order_ref,
       (array_agg((select said ->> 'product' from jsonb_array_elements(coalesce(standing -> 'lines', '[]')) as said
                    where (said ->> 'line')::int = priced.line limit 1)))[1] as product,
       (array_agg((then_so ->> 'owner_id')::uuid))[1] as owner_id,
       (array_agg((then_so ->> 'unit_id')::uuid))[1] as unit_id,
       (array_agg((then_so ->> 'account_id')::uuid))[1] as account_id
  from priced
 group by tenant_id, stream_id, version, line, delivered_on
"""

DELIVERED = View(
    name="kpi.delivered",
    version=1,
    stream_types=("opportunity",),
    columns="""
    version int not null,
    line int not null,
    delivered_on date not null,
    delivered_at timestamptz not null,
    units int not null,
    amount numeric,                          -- by the price then; null: neither price nor amount is known
    currency text,
    order_ref text,
    product text,
    owner_id uuid,                           -- at that time
    unit_id uuid,
    account_id uuid
""",
    key=("version", "line", "delivered_on"),
    indexes=(
        "create index on {table} (tenant_id, delivered_on)",
        "create index on {table} (tenant_id, order_ref) where order_ref is not null",
    ),
    rows=DELIVERY_ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.UnitsDelivered,),
)

# -- money -------------------------------------------------------------------------------------------------

# Parts of an amount are added up over the facts so far: they are movements, not standings.
INVOICE_ROWS = """
with summed as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           sum({payments} - {released}) over steps as paid,
           sum({credits}) over steps as credited,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       (standing ->> 'account_id')::uuid as account_id,
       (standing ->> 'gross')::numeric as gross,
       credited,
       case when standing ->> 'status' = 'issued' then (standing ->> 'gross')::numeric - credited - paid
            else 0 end as open_amount,
       standing ->> 'currency' as currency,
       (standing ->> 'issued_on')::date as issued_on,
       (standing ->> 'due_on')::date as due_on
  from summed
 where next_at is distinct from occurred_at
   and standing ->> 'number' is not null     -- else it never was, or was not there yet
"""
PART = """coalesce((select sum((part ->> 'amount')::numeric)
                       from jsonb_array_elements(coalesce(changes -> '{name}', '[]')) as part), 0)"""

INVOICES = View(
    name="kpi.invoices",
    version=1,
    stream_types=("invoice",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    opportunity_id uuid not null,
    account_id uuid not null,                -- who owes it
    gross numeric not null,
    credited numeric not null,
    open_amount numeric not null,            -- gross − credited − paid; 0 once cancelled
    currency text not null,
    issued_on date not null,
    due_on date                              -- null: by the contract's terms, else the policy
""",
    key=("from_at",),
    indexes=("create index on {table} using gist (tenant_id, tstzrange(from_at, to_at)) where open_amount <> 0",),
    rows=INVOICE_ROWS.format(**{name: PART.format(name=name) for name in ("payments", "released", "credits")}),
    facts=(*get_args(events.InvoiceFact), FactCorrected, FactVoided),
)

CREDIT_POLICIES = View(
    name="kpi.credit_policies",
    version=1,
    stream_types=("credit_policy",),
    columns="""
    version int not null,
    published_at timestamptz not null,
    effective_from date not null,
    due_days int not null
""",
    key=("version",),
    indexes=(),
    rows="""
select tenant_id, stream_id, version,
       occurred_at as published_at,
       (policy ->> 'effective_from')::date as effective_from,
       (policy ->> 'due_days')::int as due_days
  from corrected_facts
 cross join lateral jsonb_array_elements(coalesce(changes -> 'policies', '[]')) as policy
""",
    facts=(events.CreditPolicyPublished, FactCorrected, FactVoided),
)

AGREED_TERMS = View(
    name="kpi.agreed_terms",
    version=1,
    stream_types=("contract",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    opportunity_id uuid not null,
    signed_on date,
    payment_terms jsonb not null             -- [{share, after, days}]
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, opportunity_id)",),
    rows=MERGED
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       (standing ->> 'signed_on')::date as signed_on,
       coalesce(standing -> 'payment_terms', '[]') as payment_terms
  from merged
 where next_at is distinct from occurred_at
   and standing ->> 'status' = 'signed' and standing ->> 'opportunity_id' is not null
""",
    facts=(*get_args(events.ContractFact), FactCorrected, FactVoided),
)

POSTINGS = View(
    name="kpi.postings",
    version=1,
    stream_types=("posting",),
    columns="""
    posted_at timestamptz not null,
    posting_id text not null,
    kind text not null,                      -- delivery, reversal
    order_ref text,
    opportunity_id uuid,
    line int,
    product text,
    units int not null,
    amount numeric not null,
    currency text not null,
    posted_on date not null,
    reverses text
""",
    key=("posted_at",),
    indexes=(
        "create index on {table} (tenant_id, posted_on)",
        "create index on {table} (tenant_id, order_ref)",
        "create index on {table} (tenant_id, opportunity_id)",
        "create index on {table} (tenant_id, reverses) where reverses is not null",
    ),
    rows="""
select tenant_id, stream_id,
       occurred_at as posted_at,
       changes ->> 'posting_id' as posting_id,
       changes ->> 'kind' as kind,
       changes ->> 'order_ref' as order_ref,
       (changes ->> 'opportunity_id')::uuid as opportunity_id,
       (changes ->> 'line')::int as line,
       changes ->> 'product' as product,
       (changes ->> 'units')::int as units,
       (changes ->> 'amount')::numeric as amount,
       changes ->> 'currency' as currency,
       (changes ->> 'posted_on')::date as posted_on,
       changes ->> 'reverses' as reverses
  from corrected_facts
""",
    facts=(events.PostingRecorded, FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (ORDERS, DELIVERED, INVOICES, CREDIT_POLICIES, AGREED_TERMS, POSTINGS)
