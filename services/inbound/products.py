"""Products as the ERP's price list has them, by their code. The rules are the product's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.opportunities.fields import Code
from services.opportunities.products.product import CLAIM, AddProduct, ChangeProduct, WithdrawProduct
from services.opportunities.products.routes import add_product, change_product, withdraw_product
from shared.http.by_ref import HOLDERS
from shared.http.context import CommandContext
from shared.http.inbound import Fact, Row, as_command, held_by, inbound, like
from shared.http.problem import At, Problem
from shared.http.receipt import Receipt
from shared.records.fields import Title


class ProductOffered(Row, AddProduct):
    """It is for sale: put into the catalogue, or brought up to date in what is named."""

    model_config = like(fact="offered", code="A6L", name="A6L 45 TFSI", list_price="427900.00", currency="CNY")

    fact: Literal["offered"]
    name: Title | None = Field(default=None, description="Needed for a new one.")  # type: ignore[assignment]


class ProductWithdrawn(Row, WithdrawProduct):
    """It is offered no more."""

    model_config = like(fact="withdrawn", code="A6L", reason="停产")

    fact: Literal["withdrawn"]
    code: Code


async def _offered(row: ProductOffered, ctx: CommandContext) -> Receipt:
    if await _known(ctx, row.code):
        names = row.model_fields_set
        given = {name: getattr(row, name) for name in ChangeProduct.model_fields if name in names}
        return await change_product(await held_by(ctx, CLAIM, row.code), ChangeProduct(**given), ctx)
    if row.name is None:
        raise Problem(422, "validation", errors=(At("/name", "missing"),), params={"count": 1})
    return await add_product(as_command(row, AddProduct), ctx)


async def _known(ctx: CommandContext, code: str) -> bool:
    """Whether it was there before this was first told: a retry of its adding adds it once more."""
    rows = await ctx.kit.pool.fetch(HOLDERS, ctx.tenant_id, CLAIM, [code])
    return bool(rows) and rows[0]["stream_id"] != ctx.new_id("product")


async def _withdrawn(row: ProductWithdrawn, ctx: CommandContext) -> Receipt:
    return await withdraw_product(await held_by(ctx, CLAIM, row.code), as_command(row, WithdrawProduct), ctx)


router = inbound(
    "products",
    "Products by code (产品): offered, withdrawn",
    (
        Fact(ProductOffered, "/v1/products", lambda row: row.code, _offered),
        Fact(ProductWithdrawn, "/v1/products", lambda row: row.code, _withdrawn),
    ),
)
