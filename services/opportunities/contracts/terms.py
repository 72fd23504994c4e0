"""What a contract says, from a command and what it said before; and whether it holds together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.opportunities.contracts.commands import TermsGiven
from services.opportunities.dealing.given import lines_and_amount, total
from services.opportunities.events import ContractTerms, Instalment
from services.opportunities.opportunity.lines import stated_amount
from shared.event_store.stream import Refused

KEPT = ("delivery_terms", "warranty_terms", "warranty_months", "starts_on", "ends_on")


def terms_of(command: TermsGiven, before: Mapping[str, Any], currency: str) -> ContractTerms:
    """The terms a command gives; what it does not give stays as it was `before`.

    Raises Refused 422 `amount_missing`, `amount_differs`, `shares_differ`, `ends_before_start`.
    """
    lines = before.get("lines", ())
    amount: Decimal | None
    if command.lines is not None:
        lines, amount = lines_and_amount(command.lines, command.amount, before=lines)
    elif command.amount is not None:
        amount = total(lines, stated_amount(lines, command.amount))
    else:
        amount = before.get("amount")
    if amount is None:
        raise Refused("amount_missing", "say what the contract comes to", status=422, pointer="/amount")
    payment: tuple[Instalment, ...] = before.get("payment_terms", ())
    if command.payment_terms is not None:
        payment = tuple(Instalment(one.share, one.after, one.days) for one in command.payment_terms)
    kept = {name: value if (value := getattr(command, name)) is not None else before.get(name) for name in KEPT}
    terms = ContractTerms(lines, command.currency or currency, amount, payment, **kept)
    require_sound_terms({name: getattr(terms, name) for name in ContractTerms.__struct_fields__})
    return terms


def require_sound_terms(terms: Mapping[str, Any], *, pointer: str = "") -> None:
    """Raises Refused 422 for terms that contradict each other."""
    stated = stated_amount(terms["lines"], terms["amount"], pointer=f"{pointer}/amount")
    assert stated is None or stated == terms["amount"]
    payment: tuple[Instalment, ...] = terms["payment_terms"]
    shares = sum((one.share for one in payment), Decimal())
    if payment and shares != 1:
        raise Refused(
            "shares_differ",
            f"the shares come to {shares}, not 1",
            status=422,
            pointer=f"{pointer}/payment_terms",
            total=str(shares),
        )
    starts: date | None = terms["starts_on"]
    ends: date | None = terms["ends_on"]
    if starts is not None and ends is not None and ends < starts:
        raise Refused("ends_before_start", "it ends before it starts", status=422, pointer=f"{pointer}/ends_on")
