"""Prices against the price list: what is asked for, and how far below the list it is. Reads the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal
from typing import Any

from services.opportunities.events import PriceLine
from services.opportunities.negotiations.commands import PriceGiven
from services.opportunities.products.product import CLAIM
from shared.event_store.stream import Refused
from shared.http.context import CommandContext

LISTED = """
select distinct on (c.key) c.key, e.data -> 'standing' ->> 'list_price' as list_price,
       e.data -> 'standing' ->> 'currency' as currency
  from es.claims c
  join es.events e on e.tenant_id = c.tenant_id and e.stream_id = c.stream_id
 where c.tenant_id = $1 and c.scope = $2 and c.key = any($3::text[])
 order by c.key, e.version desc
"""
PLACES = Decimal("0.000001")


async def priced(ctx: CommandContext, given: Sequence[PriceGiven], currency: str) -> tuple[PriceLine, ...]:
    """The prices asked for beside the list's of today. Raises Refused 422 `unknown_product`.

    A product listed in another currency, or not at all, has no list price here: two currencies are never compared.
    """
    rows = await ctx.kit.pool.fetch(LISTED, ctx.tenant_id, CLAIM, sorted({line.product for line in given}))
    listed: dict[str, Any] = {row["key"]: row for row in rows}
    lines = []
    for index, line in enumerate(given):
        if (row := listed.get(line.product)) is None:
            raise Refused(
                "unknown_product",
                f"there is no product {line.product}",
                status=422,
                pointer=f"/lines/{index}/product",
                product=line.product,
            )
        known = row["list_price"] is not None and row["currency"] == currency
        price = Decimal(row["list_price"]) if known else None
        lines.append(PriceLine(line.product, line.units, line.unit_price, price, discount(line.unit_price, price)))
    return tuple(lines)


def discount(price: Decimal, listed: Decimal | None) -> Decimal | None:
    """The share of the list price given away, 0 at or above it, to six places, rounded up; None without one."""
    if not listed:
        return None
    return max((listed - price) / listed, Decimal(0)).quantize(PLACES, ROUND_UP)


def greatest(lines: Sequence[PriceLine]) -> Decimal | None:
    """The greatest discount of the lines; None when one's is not known. A mean would let one line hide in others."""
    known = [line.discount for line in lines if line.discount is not None]
    return max(known) if len(known) == len(lines) and known else None
