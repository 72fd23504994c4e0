"""The lives of made-up opportunities, told through the real rules, as texts that can be moved to any day and owner.

Recording a million facts one by one takes minutes; here each kind of life is recorded once and copied. What varies
(days, ids, titles) is cut out of the stored JSON and filled in anew for every copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, cast
from uuid import UUID

from services.opportunities import events
from services.opportunities.opportunity.commands.closings import (
    ApproveDefeat,
    DisposeProspect,
    FreezeProspect,
    RequestDefeat,
)
from services.opportunities.opportunity.commands.orders import DeliverUnits, WinDeal
from services.opportunities.opportunity.commands.prospects import CaptureProspect, QualifyProspect, TransferOpportunity
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.level_policy import DEFAULT
from services.opportunities.policies.reason_catalogue import SHIPPED
from services.opportunities.visits.commands import LogVisit
from services.opportunities.visits.visit import Visit
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.stream import Stream

BEGINNING = datetime(2100, 1, 4, 1, tzinfo=UTC)
"""Day 0 of every life: a Monday morning in Shanghai, in a century that no other text speaks of."""
OPPORTUNITY, OWNER, NEXT_OWNER, HEAD, UNIT, ACCOUNT = (UUID(int=0xBE2C_0000 + n) for n in range(6))
IDS = (OPPORTUNITY, OWNER, NEXT_OWNER, HEAD, UNIT, ACCOUNT)
TITLE = "@TITLE@"
PRODUCTS = ("SED", "SUV", "VAN", "TRK", "BUS")
CHANNELS = ("showroom", "phone", "tender_notice", "referral")
BRANDS = ("BMW", "Volvo", "BYD", "Lexus")
REASONS = tuple(leaf.code for category in SHIPPED.categories for leaf in category.reasons)
SLOT = re.compile("|".join([r'(?<=")21\d\d-\d\d-\d\d(?=")', *map(str, IDS), TITLE]))
FACTS = registry(events)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of a life. `stream`: 0 the opportunity, 1 … its visits. Times in seconds since day 0."""

    stream: int
    stream_type: str
    version: int
    type: str
    schema_version: int
    occurred: int
    recorded: int
    text: str
    slots: tuple[int, ...]
    """What fills each `%s` of the text: from 0 an id or the title, below 0 the day -slot - 1."""

    def data(self, names: tuple[str, ...], days: list[str], first_day: int) -> str:
        return self.text % tuple(names[slot] if slot >= 0 else days[first_day - slot - 1] for slot in self.slots)


Life = tuple[Told, ...]


def lives(number: int, seed: int = 7) -> list[Life]:
    """So many different lives: some ten facts each, a third of the deals won, half lost."""
    chance = Random(seed)  # noqa: S311 - made-up figures
    return [_live(chance) for _ in range(number)]


def _at(day: int, chance: Random) -> datetime:
    return BEGINNING + timedelta(days=day, minutes=chance.randrange(0, 540))


def _on(day: int) -> date:
    return BEGINNING.date() + timedelta(days=day)


def _lines(chance: Random) -> list[dict[str, Any]]:
    products = chance.sample(PRODUCTS, chance.choice([1, 1, 1, 2, 3]))
    return [
        {"product": product, "units": chance.randint(1, 30), "unit_price": Decimal(chance.randrange(80, 400)) * 1_000}
        for product in products
    ]


def _live(chance: Random) -> Life:
    days = sorted(chance.sample(range(3, chance.choice([60, 120, 200, 300])), chance.randint(3, 8)))
    deal = Opportunity.capture(
        CaptureProspect(
            account_id=ACCOUNT,
            title=TITLE,
            channel=chance.choice(CHANNELS),
            lines=_lines(chance),
            expected_on=_on(days[-1] + 20),
            reachable=True,
        ),
        id=OPPORTUNITY,
        owner_id=OWNER,
        unit_id=UNIT,
        at=_at(0, chance),
    )
    visits: list[Visit] = []
    slip = 0
    for day in days:
        slip += chance.choice([0, 0, 15, 30])
        left = days[-1] + slip - day
        level = "H" if left <= 15 else "A" if left <= 40 else "B" if left <= 90 else "C"
        deal.qualify(
            QualifyProspect(
                level=chance.choice([level, level, level, "B"]),
                expected_on=_on(days[-1] + slip),
                probability=chance.choice([None, Decimal("0.4"), Decimal("0.75")]),
                obstacle=chance.choice([None, "财务尚未批复", "等待招标公告"]),
                competitor=chance.choice([None, *BRANDS]),
            ),
            by=OWNER,
            at=_at(day, chance),
            levels=DEFAULT.codes,
        )
        if chance.random() < 0.35:
            visits.append(_visit(day, len(visits) + 1, chance))
    if chance.random() < 0.15:
        deal.transfer(TransferOpportunity(owner_id=NEXT_OWNER), unit_id=UNIT, at=_at(days[-1] + 1, chance))
    _end(deal, days[-1] + 2, chance)
    return _told(deal, visits, chance)


def _visit(day: int, number: int, chance: Random) -> Visit:
    """Of the opportunity, or of the account alone; sometimes with a colleague."""
    command = LogVisit(
        purpose="push_forward",
        way=chance.choice(["on_site", "phone"]),
        opportunity_ids=(OPPORTUNITY,) if chance.random() < 0.9 else (),
        participants=(NEXT_OWNER,) if chance.random() < 0.1 else (),
        reached=chance.random() < 0.8,
        objections=("price",),
        next_step="送方案",
        next_on=_on(day + 7),
    )
    at = _at(day, chance)
    return Visit.logged(
        command, id=UUID(int=number), account_id=ACCOUNT, owner_id=OWNER, unit_id=UNIT, judged=(), at=at, day=_on(day)
    )


def _end(deal: Opportunity, day: int, chance: Random) -> None:
    match chance.choices(("lost", "won", "frozen", "disposed"), (48, 36, 10, 6))[0]:
        case "lost":
            reason, other = chance.sample(REASONS, 2)
            said = RequestDefeat(reason=reason, other_reasons=(other,), competitor_brand=chance.choice(BRANDS))
            deal.request_defeat(said, by=OWNER, at=_at(day, chance), day=_on(day), catalogue=SHIPPED)
            deal.approve_defeat(ApproveDefeat(), by=HEAD, at=_at(day + 2, chance), catalogue=SHIPPED)
        case "won":
            deal.win(WinDeal(promised_on=_on(day + 60)), at=_at(day, chance))
            for number, line in enumerate(deal.standing["lines"], 1):
                moves = DeliverUnits.model_validate({"units": [{"line": line.line, "units": line.units}]})
                deal.deliver(moves, at=_at(day + 25 * number, chance), day=_on(day + 25 * number))
        case "frozen":
            command = FreezeProspect(reason="预算推迟", recall_on=_on(day + 90))
            deal.freeze(command, by=OWNER, at=_at(day, chance), day=_on(day), automatic=True)
        case _:
            deal.dispose(DisposeProspect(disposal="no_intention"), at=_at(day, chance))
    if chance.random() < 0.1:
        deal.correct(
            2,
            {"expected_on": str(_on(day + 5))},
            occurred_at=None,
            reason="日期录入错误",
            at=_at(day + 30, chance),
            levels=DEFAULT.codes,
        )


def _told(deal: Opportunity, visits: list[Visit], chance: Random) -> Life:
    told = []
    for number, stream in enumerate((deal, *visits)):
        recorded = 0
        for version, fact in enumerate(_encoded(stream), 1):
            slots: list[int] = []
            text = fact.data.decode().replace("%", "%%")
            text = SLOT.sub(lambda found, slots=slots: _slot(found.group(), slots), text)  # type: ignore[misc]
            occurred = int((fact.occurred_at - BEGINNING).total_seconds())
            late = chance.randrange(86_400 * 10) if chance.random() < 0.03 else 2
            recorded = max(recorded + 1, occurred + late)
            told.append(
                Told(
                    number, stream.stream_type, version, fact.type, fact.schema_version, occurred, recorded, text,
                    tuple(slots),
                )
            )  # fmt: skip
    return tuple(told)


def _encoded(stream: Stream) -> Any:
    return Repository(cast("Any", None), type(stream), facts=FACTS).appends(stream).facts


def _slot(text: str, slots: list[int]) -> str:
    if text == TITLE:
        slots.append(len(IDS))
    elif text.startswith("21"):
        slots.append(-(date.fromisoformat(text) - BEGINNING.date()).days - 1)
    else:
        slots.append(IDS.index(UUID(text)))
    return "%s"
