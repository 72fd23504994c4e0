"""What happens to one prospect of the sample, day by day. Pure: a seed and today in, steps out; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from services.demo.names import CHANNELS, COMPETITORS, MODELS

MONTHS_OF_HISTORY = 18
FORGOTTEN_AFTER_DAYS = 60
"""A prospect nobody touched for so long is rarely still open."""
LEVEL_WINDOWS = (("H", 7), ("A", 15), ("B", 30))
DEFEAT_REASONS = (
    ("other_dealer.price", 3),
    ("other_dealer.out_of_stock", 2),
    ("other_brand.price", 6),
    ("other_brand.preference", 3),
    ("other_brand.promotion", 2),
    ("own.slow_follow_up", 2),
    ("own.needs_not_understood", 1),
    ("project.tender_lost", 5),
    ("project.budget", 3),
    ("project.leased", 1),
    ("unknown.not_stated", 1),
)
OBSTACLES = ("价格高于预算", "审批流程长", "等待招标公告", "指定竞品车型", "交车期太长")
SUPPORT = ("申请大客户价格", "技术支持到场", "总部拜访", "试乘试驾车两台", "金融方案")
STAGES = ("first_contact", "needs", "proposal", "negotiation")


@dataclass(frozen=True, slots=True)
class Step:
    """One command on the prospect on one day; `verb` is the route's last part, `capture` opens it."""

    on: date
    verb: str
    body: dict[str, Any]


def lines(chance: Random) -> list[dict[str, Any]]:
    """One to three order lines; a fleet buys 2 to 40 units."""
    chosen = chance.sample(MODELS, k=chance.choices((1, 2, 3), weights=(7, 2, 1))[0])
    return [
        {
            "line": number,
            "product": model.code,
            "units": chance.choices((2, 3, 5, 8, 12, 20, 40), weights=(8, 8, 7, 5, 3, 2, 1))[0],
            "unit_price": str(Decimal(model.price_yuan) * chance.choice((100, 98, 97, 95)) / 100),
        }
        for number, model in enumerate(chosen, start=1)
    ]


def level_for(days: int) -> str:
    """The level a careful representative declares for an order expected in so many days (policy h7-a15-b30)."""
    return next((level for level, window in LEVEL_WINDOWS if days <= window), "C")


def judgement(chance: Random, on: date, expected_on: date, step: int) -> dict[str, Any]:
    """A judgement of that day; one in eight is more hopeful than the date says."""
    level = level_for((expected_on - on).days)
    if chance.random() < 0.12:
        level = {"C": "B", "B": "A", "A": "H", "H": "H"}[level]
    body: dict[str, Any] = {
        "level": level,
        "expected_on": expected_on.isoformat(),
        "stage": STAGES[min(step, len(STAGES) - 1)],
        "probability": {"C": "0.10", "B": "0.30", "A": "0.50", "H": "0.80"}[level],
    }
    if level in "HA":
        body |= {"obstacle": chance.choice(OBSTACLES), "support_needed": chance.choice(SUPPORT)}
    if chance.random() < 0.3:
        body["competitor"] = chance.choice(COMPETITORS)[0]
    return body


def defeat(chance: Random, on: date) -> dict[str, Any]:
    """A request to close a prospect as defeated."""
    reason = chance.choices([code for code, _ in DEFEAT_REASONS], weights=[w for _, w in DEFEAT_REASONS])[0]
    body: dict[str, Any] = {"kind": "confirmed", "reason": reason}
    if reason.startswith(("other_brand", "project.tender")):
        brand, model = chance.choice(COMPETITORS)
        body |= {
            "competitor_brand": brand,
            "competitor_model": model,
            "competitor_price": str(chance.randrange(80, 260) * 1000),
            "bought_on": (on - timedelta(days=chance.randrange(1, 8))).isoformat(),
        }
    if chance.random() < 0.4:
        other = chance.choice([code for code, _ in DEFEAT_REASONS if code not in (reason, "unknown.not_stated")])
        body["other_reasons"] = [other]
    return body


def prospect(chance: Random, today: date) -> Iterator[Step]:
    """The life of one prospect captured some day in the last eighteen months; steps never pass `today`."""
    captured_on = today - timedelta(days=int(chance.triangular(1, MONTHS_OF_HISTORY * 30, 150)))
    ordered = lines(chance)
    yield Step(captured_on, "capture", {"channel": chance.choice(CHANNELS), "lines": ordered})
    if chance.random() < 0.05 and today - captured_on < timedelta(days=FORGOTTEN_AFTER_DAYS):
        return
    on = captured_on + timedelta(days=chance.randrange(0, 3))
    expected_on = on + timedelta(days=chance.randrange(12, 95))
    for turn in range(chance.randrange(2, 7)):
        if on > today:
            return
        yield Step(
            on, "visit" if turn and chance.random() < 0.7 else "qualify", judgement(chance, on, expected_on, turn)
        )
        if chance.random() < 0.6:
            called_on = on + timedelta(days=chance.randrange(1, 4))
            if called_on <= today:
                yield Step(called_on, "contact", {"way": "phone", "reached": chance.random() < 0.8})
        on += timedelta(days=chance.randrange(4, 19))
        if on >= expected_on - timedelta(days=3) and chance.random() < 0.45:
            expected_on = on + timedelta(days=chance.randrange(5, 40))
    lately = today - on < timedelta(days=FORGOTTEN_AFTER_DAYS)
    yield from (step for step in ending(chance, on, ordered, lately=lately) if step.on <= today)


def ending(chance: Random, on: date, ordered: list[dict[str, Any]], *, lately: bool) -> Iterator[Step]:
    """Won, lost, frozen, out of contact, or still going on: few of the old ones are."""
    still_open = 40 if lately else 2
    fate = chance.choices(("won", "lost", "frozen", "contact", "open"), weights=(42, 27, 8, 5, still_open))[0]
    if fate == "won":
        yield from order(chance, on, ordered)
    elif fate == "lost":
        yield from lose(chance, on, ordered)
    elif fate == "frozen":
        recall_on = on + timedelta(days=chance.randrange(60, 150))
        yield Step(on, "freeze", {"reason": "预算推迟，年度内不再启动", "recall_on": recall_on.isoformat()})
        yield Step(on + timedelta(days=1), "approve-freeze", {})
        if chance.random() < 0.5:
            yield Step(recall_on, "resume", {"reason": "到期回访，客户恢复采购"})
    elif fate == "contact":
        recall_on = on + timedelta(days=60)
        yield Step(on, "lose-contact", {"reason": "电话停机，单位已搬迁", "recall_on": recall_on.isoformat()})


def order(chance: Random, on: date, ordered: list[dict[str, Any]]) -> Iterator[Step]:
    """An order and its deliveries in one to three parts; one in twelve loses units on the way."""
    promised_on = on + timedelta(days=chance.randrange(25, 60))
    yield Step(on, "win", {"lines": ordered, "currency": "CNY", "promised_on": promised_on.isoformat()})
    prices = {line["line"]: Decimal(line["unit_price"]) for line in ordered}
    left = {line["line"]: line["units"] for line in ordered}
    if chance.random() < 0.08:
        line = chance.choice(ordered)["line"]
        on += timedelta(days=chance.randrange(3, 20))
        left[line] -= 1
        yield Step(on, "cancel", {"units": [{"line": line, "units": 1}], "reason": "客户减少采购数量"})
    for part in range(chance.randrange(1, 4), 0, -1):
        on += timedelta(days=chance.randrange(10, 45))
        given = [
            {"line": line, "units": units if part == 1 else units // 2}
            for line, units in left.items()
            if (units if part == 1 else units // 2) > 0
        ]
        if not given:
            continue
        for item in given:
            left[item["line"]] -= item["units"]
        yield Step(on, "deliver", {"units": given})
        if chance.random() < 0.8:
            yield from charge(chance, on + timedelta(days=1), given, prices)


def charge(chance: Random, on: date, given: list[dict[str, Any]], prices: dict[int, Decimal]) -> Iterator[Step]:
    """An invoice for what was delivered, due in thirty days; mostly paid, some by half, some not at all."""
    charged = [{**item, "unit_price": str(prices[item["line"]]), "tax_rate": "0.13"} for item in given]
    yield Step(on, "invoice", {"lines": charged, "due_on": (on + timedelta(days=30)).isoformat()})
    gross = sum((prices[item["line"]] * item["units"] for item in given), Decimal()) * Decimal("1.13")
    part = chance.choices((Decimal(1), Decimal("0.5"), Decimal(0)), weights=(7, 2, 1))[0]
    if part:
        paid_on = on + timedelta(days=chance.randrange(10, 55))
        yield Step(paid_on, "receipt", {"amount": str((gross * part).quantize(Decimal("0.01")))})


def lose(chance: Random, on: date, ordered: list[dict[str, Any]]) -> Iterator[Step]:
    """A requested defeat: mostly approved, sometimes rejected; some of the lost come back and buy."""
    yield Step(on, "request-defeat", defeat(chance, on))
    reviewed_on = on + timedelta(days=chance.randrange(1, 6))
    if chance.random() < 0.1:
        yield Step(reviewed_on, "reject-defeat", {"finding": "still_buying", "comment": "客服回访：客户仍在比价"})
        return
    yield Step(reviewed_on, "approve-defeat", {})
    if chance.random() < 0.15:
        back_on = reviewed_on + timedelta(days=chance.randrange(20, 120))
        yield Step(back_on, "reopen", {"reason": "竞品交付延期，客户回头"})
        yield Step(back_on + timedelta(days=1), "qualify", judgement(chance, back_on, back_on + timedelta(days=12), 2))
        yield from order(chance, back_on + timedelta(days=chance.randrange(5, 20)), ordered)
