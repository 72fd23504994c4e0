"""The matrix of what other systems tell: each principal may what the command of the record allows them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from tests.authorisation import expectations as who
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

HEADS = {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}
QUARTERS = count()
ABSENT = 404


def _figure(_: Any) -> dict[str, Any]:
    number = next(QUARTERS)
    said = {"fact": "told", "system": "erp", "key": secrets.token_hex(6), "kind": "sales", "amount": "5.00"}
    return {**said, "period": f"{1900 + number // 4}-Q{number % 4 + 1}", "currency": "CNY", "unit_id": BRANCH}


def _posting(_: Any) -> dict[str, Any]:
    said = {"fact": "posted", "posting_id": secrets.token_hex(6), "order_ref": "HT-1", "line": 1, "units": 1}
    return {**said, "amount": "1", "currency": "CNY", "on": "2025-03-01"}


def _unknown(fact: str, **said: Any) -> Callable[[Any], dict[str, Any]]:
    """A record no system knows: who may tell it gets as far as looking for it, as does who may not."""
    return lambda _: {"fact": fact, **said}


LOOKS = who.acting(who.PEOPLE - {who.AUDITOR, who.READ_ONLY})
"""Whoever sends commands: the reference leads nowhere."""

ROWS: dict[str, Row] = {
    "inbound.orders": Row(
        who.RECORD_CHANGE, "deal.won",
        lambda target: {"fact": "shipped", "order": {"id": target.id}, "units": [{"line": 1, "units": 1}]},
        matched=False,
    ),
    "inbound.invoices": Row(
        LOOKS, body=_unknown("cancelled", number="nobody", reason="错"), matched=False, done=(ABSENT,),
        why="of an invoice nobody has; invoices.cancel says who may",
    ),
    "inbound.receipts": Row(
        LOOKS, body=_unknown("returned", bank_reference="nobody", reason="错"), matched=False, done=(ABSENT,),
        why="of money nobody has; receipts.return says who may",
    ),
    "inbound.filings": Row(
        LOOKS, body=_unknown("refused", number="nobody", reason="错"), matched=False, done=(ABSENT,),
        why="of a filing nobody has; filings.refuse says who may",
    ),
    "inbound.postings": Row(
        who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}, elsewhere="done"), body=_posting, matched=False
    ),
    "inbound.products": Row(
        LOOKS, body=_unknown("withdrawn", code="nobody"), matched=False, done=(ABSENT,),
        why="of a product nobody has; products.withdraw says who may",
    ),
    "inbound.people": Row(
        LOOKS, body=_unknown("left", person={"system": "hr", "key": "nobody"}), matched=False, done=(ABSENT,),
        why="of a person nobody has; people.leave says who may",
    ),
    "inbound.accounts": Row(
        LOOKS,
        body=_unknown(
            "known", account={"system": "erp", "key": "new"}, name="新", owner={"system": "hr", "key": "nobody"}
        ),
        matched=False, done=(ABSENT,), why="of an owner nobody has; accounts.put says who may",
    ),
    "inbound.company_figures": Row(
        who.reserved(frozenset(HEADS) | {who.OTHER_TENANT}, elsewhere="done"), body=_figure, matched=False,
        done=(200, 409), why="a quarter may have a figure already",
    ),
    "reconciliation.read": listed(),
    "reconciliation.records": Row(who.OWN_COMPANY, query={"kind": "invoiced"}),
}  # fmt: skip
MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
