"""Views of solutions, bids, negotiations and contracts: in any split, rebuilt, as known then: as plain Python says."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.opportunities.bids.views import BIDS
from services.opportunities.contracts.views import CONTRACTS
from services.opportunities.negotiations.views import NEGOTIATIONS
from services.opportunities.solutions.views import SOLUTIONS
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.opportunities_views import dealings
from tests.opportunities_views.log import Log

VIEWS = (SOLUTIONS, BIDS, NEGOTIATIONS, CONTRACTS)
JSON = ("lines", "documents", "competitors", "open_points", "price_lines", "payment_terms", "amendment")
START = datetime(2025, 1, 1, tzinfo=UTC)
Row = dict[str, Any]
Step = tuple[str, Row]


class MadeUp:
    """Records whose facts come late, in any order, and are mended and taken back; nothing keeps to the rules."""

    def __init__(self, seed: int, facts: int = 140) -> None:
        self.chance = random.Random(seed)
        self.log = Log(uuid4())
        self.number = 0
        self.streams = {kind: [self.id() for _ in range(3)] for kind in self.first()}
        for kind, streams in self.streams.items():
            for stream in streams:
                self.log.tell(kind, stream, *self._timed(self.first()[kind]))
        while len(self.log.told) < facts:
            if self.chance.random() < 0.2:
                self._mend()
            else:
                kind = self.chance.choice(list(self.streams))
                step = self.chance.choice(self.later(kind))
                self.log.tell(kind, self.chance.choice(self.streams[kind]), *self._timed(step))

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def person(self) -> str:
        return str(self.id())

    def on(self) -> str:
        return str(date(2025, 1, 1) + timedelta(days=self.chance.randint(0, 60)))

    def next(self) -> int:
        self.number += 1
        return self.number

    def amount(self) -> str:
        return self.chance.choice(["1000.00", "250.5", "99"])

    def _timed(self, step: Step) -> tuple[str, datetime, Row]:
        type, changes = step
        return type, START + timedelta(hours=12 * self.chance.randint(0, 80)), changes

    def _lines(self) -> list[Row]:
        return [{"line": 1, "product": "A6L", "units": self.chance.randint(1, 9), "unit_price": self.amount()}]

    def first(self) -> dict[str, Step]:
        deal = str(self.id())
        tender: Row = {"opportunity_id": deal, "tender_number": "7", "tenderer": "市", "currency": "CNY"}
        tender |= {"opening_at": None, "documents": [{"name": "a", "responsible": None, "due_on": self.on()}]}
        need = {"opportunity_id": deal, "need": "车", "wanted_by": None, "products": ["A6L"]}
        return {
            "solution": ("SolutionRequested", {"status": "requested", **need, "requested_by": self.person()}),
            "bid": ("TenderRecorded", {"status": "considered", **tender, "recorded_on": self.on()}),
            "negotiation": ("NegotiationOpened", {"status": "open", "opportunity_id": deal, "subject": None}),
            "contract": ("ContractDrafted", {"opportunity_id": deal, "title": None, **self._draft()}),
        }

    def _draft(self) -> Row:
        terms: Row = {"lines": self._lines(), "currency": "CNY", "amount": self.amount(), "ends_on": self.on()}
        terms |= {"payment_terms": [{"share": "1", "after": "invoice", "days": 30}], "warranty_months": None}
        return {"status": "draft", "draft": self.next(), "drafted_by": self.person(), **terms}

    def later(self, kind: str) -> list[Step]:
        by, on = self.person(), self.on()
        decision = {"decided_by": by, "decided_on": on, "comment": None}
        match kind:
            case "solution":
                draft: Row = {"draft": self.next(), "summary": "稿", "lines": self._lines(), "amount": self.amount()}
                return [
                    ("SolutionDrafted", {"status": "drafted", **draft, "cost": None, "drafted_by": by}),
                    ("SolutionSubmitted", {"status": "submitted", "submitted_by": by, "submitted_on": on}),
                    ("SolutionApproved", {"status": "approved", **decision}),
                    ("SolutionReturned", {"status": "returned", **decision}),
                    ("SolutionPresented", {"status": "presented", "presented_on": on, "reaction": "accepted"}),
                ]
            case "bid":
                done = {"name": self.chance.choice("ab"), "on": on, "by": by}
                competitors = [{"name": "对手", "price": self.amount(), "rank": 1, "remark": None}]
                return [
                    ("TenderChanged", {"opening_at": f"{on}T01:30:00Z", "bond_due_on": on}),
                    ("BidDecided", {"status": "preparing", "go": True, **decision}),
                    ("BidDocumentDone", {"documents_done": [done]}),
                    ("BidBondPaid", {"bond_amount": self.amount(), "bond_paid_on": on}),
                    ("BidSubmitted", {"status": "submitted", "lines": self._lines(), "amount": self.amount()}),
                    ("BidOpened", {"status": "opened", "competitors": competitors, "our_rank": 2, "opened_on": on}),
                    ("BidLost", {"status": "lost", "result_on": on, "winner": "对手", "winning_price": None}),
                ]
            case "negotiation":
                return self._negotiating(by, on)
            case _:
                amendment = {"number": self.next(), "reason": "加购", "terms": {"amount": "1"}}
                amended: Row = {"amendment": None, "needs": None, "amendments": [self.next()], "amended_on": on}
                return [
                    ("ContractDrafted", self._draft()),
                    ("ContractSubmitted", {"status": "submitted", "submitted_by": by, "needs": "director"}),
                    ("ContractPassedOn", {"needs": "head_office", "passed_by": by}),
                    ("ContractApproved", {"status": "approved", "needs": None, **decision}),
                    ("ContractSigned", {"status": "signed", "number": str(self.next()), "signed_on": on}),
                    ("AmendmentRequested", {"amendment": amendment, "amendment_requested_by": by}),
                    ("ContractAmended", {**amended, "amount": self.amount(), "lines": self._lines()}),
                    ("ContractTerminated", {"status": "terminated", "terminated_on": on}),
                ]

    def _negotiating(self, by: str, on: str) -> list[Step]:
        points = [
            {"number": self.next(), "text": "质保", "owner_id": by, "due_on": self.chance.choice([None, self.on()])}
            for _ in range(self.chance.randint(0, 2))
        ]
        held = {"number": self.next(), "on": on, "terms": "价", "concessions": [], "open_points": points}
        closed = {"number": self.chance.randint(1, self.number), "on": on, "result": None}
        line = {"product": "A6L", "units": 3, "unit_price": self.amount(), "list_price": None, "discount": None}
        asked: Row = {"price_status": "requested", "price_lines": [line], "price_discount": "0.05"}
        asked |= {"price_needs": "director", "price_requested_by": by, "price_requested_on": on}
        return [
            ("RoundHeld", {"rounds": [held], "outcome": "progress", "last_round_on": on}),
            ("OpenPointClosed", {"points_closed": [closed]}),
            ("PriceRequested", {**asked, "price_decided_by": None}),
            ("PriceApproved", {"price_status": "approved", "price_decided_by": by, "price_within_own_limit": True}),
            ("NegotiationConcluded", {"status": "agreed", "concluded_on": on, "conclusion": None}),
        ]

    def _mend(self) -> None:
        event = self.chance.choice(self.log.told)
        if event.type == "FactVoided":
            return
        if event.type == "FactCorrected" or (event.version > 1 and self.chance.random() < 0.5):
            self.log.void(event.stream_type, event.stream_id, event.version)
            return
        twins = [one for one in self.log.told if one.type == event.type and one is not event]
        changes: Row = {}
        if twins:
            other = self.chance.choice(twins).data["changes"]
            names = sorted(set(other) & set(event.data["changes"]) - {"status", "opportunity_id"})
            changes = {name: other[name] for name in self.chance.sample(names, min(len(names), 2))}
        at = self._timed(("", {}))[1] if self.chance.random() < 0.4 or not changes else None
        self.log.correct(event.stream_type, event.stream_id, event.version, changes, at)


def comparable(row: Any) -> Row:
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    for name in JSON:
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found


def assert_says(view: View, rows: Any, told: list[Row]) -> None:
    def key(row: Row) -> tuple[str, ...]:
        return str(row["stream_id"]), str(row["from_at"])

    found = sorted((comparable(row) for row in rows), key=key)
    wanted = sorted(told, key=key)
    assert len(found) == len(wanted), view.name
    for one, other in zip(found, wanted, strict=True):
        assert one == other, view.name


def said(view: View, log: Log, upto: int | None = None) -> list[Row]:
    rows: list[Row] = getattr(dealings, view.name.partition(".")[2])(log, upto)
    return rows


@pytest.mark.parametrize("seed", range(6))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, VIEWS, made.log.tenant_id, seed=seed, steps=8)
    for view in VIEWS:
        assert_says(view, await stored_rows(pool, view, made.log.tenant_id), said(view, made.log))
    await assert_live_equals_rebuild(pool, VIEWS, made.log.tenant_id)


@pytest.mark.parametrize("seed", range(10, 12))
async def test_rows_as_known_at_any_position_are_those_of_that_prefix(own_database_url: str, seed: int) -> None:
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=4) as pool:
        made = MadeUp(seed)
        await made.log.write(pool)
        await fold_all(pool, VIEWS)
        for known_at in random.Random(seed).sample(range(1, len(made.log.told) + 1), 5):
            for view in VIEWS:
                relation = source(view, known_at="$2::bigint")
                rows = await pool.fetch(
                    f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at
                )
                assert_says(view, rows, said(view, made.log, known_at))
