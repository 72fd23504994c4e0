"""Prospects made up by chance, told as facts in a log. Tests nothing.

Times are whole half-days, so that several facts fall on one instant; facts come late, are corrected and voided, and
nothing keeps to the rules of the life cycle: folds must bear all that.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from services.opportunities.events import (
    Cancellation,
    ContactLost,
    DealLost,
    DealReopened,
    DealWon,
    DefeatKind,
    DefeatRejected,
    DefeatRequested,
    DefeatVerified,
    Delivery,
    Line,
    OpportunityTransferred,
    OrderAmended,
    ProspectCaptured,
    ProspectFrozen,
    ProspectQualified,
    ProspectResumed,
    Status,
    UnitsCancelled,
    UnitsDelivered,
    Verdict,
)
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.stream import Refused
from tests.accounts.log import Log

START = datetime(2024, 12, 31, 16, tzinfo=UTC)
"""The first instant of 2025 in Shanghai."""
HALF_DAYS = 1_000
TODAY = START + timedelta(days=600)
PEOPLE = tuple(UUID(int=number) for number in range(1, 4))
UNITS = tuple(UUID(int=number) for number in range(11, 14))
ACCOUNTS = tuple(UUID(int=number) for number in range(21, 24))
PRODUCTS = ("GTX", "SED")


def some_lines(chance: random.Random) -> tuple[Line, ...]:
    return tuple(
        Line(number, chance.choice(PRODUCTS), chance.randint(1, 5), chance.choice((None, Decimal("99999.99"))))
        for number in range(1, chance.choice((1, 2, 3, 4)))
    )


def capture(chance: random.Random) -> Opportunity:
    return Opportunity.begin(
        ProspectCaptured, id=uuid4(), at=START + timedelta(hours=12 * chance.randint(0, 300)),
        account_id=chance.choice((None, *ACCOUNTS)), title=None,
        owner_id=chance.choice(PEOPLE), unit_id=chance.choice(UNITS), channel=chance.choice(("web", "phone", None)),
        channel_given=None, lines=some_lines(chance), currency="CNY", amount=None, stage=None, stage_given=None,
        probability=None, probability_given=None, expected_on=None, key_person_id=None, contact_id=None, valid=True,
        missing=(), duplicate=None, duplicate_reason=None, external_refs={}, attributes={},
    )  # fmt: skip


def _defeat(chance: random.Random, at: datetime) -> dict[str, Any]:
    category = chance.choice(("own", "unknown"))
    return {
        "level_before": None, "requested_on": at.date(), "requested_by": PEOPLE[0], "kind": DefeatKind.CONFIRMED,
        "reason": f"{category}.x", "category": category, "other_reasons": (), "reason_given": None,
        "competitor_brand": None, "competitor_model": None, "competitor_price": None, "bought_on": None,
        "recall_on": None,
    }  # fmt: skip


def step(one: Opportunity, chance: random.Random, at: datetime) -> None:
    """One fact as it might be told, also where the rules would refuse it."""
    owner, line = chance.choice(PEOPLE), chance.randint(1, 3)
    ordered: dict[str, Any] = {
        "lines": some_lines(chance), "currency": chance.choice(("CNY", "CNY", "EUR")), "promised_on": None,
        "amount": chance.choice((None, Decimal("300000.05"))), "order_ref": None,
    }  # fmt: skip
    match chance.choices(range(14), (3, 5, 5, 2, 1, 2, 7, 3, 5, 2, 4, 3, 2, 2))[0]:
        case 0:
            one.record(
                ProspectQualified, at=at, level_before=None, level="A", expected_on=None, judged_by=owner,
                visit_id=None, stage=None, stage_given=None, probability=None, probability_given=None,
                lines=chance.choice((None, some_lines(chance))), amount=None, evidence=None, competitor=None,
                obstacle=None, support_needed=None,
            )  # fmt: skip
        case 1:
            one.record(
                DealLost, at=at, status_before=Status.OPEN, reviewed_by=None, comment=None, **_defeat(chance, at)
            )
        case 2:
            one.record(DealReopened, at=at, from_status=Status.DEFEATED, lines=None, reason=None)
        case 3:
            one.record(
                ProspectFrozen, at=at, level_before=None, requested_by=owner, reviewed_by=None, reason="later",
                recall_on=at.date(), comment=None,
            )  # fmt: skip
        case 4:
            one.record(ContactLost, at=at, level_before=None, reason="silent", recall_on=None)
        case 5:
            one.record(ProspectResumed, at=at, from_status=Status.FROZEN, reason=None)
        case 6:
            one.record(DealWon, at=at, level_before=None, withdrawn=None, **ordered)
        case 7:
            one.record(OrderAmended, at=at, reason=None, **ordered)
        case 8:
            one.record(UnitsDelivered, at=at, delivered=(Delivery(line, chance.randint(1, 4), at.date()),))
        case 9:
            gone = Cancellation(line, chance.randint(1, 2), "changed plans", at.date())
            one.record(UnitsCancelled, at=at, cancelled=(gone,), whole=chance.random() < 0.2)
        case 10:
            one.record(
                OpportunityTransferred, at=at, owner_before=owner, unit_before=UNITS[0], owner_id=owner,
                unit_id=chance.choice(UNITS), reason=None,
            )  # fmt: skip
        case 11:
            one.record(DefeatRequested, at=at, **_defeat(chance, at))
        case 12:
            one.record(
                DefeatVerified, at=at, verdict=chance.choice(tuple(Verdict)), attempts=1, reached=True, reason=None,
                comment=None, verified_by=owner, verified_on=at.date(),
            )  # fmt: skip
        case _:
            one.record(DefeatRejected, at=at, reviewed_by=owner, finding="other", comment=None)


def mend(one: Opportunity, chance: random.Random) -> None:
    version = chance.randint(2, max(2, one.version))
    try:
        if chance.random() < 0.4:
            one.void_fact(version, reason="错录", at=TODAY)
        else:
            earlier = one.ledger[1].occurred_at + timedelta(hours=12 * chance.randint(0, HALF_DAYS // 2))
            one.correct_fact(version, {}, occurred_at=earlier, reason="日期", at=TODAY)
    except Refused:
        pass


def a_log(seed: int, facts: int = 200) -> Log:
    chance = random.Random(seed)
    log = Log(uuid4())
    prospects: list[Opportunity] = []
    for _ in range(facts):
        if not prospects or chance.random() < 0.13:
            prospects.append(capture(chance))
            log.take(prospects[-1])
            continue
        one = chance.choice(prospects)
        if chance.random() < 0.12:
            mend(one, chance)
        else:
            step(one, chance, one.ledger[1].occurred_at + timedelta(hours=12 * chance.randint(0, HALF_DAYS // 2)))
        log.take(one)
    return log
