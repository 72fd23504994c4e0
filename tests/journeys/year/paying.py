"""Assessment and commission of the year: told over HTTP; what a commission must come to, in plain Python."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.journeys.year.cast import decides_for
from tests.journeys.year.log import months_from
from tests.journeys.year.oracle import Oracle
from tests.journeys.year.teller import Teller

CENT = Decimal("0.01")
DAY = timedelta(days=1)
BACK = 12
"""Months before whose late entries are settled."""
PER_ORDER, PER_DELIVERY, OF_AMOUNT = Decimal(500), Decimal(800), Decimal("0.001")
RULE: dict[str, Any] = {
    "effective_from": "2024-01-01",
    "post": "representative",
    "lines": [
        {"code": "ordered", "kpi": "orders", "rate": "500", "currency": "CNY"},
        {"code": "delivered", "kpi": "deliveries", "rate": "800", "currency": "CNY"},
        {"code": "amount", "kpi": "order_amount", "rate": "0.001"},
    ],
    "factor": {
        "kpi": "attainment_orders",
        "steps": [{"bound": "0.8", "points": "1"}, {"bound": "1", "points": "1.2"}],
        "otherwise": "0.8",
    },
}


async def commissions(teller: Teller, month: str, reps: Mapping[str, str]) -> Mapping[str, dict[str, Any]]:
    """Each representative's proposal of a month, by person; proposed by finance."""

    async def propose(rep: str) -> None:
        async with teller.gate:
            receipt = await teller.tell("books", "/v1/commissions", {"owner_id": teller.ids[rep], "month": month})
        teller.ids[f"commission {rep} {month}"] = receipt["id"]

    await asyncio.gather(*(propose(rep) for rep in reps))
    listed = await teller.read("office", "/v1/commissions", {"month": month, "limit": 100})
    return {one["owner_id"]: one for one in listed["items"]}


def paid(known: Mapping[date, Oracle], person: str, month: date) -> Mapping[str, tuple[Decimal, Decimal]]:
    """By currency: for the month itself, and for what is known of earlier months only now."""
    now, before = known[month], known[(month.replace(day=1) - DAY).replace(day=1)]
    own = _due(now, person, month)
    back: dict[str, Decimal] = {}
    first = month
    for _ in range(BACK):
        first = (first - DAY).replace(day=1)
        then, already = _due(now, person, first), _due(before, person, first)
        for currency in then.keys() | already.keys():
            late = then.get(currency, Decimal()) - already.get(currency, Decimal())
            back[currency] = back.get(currency, Decimal()) + late
    found = {
        currency: (own.get(currency, Decimal()), back.get(currency, Decimal())) for currency in own.keys() | back.keys()
    }
    return {currency: both for currency, both in found.items() if any(both)}


def _due(oracle: Oracle, person: str, month: date) -> Mapping[str, Decimal]:
    """The rule on the figures of a month as one oracle knows them."""
    (period,) = months_from(month, 1)
    factor = Decimal(1)
    reached = oracle.figures("attainment_orders", period, ("person",)).get(((person,), None))
    if reached is not None and reached.value is not None:
        factor = (
            Decimal("1.2") if reached.value >= 1 else Decimal(1) if reached.value >= Decimal("0.8") else Decimal("0.8")
        )
    found: dict[str, Decimal] = {}
    for kpi, rate in (("orders", PER_ORDER), ("deliveries", PER_DELIVERY), ("order_amount", OF_AMOUNT)):
        for (key, currency), figure in oracle.figures(kpi, period, ("person",)).items():
            if key == (person,):
                into = currency or "CNY"
                amount = (figure.numerator * rate * factor).quantize(CENT, ROUND_HALF_UP)
                found[into] = found.get(into, Decimal()) + amount
    return found


async def assessed(teller: Teller, rep: str, month: str) -> dict[str, Any]:
    """A month's assessment from the ratings over the result and an appeal that is upheld to the second signature."""
    head = decides_for(rep, date.fromisoformat(f"{month}-28"))
    peer = "rep H1" if rep != "rep H1" else "rep H2"
    opened = {"owner_id": teller.ids[rep], "month": month, "raters": [{"person_id": teller.ids[peer], "rater": "peer"}]}
    receipt = await teller.tell("hr", "/v1/assessments", opened)
    key, path = f"assessment {rep} {month}", f"/v1/assessments/{receipt['id']}"
    teller.versions[key] = receipt["version"]

    async def tell(by: str, verb: str, **body: Any) -> None:
        await teller.tell(by, f"{path}/{verb}", body, of=key)

    await tell(head, "rate", rater="superior", aspect="attitude", points="85")
    await tell(peer, "rate", rater="peer", aspect="teamwork", points="90")
    await tell("hr", "propose")
    await tell(head, "sign-off")
    await tell(rep, "appeal", appeal="住院期间的走访应免计")
    await tell(head, "answer-appeal", upheld=True, answer="同意复核")
    await tell("hr", "propose")
    await tell(head, "adjust", code="visit_compliance", points="90", reason="住院期间免计")
    await tell(head, "sign-off")
    await tell(rep, "acknowledge")
    shown: dict[str, Any] = await teller.read(head, path)
    return shown
