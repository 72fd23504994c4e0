"""How every opportunity stood at every instant: one row per opportunity and interval of business time.

Read by the board, the hot table, outcomes and the list. Holds nothing that depends on today or on a policy: computed
level, overdue, days left and hot are worked out when read.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,                    -- the last fact that made it so
    status text,
    review text,
    stock text,                              -- open, ordered (not wholly delivered or cancelled), null
    level text,                              -- declared; null is N
    level_before text,                       -- before the latest judgement
    judged_at timestamptz,
    expected_on date,
    times_slipped int not null,              -- how often the expected day moved later
    owner_id uuid,
    unit_id uuid,
    account_id uuid,
    channel text,
    title text,
    lines jsonb not null,                    -- [{line, product, units, unit_price, delivered, cancelled, amount, ...}]
    units int,
    open_units int,                          -- neither delivered nor cancelled
    amount numeric,                          -- of all units: by line prices, else as stated
    open_amount numeric,                     -- of the open units
    currency text,
    stage text,
    probability numeric,
    competitor text,
    obstacle text,
    support_needed text,
    key_person_id uuid,
    recall_on date,
    promised_on date,
    instruction jsonb,                       -- the head's latest open one: {text, due_on, given_by, given_on}
    last_instruction jsonb,                  -- the latest, done or not: the same, and done_at, done_by, result
    duty_at timestamptz,                     -- since when stock and level are so: the follow-up clock began anew then
    contacted_at timestamptz,                -- the last contact made that reached somebody; visits come on top
    follow_up_on date,                       -- the next contact planned here, and when that was said
    follow_up_way text,
    follow_up_said_at timestamptz,
    external_refs jsonb,
    captured_at timestamptz not null,
    captured_owner_id uuid,                  -- who captured it, where, how: credit stays there
    captured_unit_id uuid,
    captured_channel text,
    outcome text not null,                   -- open, won (a later cancellation is told apart), lost
    outcome_at timestamptz not null,
    outcome_owner_id uuid,                   -- owner and unit at that time
    outcome_unit_id uuid
"""

# Figures of the lines. A line without a price gets its part of the stated total, by units; parts are cut off a running
# sum, so they add up to the total to the cent.
FIGURES = """
    select jsonb_build_object(
               'units', sum(units),
               'open_units', sum(open_units),
               'amount', coalesce(sum(amount), stated)::text,
               'open_amount', coalesce(sum(open_amount), stated)::text,
               'lines', coalesce(jsonb_agg(jsonb_build_object(
                   'line', line, 'product', product, 'units', units, 'unit_price', unit_price::text,
                   'delivered', delivered, 'cancelled', cancelled, 'open_units', open_units,
                   'amount', amount::text, 'open_amount', open_amount::text) order by line)
                   filter (where line is not null), '[]'))
      from (select (standing ->> 'amount')::numeric as stated) as total
      left join lateral (
          select moved.*, units - delivered - cancelled as open_units,
                 case when unit_price is not null then unit_price * (units - delivered - cancelled)
                      else round(amount * (units - delivered - cancelled) / nullif(units, 0), 2)
                 end as open_amount
            from (
                select line, product, units, unit_price,
                       coalesce((select sum((movement ->> 'units')::int)
                                   from jsonb_path_query(deliveries, '$[*][*]') as movement
                                  where (movement ->> 'line')::int = line), 0) as delivered,
                       coalesce((select sum((movement ->> 'units')::int)
                                   from jsonb_path_query(cancellations, '$[*][*]') as movement
                                  where (movement ->> 'line')::int = line), 0) as cancelled,
                       case when unit_price is not null then unit_price * units
                            else round(rest * unpriced_so_far / unpriced, 2)
                                 - round(rest * (unpriced_so_far - units) / unpriced, 2)
                       end as amount
                  from (
                      select line, product, units, unit_price,
                             case when stated is not null  -- greatest() would skip a null
                                  then greatest(stated - coalesce(sum(unit_price * units) over (), 0), 0) end as rest,
                             nullif(sum(units) filter (where unit_price is null) over (), 0) as unpriced,
                             sum(units) filter (where unit_price is null) over (order by line) as unpriced_so_far
                        from jsonb_to_recordset(standing -> 'lines')
                             as line_of(line int, product text, units int, unit_price numeric)
                  ) as counted
                offset 0  -- so that the sums of movements are worked out once, not wherever they are used
            ) as moved
      ) as figured on true
     group by stated
"""

# `es.merge` is strict: a null changes nothing, so each `case` costs only where it says something.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes, data,
           es.merge(changes) over so_far as standing,
           jsonb_agg(changes -> 'delivered') filter (where changes ? 'delivered') over so_far as deliveries,
           jsonb_agg(changes -> 'cancelled') filter (where changes ? 'cancelled') over so_far as cancellations,
           min(version) over so_far = 1 as captured
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
stepped as (
    select *,
           case standing ->> 'status' when 'ordered' then 'won' when 'cancelled' then 'won'
                                      when 'defeated' then 'lost' else 'open' end as outcome,
           standing ->> 'expected_on' as expected_on,
           lag(standing -> 'level') over steps as level_before,
           lag(standing ->> 'status') over steps as status_before,
           lag(standing ->> 'expected_on') over steps as expected_before,
           lead(occurred_at) over steps as next_at
      from merged
     where captured
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
noted as (
    select *,
           es.merge(case when type = 'ProspectQualified' then jsonb_build_object(
                        'at', occurred_at, 'level_before', level_before) end) over so_far as judged,
           es.merge(case when status_before is null
                           or outcome <> case status_before when 'ordered' then 'won' when 'cancelled' then 'won'
                                                            when 'defeated' then 'lost' else 'open' end
                    then jsonb_build_object('at', occurred_at, 'owner_id', standing -> 'owner_id',
                                            'unit_id', standing -> 'unit_id') end) over so_far as came_out,
           es.merge(case when changes ?| array['lines', 'amount', 'delivered', 'cancelled']
                    then ({FIGURES}) end) over so_far as figures,
           count(*) filter (where expected_on > expected_before) over so_far as times_slipped,
           first_value(occurred_at) over so_far as captured_at,
           first_value(standing ->> 'owner_id') over so_far as captured_owner_id,
           first_value(standing ->> 'unit_id') over so_far as captured_unit_id,
           first_value(standing ->> 'channel') over so_far as captured_channel,
           es.merge(case type
                        when 'InstructionGiven' then jsonb_build_object(
                            'given', changes -> 'instruction', 'done_at', null, 'done_by', null, 'result', null)
                        when 'InstructionCompleted' then jsonb_build_object(
                            'done_at', to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                            'done_by', data -> 'completed_by', 'result', data -> 'result')
                    end) over so_far as instructed,
           max(occurred_at) filter (where (changes ->> 'contact_reached')::boolean) over so_far as contacted_at,
           max(occurred_at) filter (where changes ? 'follow_up_on') over so_far as follow_up_said_at
      from stepped
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
stocked as (
    select *,
           case standing ->> 'status'
               when 'open' then 'open'
               when 'ordered' then case when coalesce((figures ->> 'open_units')::int, 1) > 0 then 'ordered' end
           end as stock
      from noted
),
followed as (  -- an order is one level, O, whatever was declared before
    select *,
           case when (stock, case when stock = 'open' then standing ->> 'level' end) is distinct from
                     (lag(stock) over steps, lag(case when stock = 'open' then standing ->> 'level' end) over steps)
                then occurred_at end as turned_at
      from stocked
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
clocked as (
    select *, max(turned_at) over (partition by tenant_id, stream_id order by occurred_at, version) as duty_at
      from followed
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       standing ->> 'review' as review,
       stock,
       standing ->> 'level' as level,
       judged ->> 'level_before' as level_before,
       (judged ->> 'at')::timestamptz as judged_at,
       expected_on::date as expected_on,
       times_slipped::int as times_slipped,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'channel' as channel,
       standing ->> 'title' as title,
       coalesce(figures -> 'lines', '[]') as lines,
       (figures ->> 'units')::int as units,
       (figures ->> 'open_units')::int as open_units,
       (figures ->> 'amount')::numeric as amount,
       (figures ->> 'open_amount')::numeric as open_amount,
       standing ->> 'currency' as currency,
       standing ->> 'stage' as stage,
       (standing ->> 'probability')::numeric as probability,
       standing ->> 'competitor' as competitor,
       standing ->> 'obstacle' as obstacle,
       standing ->> 'support_needed' as support_needed,
       (standing ->> 'key_person_id')::uuid as key_person_id,
       (standing ->> 'recall_on')::date as recall_on,
       (standing ->> 'promised_on')::date as promised_on,
       nullif(standing -> 'instruction', 'null') as instruction,
       case when instructed ? 'given' then (instructed -> 'given') || (instructed - 'given') end as last_instruction,
       case when stock is not null then duty_at end as duty_at,
       contacted_at,
       (standing ->> 'follow_up_on')::date as follow_up_on,
       standing ->> 'follow_up_way' as follow_up_way,
       follow_up_said_at,
       standing -> 'external_refs' as external_refs,
       captured_at,
       captured_owner_id::uuid as captured_owner_id,
       captured_unit_id::uuid as captured_unit_id,
       captured_channel,
       outcome,
       (came_out ->> 'at')::timestamptz as outcome_at,
       (came_out ->> 'owner_id')::uuid as outcome_owner_id,
       (came_out ->> 'unit_id')::uuid as outcome_unit_id
  from clocked
 where next_at is distinct from occurred_at
""".replace("{FIGURES}", FIGURES)

STANDINGS = View(
    name="opportunities.standings",
    version=5,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        # The stock of any instant. Open and ordered alone: most rows of a long log are neither.
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at)) where stock is not null",
        # The few that are near an order, at any instant: without it the hot table reads the whole stock.
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at), level, expected_on)"
        " where stock = 'open' and level is not null",
        # Who is responsible today, for rows of any instant: read from the indexes alone.
        "create index on {table} (tenant_id, account_id) include (stream_id) where to_at is null",
        "create index on {table} (tenant_id, owner_id) include (stream_id) where to_at is null",
        "create index on {table} (tenant_id, unit_id) include (stream_id) where to_at is null",
        "create index on {table} (tenant_id, stream_id) include (owner_id, unit_id, account_id) where to_at is null",
        "create index on {table} (tenant_id, captured_at, stream_id) where to_at is null",
        # Whom to ask again: frozen, out of contact or defeated with a recall day.
        "create index on {table} (tenant_id, recall_on, stream_id) where to_at is null and recall_on is not null",
    ),
    rows=ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
)
