"""Orders as the ERP tells them, by its own reference of the opportunity. The rules are the opportunity's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import Field

from services.accounts.account import ACCOUNT_REF
from services.opportunities.opportunity.commands.by_ref import PutOpportunity
from services.opportunities.opportunity.commands.orders import (
    AmendOrder,
    CancelUnits,
    DeliverUnits,
    InstallUnits,
    RescheduleDelivery,
    ShipUnits,
    WinDeal,
)
from services.opportunities.opportunity.external_refs import OPPORTUNITY_REF
from services.opportunities.opportunity.routes import orders
from services.opportunities.opportunity.routes.by_ref import put_by_ref
from shared.http.context import CommandContext
from shared.http.inbound import Fact, Named, Row, as_command, found, inbound, like
from shared.http.problem import At, Problem
from shared.http.receipt import Receipt
from shared.identity.standing_fields import PERSON_REF
from shared.records.fields import Command

C = TypeVar("C", bound=Command)

RESOURCE = "/v1/opportunities"
ORDER = {"system": "erp", "key": "SO-10077"}
LINE = {"line": 1, "product": "A6L", "units": 20, "unit_price": "305000.00"}
VIN = {"line": 1, "serials": ["LFV2A24F9K3000001"]}


class OfOrder(Row):
    """A fact of an order."""

    order: Named


class OrderKnown(OfOrder, PutOpportunity):
    """The deal as the other system has it: put on file, or brought up to date."""

    model_config = like(
        fact="known",
        order=ORDER,
        account={"system": "erp", "key": "K-1007"},
        owner={"system": "hr", "key": "E-1042"},
        title="出租车更新 2025",
        lines=[LINE],
        on="2025-03-18",
    )

    fact: Literal["known"]
    account: Named | None = Field(default=None, description="Instead of `account_id`.")
    owner: Named | None = Field(default=None, description="Of a new one, instead of `owner_id`.")


class OrderPlaced(OfOrder, WinDeal):
    """The customer ordered."""

    model_config = like(
        fact="placed", order=ORDER, lines=[LINE], order_ref="HT-2025-031", promised_on="2025-05-30", on="2025-03-18"
    )

    fact: Literal["placed"]


class OrderChanged(OfOrder, AmendOrder):
    """The order says something else."""

    model_config = like(fact="changed", order=ORDER, lines=[{**LINE, "units": 18}], reason="客户减少两台")

    fact: Literal["changed"]


class OrderCancelled(OfOrder, CancelUnits):
    """Units were cancelled, or all that is not delivered."""

    model_config = like(fact="cancelled", order=ORDER, units=[{"line": 1, "units": 2}], reason="预算削减")

    fact: Literal["cancelled"]


class OrderRescheduled(OfOrder, RescheduleDelivery):
    """What was promised comes on another day."""

    model_config = like(fact="rescheduled", order=ORDER, promised_on="2030-06-30", reason="工厂排产推迟")

    fact: Literal["rescheduled"]


class OrderShipped(OfOrder, ShipUnits):
    """Units left, by VIN or by number."""

    model_config = like(fact="shipped", order=ORDER, units=[VIN], carrier="中铁物流")

    fact: Literal["shipped"]


class OrderDelivered(OfOrder, DeliverUnits):
    """Units were handed over, by VIN or by number."""

    model_config = like(fact="delivered", order=ORDER, units=[VIN], on="2025-03-28")

    fact: Literal["delivered"]


class OrderInstalled(OfOrder, InstallUnits):
    """Delivered units were put into operation."""

    model_config = like(fact="installed", order=ORDER, units=[VIN])

    fact: Literal["installed"]


async def order_of(ctx: CommandContext, order: Named) -> UUID:
    """The opportunity an order is of. Raises Problem 404."""
    return await found(ctx, OPPORTUNITY_REF, order)


async def _known(row: OrderKnown, ctx: CommandContext) -> Receipt:
    if row.order.system is None or row.order.key is None:
        raise Problem(422, "validation", errors=(At("/order/key", "missing"),), params={"count": 1})
    given: dict[str, Any] = {}
    if row.account is not None:
        given["account_id"] = await found(ctx, ACCOUNT_REF, row.account)
    if row.owner is not None:
        given["owner_id"] = await found(ctx, PERSON_REF, row.owner)
    return await put_by_ref(row.order.system, row.order.key, as_command(row, PutOpportunity, **given), ctx, Response())


def _on_order(
    form: type[Row], command: type[C], carry_out: Callable[[UUID, C, CommandContext], Awaitable[Receipt]]
) -> Fact:
    """A fact that is a command on the order it names."""

    async def tell(row: Any, ctx: CommandContext) -> Receipt:
        return await carry_out(await order_of(ctx, row.order), as_command(row, command), ctx)

    return Fact(form, RESOURCE, _lane, tell)


def _lane(row: OfOrder) -> str:
    return row.order.lane


router = inbound(
    "orders",
    "Orders as the ERP tells them (订单): known, placed, changed, cancelled, shipped, delivered",
    (
        Fact(OrderKnown, RESOURCE, _lane, _known),
        _on_order(OrderPlaced, WinDeal, orders.win),
        _on_order(OrderChanged, AmendOrder, orders.amend),
        _on_order(OrderCancelled, CancelUnits, orders.cancel),
        _on_order(OrderRescheduled, RescheduleDelivery, orders.reschedule),
        _on_order(OrderShipped, ShipUnits, orders.ship),
        _on_order(OrderDelivered, DeliverUnits, orders.deliver),
        _on_order(OrderInstalled, InstallUnits, orders.install),
    ),
)
