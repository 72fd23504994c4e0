"""The matrix and its targets for negotiations and price limits: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from services.opportunities.events import PriceLine
from services.opportunities.negotiations.commands import HoldRound, OpenNegotiation, RequestPrice
from services.opportunities.negotiations.negotiation import Negotiation
from services.opportunities.negotiations.price_policy import SHIPPED, AskedDiscount, PublishPricePolicy
from tests.authorisation import expectations as who
from tests.authorisation.nouns.dealing import ABOVE, AT, BY, CORRECTION, DAY, OF_A_DEAL, kept
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

ROUND: dict[str, Any] = {"terms": "价", "outcome": "progress"}
PRICE = {"lines": [{"product": "A6L", "units": 1, "unit_price": "1"}]}
EXAMPLE: Any = PublishPricePolicy.model_config["json_schema_extra"]

ROWS: dict[str, Row] = {
    "negotiations.list": listed(),
    "negotiations.read": Row(who.RECORD_READ, "negotiation.open"),
    "negotiations.begin": Row(OF_A_DEAL, "deal.hot", lambda target: {"opportunity_id": target.id}, matched=False),
    "negotiations.hold_round": Row(who.RECORD_CHANGE, "negotiation.open", ROUND),
    "negotiations.close_point": Row(who.RECORD_CHANGE, "negotiation.open", {"number": 1}),
    "negotiations.conclude": Row(who.RECORD_CHANGE, "negotiation.open", {"agreed": True}),
    "negotiations.request_price": Row(who.RECORD_CHANGE, "negotiation.open", PRICE),
    "negotiations.approve_price": Row(who.APPROVAL, "negotiation.small", {}),
    "negotiations.refuse_price": Row(who.APPROVAL, "negotiation.small", {"comment": "低"}),
    "negotiations.pass_price_on": Row(who.APPROVAL, "negotiation.great", {}, done=(200, 409), why=ABOVE),
    "negotiations.correct": Row(who.RECORD_CHANGE, "negotiation.open", CORRECTION),
    "negotiations.void": Row(who.RECORD_CHANGE, "negotiation.open", {"version": 2, "reason": "错"}),
    "price_policies.read": listed(),
    "price_policies.publish": Row(
        who.PUBLISHING, body=EXAMPLE["examples"][0] | {"effective_from": "2199-01-01"}, done=(201, 409)
    ),
}


def _negotiation(discount: str | None, deal: UUID) -> Negotiation:
    negotiation = Negotiation.opened(OpenNegotiation(opportunity_id=deal), id=uuid4(), by=BY, at=AT, day=DAY)
    held = HoldRound.model_validate({**ROUND, "open_points": [{"text": "质保"}]})
    negotiation.hold_round(held, by=BY, at=AT, day=DAY)
    if discount is not None:
        share = Decimal(discount)
        line = PriceLine("A6L", 1, Decimal(1), Decimal(1), share)
        negotiation.request_price(
            RequestPrice.model_validate(PRICE),
            lines=(line,),
            currency="CNY",
            asked=AskedDiscount(SHIPPED, share),
            functions=("representative",),
            by=BY,
            at=AT,
            day=DAY,
        )
    return negotiation


async def _made(discount: str | None, world: World) -> Target:
    return await kept(world, partial(_negotiation, discount))


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "negotiation.open": partial(_made, None),
    "negotiation.small": partial(_made, "0.08"),
    "negotiation.great": partial(_made, "0.5"),
}
