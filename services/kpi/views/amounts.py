"""Units and money of an order by product, as the views of this service work them out. SQL text only."""

from __future__ import annotations

# A line without a price gets its part of the stated total, by units; parts are cut off a running sum, so they add up to
# the total to the cent. Without lines the stated total stands alone. `lines` null: nothing is sold.
BY_PRODUCT = """
    select coalesce(sum(units), 0)::int as units, coalesce(sum(amount), min(stated)) as amount,
           coalesce(jsonb_agg(jsonb_build_object('product', product, 'units', units, 'amount', amount::text)
                              order by product) filter (where units is not null),
                    case when min(stated) is not null then jsonb_build_array(
                         jsonb_build_object('product', null, 'units', 0, 'amount', min(stated)::text)) end) as lines
      from (select ({s} ->> 'amount')::numeric as stated) as total
      left join lateral (
          select product, sum(units)::int as units, sum(amount) as amount
            from (
              select product, units,
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
                    from jsonb_to_recordset({s} -> 'lines')
                         as line_of(line int, product text, units int, unit_price numeric)
                ) as counted
            ) as priced
           group by product
      ) as by_product on true
"""
"""One row: units, amount and `lines` [{{product, units, amount}}] of a standing `s`."""

MOVED = """
    select coalesce(sum(units), 0)::int as units,
           jsonb_agg(jsonb_build_object('product', product, 'units', units) order by product) as lines
      from (select (select l ->> 'product' from jsonb_array_elements({s} -> 'lines') as t(l)
                     where l ->> 'line' = x ->> 'line' limit 1) as product, sum((x ->> 'units')::int) as units
              from jsonb_array_elements({moves}) as y(x)
             group by 1) as moved
"""
"""One row: units and `lines` [{{product, units}}] of movements, by the product of their line in a standing `s`."""
