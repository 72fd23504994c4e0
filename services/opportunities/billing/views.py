"""The views of orders on their way and of billing: what was delivered, charged, paid, allowed to be owed, and posted.

What depends on today is worked out when read: due, overdue, over the limit, matched.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from services.opportunities.views.deliveries import DELIVERIES
from services.opportunities.views.order_lines import ORDER_LINES
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

# Parts of an amount are added up over the facts so far: they are movements, not standings.
SUMMED = """
with summed as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           sum(parts.plus) over steps as plus,
           sum(parts.minus) over steps as minus,
           sum(parts.credited) over steps as credited,
           lead(occurred_at) over steps as next_at
      from corrected_facts
     cross join lateral (
           select {sum_plus} as plus, {sum_minus} as minus, {sum_credited} as credited) as parts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
"""
PARTS = """coalesce((select sum((part ->> 'amount')::numeric)
                       from jsonb_array_elements(coalesce(changes -> '{name}', '[]')) as part), 0)"""


def _summed(plus: str, minus: str, credited: str) -> str:
    parts = {"sum_plus": plus, "sum_minus": minus, "sum_credited": credited}
    return SUMMED.format(**{part: PARTS.replace("{name}", name) for part, name in parts.items()})


# -- invoices ----------------------------------------------------------------------------------------------

INVOICE_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,                    -- issued, cancelled
    opportunity_id uuid not null,
    account_id uuid not null,                -- who owes it
    number text not null,
    issuer text,
    lines jsonb not null,                    -- [{line, product, units, unit_price, tax_rate, net, tax, gross}]
    net numeric not null,
    tax numeric not null,
    gross numeric not null,
    credited numeric not null,
    paid numeric not null,                   -- allocated from receipts
    open_amount numeric not null,            -- gross − credited − paid; 0 once cancelled
    currency text not null,
    issued_on date not null,
    due_on date,                             -- null: by the contract's terms, else the policy
    cancelled_on date
"""

INVOICE_ROWS = (
    _summed("payments", "released", "credits")
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'number' as number,
       standing ->> 'issuer' as issuer,
       coalesce(standing -> 'lines', '[]') as lines,
       (standing ->> 'net')::numeric as net,
       (standing ->> 'tax')::numeric as tax,
       (standing ->> 'gross')::numeric as gross,
       credited,
       plus - minus as paid,
       case when standing ->> 'status' = 'issued'
            then (standing ->> 'gross')::numeric - credited - plus + minus else 0 end as open_amount,
       standing ->> 'currency' as currency,
       (standing ->> 'issued_on')::date as issued_on,
       (standing ->> 'due_on')::date as due_on,
       (standing ->> 'cancelled_on')::date as cancelled_on
  from summed
 where next_at is distinct from occurred_at
   and standing ->> 'number' is not null     -- else it never was, or was not there yet
"""
)

INVOICES = View(
    name="opportunities.invoices",
    version=1,
    stream_types=("invoice",),
    columns=INVOICE_COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at)) where open_amount <> 0",
        "create index on {table} (tenant_id, opportunity_id)",
        "create index on {table} (tenant_id, account_id)",
        "create index on {table} (tenant_id, issued_on, stream_id) where to_at is null",
    ),
    rows=INVOICE_ROWS,
    facts=(*get_args(events.InvoiceFact), FactCorrected, FactVoided),
)

# -- receipts ----------------------------------------------------------------------------------------------

RECEIPT_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,                    -- received, returned
    account_id uuid not null,
    amount numeric not null,
    allocated numeric not null,
    unallocated numeric not null,            -- 0 once returned
    currency text not null,
    received_on date not null,
    bank_reference text,
    returned_on date
"""

RECEIPT_ROWS = (
    _summed("allocations", "released", "none")
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'account_id')::uuid as account_id,
       (standing ->> 'amount')::numeric as amount,
       plus - minus as allocated,
       case when standing ->> 'status' = 'received'
            then (standing ->> 'amount')::numeric - plus + minus else 0 end as unallocated,
       standing ->> 'currency' as currency,
       (standing ->> 'received_on')::date as received_on,
       standing ->> 'bank_reference' as bank_reference,
       (standing ->> 'returned_on')::date as returned_on
  from summed
 where next_at is distinct from occurred_at
   and standing ->> 'amount' is not null
"""
)

RECEIPTS = View(
    name="opportunities.receipts",
    version=1,
    stream_types=("receipt",),
    columns=RECEIPT_COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at)) where unallocated <> 0",
        "create index on {table} (tenant_id, account_id)",
        "create index on {table} (tenant_id, received_on, stream_id) where to_at is null",
    ),
    rows=RECEIPT_ROWS,
    facts=(*get_args(events.ReceiptFact), FactCorrected, FactVoided),
)

# -- credit ------------------------------------------------------------------------------------------------

CREDIT_LIMITS = View(
    name="opportunities.credit_limits",
    version=1,
    stream_types=("credit",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    account_id uuid not null,
    currency text not null,
    credit_limit numeric                     -- null: no limit any more
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, account_id, currency)",),
    rows=MERGED
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'currency' as currency,
       (standing ->> 'limit')::numeric as credit_limit
  from merged
 where next_at is distinct from occurred_at and standing ->> 'account_id' is not null
""",
    facts=(events.CreditLimitSet, FactCorrected, FactVoided),
)

CREDIT_POLICIES = View(
    name="opportunities.credit_policies",
    version=1,
    stream_types=("credit_policy",),
    columns="""
    version int not null,
    published_at timestamptz not null,
    effective_from date not null,
    due_days int not null,
    warn_share numeric not null
""",
    key=("version",),
    indexes=(),
    rows="""
select tenant_id, stream_id, version,
       occurred_at as published_at,
       (policy ->> 'effective_from')::date as effective_from,
       (policy ->> 'due_days')::int as due_days,
       (policy ->> 'warn_share')::numeric as warn_share
  from corrected_facts
 cross join lateral jsonb_array_elements(coalesce(changes -> 'policies', '[]')) as policy
""",
    facts=(events.CreditPolicyPublished, FactCorrected, FactVoided),
)

# -- the ERP's books ---------------------------------------------------------------------------------------

POSTINGS = View(
    name="opportunities.postings",
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
        "create index on {table} (tenant_id, posted_on, stream_id)",
        "create index on {table} (tenant_id, order_ref)",
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

VIEWS: tuple[View, ...] = (
    ORDER_LINES,
    DELIVERIES,
    INVOICES,
    RECEIPTS,
    CREDIT_LIMITS,
    CREDIT_POLICIES,
    POSTINGS,
)
