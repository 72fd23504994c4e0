"""The lives of some four hundred prospects, drawn by a seeded chance from the record to the money. Pure: sends nothing.

Every step is one the people would take: the owner of the day acts, the head above them in the reporting line decides,
customer service calls back, finance writes the invoice.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.journeys.year.cast import (
    CHANNELS,
    FIRST_DAY,
    LEAVER,
    LEFT_ON,
    PRODUCTS,
    REPS,
    SUCCESSORS,
    YEAR,
    decides_for,
)
from tests.journeys.year.steps import Id, Track

ZONE = ZoneInfo("Asia/Shanghai")
LAST_DAY = date(YEAR, 12, 31)
ACCOUNTS_EACH = 4
KEY_EACH = 2
"""Of each representative's accounts, so many are key accounts."""
BEFORE_A_MONTH, IN_A_MONTH = 4, 22
"""Prospects put on file in a month of the year before, and of the year."""
LEVELS = ("C", "B", "A", "H")
CLEAR = ("other_brand.price", "other_dealer.price", "project.tender_lost", "own.slow_follow_up")
OPEN = "/v1/opportunities/{{{deal}}}/{verb}"
INTENDED: dict[str, Any] = {"duplicate": "intended", "duplicate_reason": "同期另一批车"}


def accounts_of(rep: str) -> list[str]:
    return [f"account {rep} {n}" for n in range(ACCOUNTS_EACH)]


def account_number(account: str) -> int:
    return int(account[-1])


def owner_on(rep: str, account: str, day: date) -> str:
    """Who has what is at an account on a day: the leaver's accounts went to two colleagues, and what is at them."""
    if rep != LEAVER or day < LEFT_ON:
        return rep
    return SUCCESSORS[account_number(account) % len(SUCCESSORS)]


class Life:
    """One prospect from capture on. Days only go forward."""

    def __init__(self, chance: Random, number: int, captured: date) -> None:
        self.chance = chance
        self.deal = f"deal {number}"
        self.number = number
        self.day = captured
        self.track = Track()
        reps = [rep for rep in REPS if rep != LEAVER or captured < LEFT_ON]
        self.rep = chance.choice(reps)
        self.account = chance.choice(accounts_of(self.rep))
        self.currency = "USD" if number % 12 == 5 else "CNY"
        self.lines = self._lines()
        self.moved_to: str | None = None

    # -- who and what --------------------------------------------------------------------------------------

    @property
    def owner(self) -> str:
        """Who is responsible on the present day."""
        return self.moved_to or owner_on(self.rep, self.account, self.day)

    def _lines(self) -> list[dict[str, Any]]:
        chosen = self.chance.sample(sorted(PRODUCTS), 1 if self.chance.random() < 0.7 else 2)
        return [
            {"line": n, "product": product, "units": self.chance.randint(1, 6), "unit_price": PRODUCTS[product]}
            for n, product in enumerate(chosen, 1)
        ]

    def later(self, least: int, most: int) -> bool:
        """Go on some days later; false beyond the end of the year."""
        self.day += timedelta(days=self.chance.randint(least, most))
        return self.day <= LAST_DAY

    def step(self, verb: str, by: str | None = None, *, told: date | None = None, **given: Any) -> None:
        path = OPEN.format(deal=self.deal, verb=verb)
        self.track.add(self.day, by or self.owner, path, told=told, of=self.deal, **given)

    def head(self) -> str:
        """Who decides, as the organisation is when it is told."""
        return decides_for(self.owner, max(self.day, self.track.latest))

    # -- chapters --------------------------------------------------------------------------------------------

    def capture(self, channel: str | None = None) -> None:
        """From a lead, or not; by the owner, or entered by the back office for them."""
        channel = channel or self.chance.choice(CHANNELS)
        body: dict[str, Any] = {
            "account_id": Id(self.account),
            "title": f"项目{self.number}",
            "lines": self.lines,
            "currency": self.currency,
            **INTENDED,
        }
        if self.day.year == YEAR and self.chance.random() < 0.4:
            lead = f"lead of {self.deal}"
            came = datetime.combine(self.day - timedelta(days=self.chance.randint(0, 2)), time(9), ZONE)
            if came.month != self.day.month:
                came = datetime.combine(self.day, time(0, 0), ZONE)
            answered = came + timedelta(hours=self.chance.choice((1, 5, 20, 26)))
            told = self.day
            self.track.add(came.date(), self.owner, "/v1/leads", told=told, new=lead, channel=channel,
                           account_id=Id(self.account), at=came.isoformat())  # fmt: skip
            if self.chance.random() < 0.8 and answered.date() <= self.day:
                self.track.add(answered.date(), self.owner, f"/v1/leads/{{{lead}}}/contact", told=told, of=lead,
                               at=answered.isoformat(), way="phone")  # fmt: skip
            body["title"] = f"线索{self.number}"
            self.track.add(self.day, self.owner, f"/v1/leads/{{{lead}}}/capture", told=told, of=lead, new=self.deal,
                           **body)  # fmt: skip
        elif self.chance.random() < 0.15:
            self.track.add(self.day, "desk", "/v1/opportunities", new=self.deal, behalf=self.owner,
                           **body, channel=channel, owner_id=Id(self.owner))  # fmt: skip
        else:
            self.track.add(self.day, self.owner, "/v1/opportunities", new=self.deal, **body, channel=channel)

    def judge(self, level: str, *, on_visit: bool = False) -> None:
        expected = (self.day + timedelta(days=self.chance.randint(3, 60))).isoformat()
        if not on_visit:
            self.step("qualify", level=level, expected_on=expected)
            return
        judged = {"opportunity_id": Id(self.deal), "level": level, "expected_on": expected}
        self.track.add(self.day, self.owner, "/v1/visits/log", purpose="push_forward",
                       way=self.chance.choice(("on_site", "on_site", "phone", "showroom")),
                       opportunity_ids=[Id(self.deal)], judgements=[judged])  # fmt: skip

    def work(self) -> bool:
        """Judged and called some times; false when the year is over."""
        for _ in range(self.chance.randint(1, 3)):
            if not self.later(2, 18):
                return False
            self.judge(self.chance.choice(LEVELS), on_visit=self.chance.random() < 0.3)
            if self.chance.random() < 0.5:
                if not self.later(1, 6):
                    return False
                self.step("contact", way="phone", reached=self.chance.random() < 0.8)
        return self.later(3, 30)

    def win(self, *, told: date | None = None, day: date | None = None) -> None:
        if day is not None:
            self.day = day
        self.step("win", told=told, order_ref=f"HT-{self.number}", fact=f"win of {self.deal}",
                  promised_on=(self.day + timedelta(days=40)).isoformat())  # fmt: skip

    def amend(self, line: int, units: int) -> None:
        """The first lines as they are, one with other units."""
        self.lines = [each | ({"units": units} if each["line"] == line else {}) for each in self.lines]
        self.step("amend", lines=self.lines, reason="数量调整")

    def cancel(self, line: int, units: int) -> None:
        """Units of a line, not all of them."""
        self.lines = [each | ({"units": each["units"] - units} if each["line"] == line else {}) for each in self.lines]
        self.step("cancel", units=[{"line": line, "units": units}], reason="预算削减")

    def deliver(self, *, told: date | None = None) -> None:
        """Everything, line by line."""
        for line in self.lines:
            self.step("deliver", told=told, units=[{"line": line["line"], "units": line["units"]}],
                      fact=f"delivery {line['line']} of {self.deal}")  # fmt: skip

    def ask_defeat(self, reason: str | None = None) -> None:
        chosen = reason or (self.chance.choice(CLEAR) if self.chance.random() < 0.8 else "unknown.not_stated")
        self.step("request-defeat", reason=chosen, competitor_brand="别克")

    def call_back(self, verdict: str) -> None:
        reason = "other_brand.price" if verdict == "other_reason" else None
        self.step("verify-defeat", "service", verdict=verdict, reason=reason)

    # -- money and filing ------------------------------------------------------------------------------------

    def charge(self) -> None:
        """One invoice over all delivered, then perhaps its money, or a part."""
        charged = [{"line": line["line"], "units": line["units"], "unit_price": line["unit_price"], "tax_rate": "0.13"}
                   for line in self.lines]  # fmt: skip
        invoice = f"invoice of {self.deal}"
        self.track.add(self.day, "books", "/v1/invoices", new=invoice, opportunity_id=Id(self.deal),
                       number=f"24{self.number:06d}", lines=charged)  # fmt: skip
        if self.chance.random() < 0.6:
            gross = sum(line["units"] * float(line["unit_price"]) for line in self.lines) * 1.13
            part = self.chance.choice((0.5, 1.0))
            if not self.later(5, 50):
                return
            receipt, amount = f"receipt of {self.deal}", f"{gross * part:.2f}"
            self.track.add(self.day, "books", "/v1/receipts", new=receipt, account_id=Id(self.account), amount=amount,
                           currency=self.currency, bank_reference=f"ICBC-{self.number}")  # fmt: skip
            self.track.add(self.day, "books", f"/v1/receipts/{{{receipt}}}/allocate", of=receipt,
                           invoices=[{"invoice_id": Id(invoice), "amount": amount}])  # fmt: skip

    def file(self) -> None:
        """Filed with the manufacturer, then each unit reported by its VIN; some are accepted, some returned."""
        filing = f"filing of {self.deal}"
        by = "head N" if self.rep == LEAVER else self.owner  # what was delivered stayed with who left
        self.track.add(self.day, by, "/v1/filings", new=filing, opportunity_id=Id(self.deal),
                       number=f"TB-{self.number}", customer_type="fleet", submit=True)  # fmt: skip
        self.track.add(self.day, "desk", f"/v1/filings/{{{filing}}}/accept", of=filing)
        vins = [
            {"vin": f"LFV{self.number:05d}{line['line']}{n:03d}", "line": line["line"], "invoice_no": f"F{self.number}"}
            for line in self.lines
            for n in range(line["units"])
        ]
        if not self.later(0, 12):
            return
        self.track.add(self.day, by, f"/v1/filings/{{{filing}}}/report", of=filing, units=vins)
        back = [one["vin"] for one in vins[:1]] if len(vins) > 1 and self.chance.random() < 0.4 else []
        taken = [one["vin"] for one in vins if one["vin"] not in back]
        if not self.later(0, 10):
            return
        self.track.add(self.day, "desk", f"/v1/filings/{{{filing}}}/accept-reports", of=filing, vins=taken)
        if back:
            self.track.add(self.day, "desk", f"/v1/filings/{{{filing}}}/return-reports", of=filing, vins=back,
                           reason="发票号不符")  # fmt: skip


def usual(chance: Random, number: int, captured: date) -> Life:
    """A life as chance has it."""
    life = Life(chance, number, captured)
    life.capture()
    if not life.work():
        return life
    fate = chance.random()
    if fate < 0.42:
        _ordered(life)
    elif fate < 0.72:
        _defeated(life)
    elif fate < 0.80:
        life.step("freeze", reason="预算推迟", recall_on=(life.day + timedelta(days=60)).isoformat())
        if life.later(0, 4):
            life.step("approve-freeze", life.head())
            if chance.random() < 0.5 and life.later(10, 60):
                life.step("resume", reason="恢复采购", **INTENDED)
    elif fate < 0.84:
        life.step("lose-contact", reason="停机")
    elif fate < 0.88:
        life.step("dispose", disposal="no_intention")
    return life


def _ordered(life: Life) -> None:
    chance = life.chance
    late = life.day.month < 12 and life.rep != LEAVER and chance.random() < 0.06
    life.win(told=date(life.day.year, life.day.month + 1, 4) if late else None)
    whim = chance.random()
    if whim < 0.10 and life.later(1, 10):
        life.step("cancel", reason="项目取消")
        if chance.random() < 0.3 and life.rep != LEAVER and life.later(5, 30):
            life.step("reopen", reason="项目恢复", **INTENDED)
        return
    if whim < 0.25 and life.later(1, 10):
        life.amend(1, life.lines[0]["units"] + chance.choice((1, 2)))
    elif whim < 0.35 and life.lines[0]["units"] > 1 and life.later(1, 10):
        life.cancel(1, 1)
    if not life.later(8, 60):
        return
    life.deliver()
    if chance.random() < 0.6:
        life.file()
    if life.day <= LAST_DAY and chance.random() < 0.6 and life.later(0, 10):
        life.charge()


def _defeated(life: Life) -> None:
    chance = life.chance
    life.ask_defeat()
    if chance.random() < 0.6 and life.later(0, 3):
        life.call_back(chance.choice(("confirmed", "confirmed", "other_reason", "not_reached")))
    if not life.later(0, 6):
        return
    if chance.random() < 0.2:
        life.step("reject-defeat", life.head(), finding="insufficient")
        return
    life.step("approve-defeat", life.head())
    if chance.random() < 0.25 and life.rep != LEAVER:
        if not life.later(10, 110):
            return
        life.step("reopen", reason="竞品延期", **INTENDED)
        if chance.random() < 0.6 and life.later(5, 40):
            life.win()


def all_lives(chance: Random) -> list[Life]:
    """Those of the year before and of the year, chance only."""
    found: list[Life] = []
    for year, each in ((FIRST_DAY.year, BEFORE_A_MONTH), (YEAR, IN_A_MONTH)):
        for month in range(1, 13):
            for _ in range(each):
                number = len(found) + 1
                found.append(usual(chance, number, date(year, month, chance.randint(1, 28))))
    return found
