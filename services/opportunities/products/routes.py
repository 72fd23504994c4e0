"""Commands on the product catalogue over HTTP. The rules are in product.py."""

from __future__ import annotations

from uuid import UUID

from services.accounts.events import Function
from services.opportunities.products.product import CLAIM, AddProduct, ChangeProduct, Product, WithdrawProduct
from services.opportunities.routes.rights import require
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.publishing import PUBLISHERS

CATALOGUERS = PUBLISHERS | {Function.DEPARTMENT_HEAD, Function.BACK_OFFICE}
"""Keep the product catalogue."""

router = Router()


def _code_taken(claim: Claim) -> Refused:
    return Refused("product_code_taken", f"there is a product {claim.key}", pointer="/code", product=claim.key)


PRODUCTS: Commands[Product] = Commands(Product, taken=_code_taken)


@router.post(
    "/v1/products", status_code=201, operation_id="products.add", tags=["products"], responses=refuses(403, 409, 422)
)
async def add_product(command: AddProduct, ctx: Ctx) -> Receipt:
    """Put a product into the catalogue."""
    require(ctx.principal, CATALOGUERS)
    return await PRODUCTS.open(
        ctx,
        lambda id, now: Product.add(command, id=id, at=now),
        claims=lambda product: [Claim(CLAIM, command.code, product.id)],
    )


@router.post(
    "/v1/products/{product_id}/change",
    operation_id="products.change",
    tags=["products"],
    responses=refuses(403, 404, 409, 412, 428),
)
async def change_product(product_id: UUID, command: ChangeProduct, ctx: CtxMatch) -> Receipt:
    """Change what the catalogue says of a product."""
    require(ctx.principal, CATALOGUERS)
    return await PRODUCTS.act(ctx, product_id, lambda product, now: product.change(command, at=now))


@router.post(
    "/v1/products/{product_id}/withdraw",
    operation_id="products.withdraw",
    tags=["products"],
    responses=refuses(403, 404, 409, 412, 428),
)
async def withdraw_product(product_id: UUID, command: WithdrawProduct, ctx: CtxMatch) -> Receipt:
    """Offer a product no more."""
    require(ctx.principal, CATALOGUERS)
    return await PRODUCTS.act(ctx, product_id, lambda product, now: product.withdraw(command, at=now))
