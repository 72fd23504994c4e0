"""The turns a figure could get wrong, each told on its days. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from tests.journeys.year.cast import YEAR
from tests.journeys.year.lives import INTENDED, Life
from tests.journeys.year.steps import Id

LATE_ORDER_ON, LATE_ORDER_TOLD = date(YEAR, 6, 27), date(YEAR, 7, 3)
"""An order of June, entered on 3 July: June was closed by then."""
TRANSFERRED_ON = date(YEAR, 5, 14)


def day(month: int, number: int) -> date:
    return date(YEAR, month, number)


def _begun(chance: Random, number: int, rep: str, captured: date, units: int = 4) -> Life:
    life = Life(chance, number, captured)
    life.rep, life.account, life.currency = rep, f"account {rep} 0", "CNY"
    life.lines = [{"line": 1, "product": "A6L", "units": units, "unit_price": "320000.00"}]
    life.capture("referral")
    life.day = captured + timedelta(days=4)
    life.judge("A")
    return life


def transferred(chance: Random, number: int) -> Life:
    """Goes to another branch in mid-month, as it is, and is ordered there."""
    life = _begun(chance, number, "rep H1", day(5, 2))
    life.day = TRANSFERRED_ON
    life.step("transfer", "region", owner_id=Id("rep Z2"), reason="辖区调整")
    life.moved_to = "rep Z2"
    life.day = day(5, 22)
    life.win()
    life.day = day(6, 18)
    life.deliver()
    return life


def revived(chance: Random, number: int) -> Life:
    """Defeated in March, confirmed by the call-back, alive again in May, ordered in June: March keeps its defeat."""
    life = _begun(chance, number, "rep Z1", day(2, 3))
    life.day = day(3, 6)
    life.ask_defeat("other_brand.price")
    life.day = day(3, 7)
    life.call_back("confirmed")
    life.day = day(3, 10)
    life.step("approve-defeat", life.head())
    life.day = day(5, 5)
    life.step("reopen", reason="竞品延期", **INTENDED)
    life.day = day(6, 12)
    life.win()
    return life


def cancelled_unit(chance: Random, number: int) -> Life:
    """One of four units is given back; the other three are delivered, filed and charged."""
    life = _begun(chance, number, "rep N3", day(2, 10))
    life.day = day(3, 3)
    life.win()
    life.day = day(4, 8)
    life.cancel(1, 1)
    life.day = day(5, 20)
    life.deliver()
    life.file()
    life.charge()
    return life


def late_order(chance: Random, number: int) -> Life:
    life = _begun(chance, number, "rep H2", day(5, 12), units=5)
    life.day = LATE_ORDER_ON
    life.win(told=LATE_ORDER_TOLD)
    life.day = day(8, 11)
    life.deliver()
    return life


def given_to(chance: Random, number: int) -> Life:
    """Given up by its owner; the head gives it to a colleague, who wins it."""
    life = _begun(chance, number, "rep N2", day(8, 4))
    life.day = day(9, 1)
    life.ask_defeat("own.slow_follow_up")
    life.day = day(9, 3)
    life.step("give-to", life.head(), owner_id=Id("rep N4"), finding="own_doing")
    life.moved_to = "rep N4"
    life.day = day(9, 25)
    life.win()
    return life


def delivered_otherwise(chance: Random, number: int) -> Life:
    """A delivery told for August turns out to have been in July; corrected in September."""
    life = _begun(chance, number, "rep Z3", day(5, 19))
    life.day = day(6, 9)
    life.win()
    life.day = day(8, 20)
    life.deliver()
    life.day = day(9, 9)
    fact = Id(f"delivery 1 of {life.deal}")
    life.step("correct", "head Z", version=fact, reason="日期录错", body_on=day(7, 30).isoformat())
    return life


def ordered_otherwise(chance: Random, number: int) -> Life:
    """An order of four was of three, found out two months later."""
    life = _begun(chance, number, "rep H3", day(3, 10))
    life.day = day(4, 7)
    life.win()
    life.day = day(6, 11)
    lines = [life.lines[0] | {"units": 3}]
    life.step("correct", version=Id(f"win of {life.deal}"), changes={"lines": lines}, reason="数量录错")
    return life


def never_cancelled(chance: Random, number: int) -> Life:
    """A cancellation of October that never was, taken back in November."""
    life = _begun(chance, number, "rep Z4", day(8, 18))
    life.day = day(9, 15)
    life.win()
    life.day = day(10, 13)
    life.step("cancel", units=[{"line": 1, "units": 2}], reason="误录", fact=f"cancelled of {life.deal}")
    life.day = day(11, 11)
    life.step("void", version=Id(f"cancelled of {life.deal}"), reason="录错项目")
    return life


def without_prices(chance: Random, number: int) -> Life:
    """Known by its total alone; the cents do not come out even."""
    life = _begun(chance, number, "rep H4", day(9, 8))
    life.lines = [{"line": 1, "product": "Q5", "units": 3}, {"line": 2, "product": "V9", "units": 4}]
    life.day = day(9, 29)
    life.step("win", lines=life.lines, amount="2000000.00", order_ref=f"HT-{number}")
    life.day = day(11, 3)
    life.deliver()
    return life


SCENES = (
    transferred, revived, cancelled_unit, late_order, given_to, delivered_otherwise, ordered_otherwise,
    never_cancelled, without_prices,
)  # fmt: skip


def all_scenes(chance: Random, first: int) -> dict[str, Life]:
    """By name; numbered from `first`."""
    return {scene.__name__: scene(chance, first + n) for n, scene in enumerate(SCENES)}
