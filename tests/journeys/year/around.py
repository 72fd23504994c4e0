"""What happens beside the deals: accounts visited, idle leads, visitors, spend, the ERP's books. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from tests.journeys.year.cast import BRANCHES, CHANNELS, LEAVER, LEFT_ON, REPS, YEAR
from tests.journeys.year.lives import KEY_EACH, ZONE, Life, account_number, accounts_of, owner_on
from tests.journeys.year.steps import Id, Track

LEADS_A_MONTH = 9
VISITED = 0.75
"""Of the key accounts, so many are visited in a month."""


def key_accounts() -> list[tuple[str, str]]:
    """Representative and account."""
    return [(rep, account) for rep in REPS for account in accounts_of(rep) if account_number(account) < KEY_EACH]


def visits(chance: Random) -> list[Track]:
    """Of the owners at their key accounts, on site or not; the regional manager goes along at times."""
    found = []
    for rep, account in key_accounts():
        track = Track()
        for month in range(1, 13):
            if chance.random() > VISITED:
                continue
            on = date(YEAR, month, chance.randint(1, 28))
            by = owner_on(rep, account, on)
            along = [Id("region")] if chance.random() < 0.15 else []
            way = "on_site" if chance.random() < 0.8 else "phone"
            track.add(on, by, "/v1/visits/log", account_id=Id(account), purpose="manage", way=way, participants=along)
        found.append(track)
    return found


def leads(chance: Random) -> list[Track]:
    """Leads that become no record: answered or not, in time or not, of no intention, or left open."""
    found = []
    for month in range(1, 13):
        for n in range(LEADS_A_MONTH):
            track, lead = Track(), f"lead {month}-{n}"
            came = datetime.combine(date(YEAR, month, chance.randint(1, 26)), time(chance.randint(8, 17)), ZONE)
            rep = chance.choice([rep for rep in REPS if rep != LEAVER or came.date() < LEFT_ON - timedelta(days=3)])
            track.add(came.date(), rep, "/v1/leads", new=lead, channel=chance.choice(CHANNELS), at=came.isoformat())
            if chance.random() < 0.5:
                track.add(came.date(), rep, f"/v1/leads/{{{lead}}}/claim", of=lead)
            if chance.random() < 0.75:
                answered = came + timedelta(hours=chance.choice((1, 4, 20, 30, 47)))
                track.add(answered.date(), rep, f"/v1/leads/{{{lead}}}/contact", of=lead, at=answered.isoformat())
                if chance.random() < 0.6:
                    later = (answered.date() + timedelta(days=30)).isoformat()
                    what: dict[str, Any] = chance.choice(
                        ({"disposal": "no_intention"}, {"disposal": "follow_up", "follow_up_on": later})
                    )
                    track.add(answered.date(), rep, f"/v1/leads/{{{lead}}}/dispose", of=lead, **what)
            found.append(track)
    return found


def counted(chance: Random) -> list[Track]:
    """Visitors and spend of each branch, month by month."""
    found = []
    for branch in BRANCHES:
        track = Track()
        for month in range(1, 13):
            last = date(YEAR, month, 28)
            counts = [
                {"channel": "showroom", "day": date(YEAR, month, n).isoformat(), "count": chance.randint(0, 6),
                 "unit_id": Id(branch)}
                for n in (3, 10, 17, 24)
            ]  # fmt: skip
            track.add(last, f"head {branch}", "/v1/visitor-counts", counts=counts)
            for channel in CHANNELS[:2]:
                track.add(last, f"head {branch}", "/v1/spend", unit_id=Id(branch), channel=channel,
                          month=f"{YEAR}-{month:02d}", amount=f"{chance.randint(20, 90) * 100 + 33}.00")  # fmt: skip
            track.add(last, f"head {branch}", "/v1/spend", unit_id=Id(branch), channel="web",
                      day=date(YEAR, month, 11).isoformat(), amount="1000.00")  # fmt: skip
        found.append(track)
    return found


def postings(chance: Random, lives: list[Life]) -> Track:
    """The ERP's postings at the end of each month: most as delivered, some otherwise, some of orders nobody knows."""
    month_of: dict[int, list[dict[str, Any]]] = {}
    for life in lives:
        ref = f"HT-{life.number}"
        for step in life.track.steps:
            if not step.path.endswith("/deliver") or step.on.year != YEAR or chance.random() < 0.2:
                continue
            (moved,) = step.body["units"]
            price = next((line.get("unit_price") for line in life.lines if line["line"] == moved["line"]), None)
            if price is None:
                continue
            units = moved["units"] - (1 if moved["units"] > 1 and chance.random() < 0.1 else 0)
            order = "HT-404" if chance.random() < 0.04 else ref
            month_of.setdefault(step.told.month, []).append(
                {
                    "posting_id": f"P-{life.number}-{moved['line']}",
                    "order_ref": order,
                    "line": moved["line"],
                    "units": units,
                    "amount": f"{units * float(price):.2f}",
                    "currency": life.currency,
                    "on": step.on.isoformat(),
                }
            )
    track = Track()
    for month, said in sorted(month_of.items()):
        track.add(date(YEAR, month, 28), "books", "/v1/ledger/postings", postings=said)
    return track


__all__ = ["counted", "key_accounts", "leads", "postings", "visits"]
