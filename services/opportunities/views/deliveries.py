"""Units handed over to customers (AAK): one row per unit named by its serial, one for the unnamed of a movement.

Read by the list of deliveries and by the ledger match. Price, owner and unit of the time are joined when read.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    id uuid not null,                        -- of the row, for pages: from its stream, fact and place
    version int not null,
    place int not null,                      -- among the rows of its fact
    delivered_at timestamptz not null,
    delivered_on date not null,
    line int not null,
    units int not null,
    serial text,
    product text                             -- of the line then
"""

ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(changes) over (partition by tenant_id, stream_id order by occurred_at, version) as standing
      from corrected_facts
),
moved as (
    select m.tenant_id, m.stream_id, m.version, m.occurred_at, m.standing, move, move_place,
           (move ->> 'line')::int as line, coalesce(move -> 'serials', '[]') as serials
      from merged as m
     cross join lateral jsonb_array_elements(coalesce(m.changes -> 'delivered', '[]'))
                with ordinality as moves(move, move_place)
     where m.type = 'UnitsDelivered'
)
select placed.tenant_id, placed.stream_id,
       md5(concat_ws('/', placed.stream_id, placed.version, placed.place))::uuid as id,
       placed.version, placed.place, placed.delivered_at, placed.delivered_on, placed.line, placed.units, placed.serial,
       placed.product
  from (
select m.tenant_id, m.stream_id, m.version,
       (row_number() over (partition by m.tenant_id, m.stream_id, m.version
                           order by m.move_place, unit.serial nulls last))::int as place,
       m.occurred_at as delivered_at,
       (m.move ->> 'on')::date as delivered_on,
       m.line,
       unit.units,
       unit.serial,
       (select said ->> 'product' from jsonb_array_elements(coalesce(m.standing -> 'lines', '[]')) as one(said)
         where (said ->> 'line')::int = m.line limit 1) as product
  from moved as m
 cross join lateral (
       select serial, 1 as units from jsonb_array_elements_text(m.serials) as serial
        union all
       select null, (m.move ->> 'units')::int - jsonb_array_length(m.serials)
        where (m.move ->> 'units')::int > jsonb_array_length(m.serials)) as unit
) as placed
"""

DELIVERIES = View(
    name="opportunities.deliveries",
    version=1,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version", "place"),
    indexes=(
        "create index on {table} (tenant_id, delivered_on, id)",
        "create index on {table} (tenant_id, serial) where serial is not null",
    ),
    rows=ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.UnitsDelivered,),
)
