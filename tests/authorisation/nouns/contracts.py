"""The matrix and its targets for contracts and their limits: rows by operation, and what makes what they are on."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from services.opportunities.contracts.commands import (
    ApproveContract,
    DraftContract,
    RequestAmendment,
    SignContract,
)
from services.opportunities.contracts.contract import Contract
from services.opportunities.contracts.contract_policy import SHIPPED, AskedAmount, PublishContractPolicy
from tests.authorisation import expectations as who
from tests.authorisation.company import LATER, id_of
from tests.authorisation.nouns.dealing import ABOVE, AT, BY, CORRECTION, DAY, MILLION, OF_A_DEAL, kept
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

EXAMPLE: Any = PublishContractPolicy.model_config["json_schema_extra"]
HEAD: UUID = id_of("b00.head")


def _signing(_: Any) -> dict[str, Any]:
    return {"number": secrets.token_hex(6), "signed_by": str(id_of("director"))}


ROWS: dict[str, Row] = {
    "contracts.list": listed(),
    "contracts.read": Row(who.RECORD_READ, "contract.draft"),
    "contracts.draw_up": Row(
        OF_A_DEAL, "deal.hot", lambda target: {"opportunity_id": target.id, "amount": "1000"}, matched=False
    ),
    "contracts.draft": Row(who.RECORD_CHANGE, "contract.draft", {"warranty_months": 48}),
    "contracts.submit": Row(who.RECORD_CHANGE, "contract.draft", {}),
    "contracts.pass_on": Row(who.APPROVAL, "contract.great", {}, done=(200, 409), why=ABOVE),
    "contracts.approve": Row(who.APPROVAL, "contract.submitted", {}),
    "contracts.return": Row(who.APPROVAL, "contract.submitted", {"comment": "补"}),
    "contracts.delegate_signing": Row(
        who.APPROVAL, "contract.approved", {"delegate_id": str(BY), "until": LATER.isoformat()}
    ),
    "contracts.sign": Row(who.RECORD_CHANGE, "contract.approved", _signing),
    "contracts.request_amendment": Row(who.RECORD_CHANGE, "contract.signed", {"reason": "加购", "amount": "2000000"}),
    "contracts.approve_amendment": Row(who.APPROVAL, "contract.amending", {}),
    "contracts.return_amendment": Row(who.APPROVAL, "contract.amending", {"comment": "补"}),
    "contracts.renew": Row(who.RECORD_CHANGE, "contract.signed", {"ends_on": "2199-01-01"}),
    "contracts.terminate": Row(who.RECORD_CHANGE, "contract.signed", {"reason": "重组"}),
    "contracts.correct": Row(who.RECORD_CHANGE, "contract.draft", CORRECTION),
    "contracts.void": Row(who.RECORD_CHANGE, "contract.signed", {"version": 4, "reason": "错"}),
    "contract_policies.read": listed(),
    "contract_policies.publish": Row(
        who.PUBLISHING, body=EXAMPLE["examples"][0] | {"effective_from": "2199-01-01"}, done=(201, 409)
    ),
}

STATES = ("draft", "submitted", "approved", "signed", "amending")


def _contract(state: str, millions: int, deal: UUID) -> Contract:
    amount = millions * MILLION
    command = DraftContract.model_validate({"opportunity_id": deal, "amount": str(amount)})
    contract = Contract.drawn_up(command, currency="CNY", id=uuid4(), by=BY, at=AT, day=DAY)
    asked = AskedAmount(SHIPPED, amount, "CNY")
    reached = STATES.index(state)
    if reached >= STATES.index("submitted"):
        contract.submit(asked=asked, by=BY, at=AT, day=DAY)
    if reached >= STATES.index("approved"):
        functions = ("department_head",)
        contract.approve(ApproveContract(), asked=asked, functions=functions, by=HEAD, at=AT, day=DAY)
    if reached >= STATES.index("signed"):
        signing = SignContract(number=secrets.token_hex(8))
        contract.sign(signing, signed_by=HEAD, by_delegation=False, at=AT, day=DAY)
    if state == "amending":
        amending = RequestAmendment.model_validate({"reason": "加购", "amount": str(5 * MILLION)})
        more = AskedAmount(SHIPPED, 5 * MILLION, "CNY")
        contract.request_amendment(amending, asked=more, by=BY, at=AT, day=DAY)
    return contract


async def _made(state: str, millions: int, world: World) -> Target:
    return await kept(world, partial(_contract, state, millions))


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    **{f"contract.{state}": partial(_made, state, 1) for state in STATES},
    "contract.great": partial(_made, "submitted", 20),
}
