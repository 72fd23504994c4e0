"""Late facts, corrections and voids in any order: the standing is what a plain recomputation says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.event_store.command import RecordedFact
from shared.event_store.repository import Repository
from shared.event_store.stream import Refused
from tests.event_store.deal import FACTS, Deal, Delivery, stored

ID = UUID(int=3)
START = datetime(2026, 1, 1, tzinfo=UTC)
LATEST = START + timedelta(days=400)

days = st.integers(0, 20).map(lambda n: START + timedelta(days=n))
prices = st.integers(0, 5).map(Decimal)
stages = st.sampled_from(["a", "b", "c"])
deliveries = st.lists(st.integers(1, 3).map(lambda n: Delivery(n, date(2026, 2, n))), max_size=2).map(tuple)
values = {"price": prices, "stage": stages, "delivered": deliveries}

Change = tuple[str, Any]
changes = st.sampled_from(sorted(values)).flatmap(lambda name: st.tuples(st.just(name), values[name]))


@dataclass(frozen=True)
class Happened:
    at: datetime
    change: Change


@dataclass(frozen=True)
class Corrected:
    version: int
    change: Change
    at: datetime | None


@dataclass(frozen=True)
class Voided:
    version: int


versions = st.integers(1, 14)
steps = st.one_of(
    st.builds(Happened, days, changes),
    st.builds(Corrected, versions, changes, st.none() | days),
    st.builds(Voided, versions),
)


def told(steps: list[Any]) -> Deal:
    """A deal to which these things were told, in this order; what is refused is left out."""
    deal = Deal.open(ID, at=START, price=Decimal(9))
    for step in steps:
        try:
            match step:
                case Happened(at, ("price", price)):
                    deal.name_price(price, at=at)
                case Happened(at, ("stage", stage)):
                    deal.reach(stage, at=at)
                case Happened(at, (_, delivered)):
                    deal.deliver(*delivered, at=at)
                case Corrected(version, (name, value), at):
                    builtins = {"price": str(value)} if name == "price" else {name: _plain(value)}
                    deal.correct_fact(version, builtins, occurred_at=at, reason="", at=LATEST)
                case Voided(version):
                    deal.void_fact(version, reason="", at=LATEST)
        except Refused:
            pass
    return deal


def _plain(value: Any) -> Any:
    return [{"units": d.units, "on": str(d.on)} for d in value] if isinstance(value, tuple) else value


def recomputed(facts: list[RecordedFact]) -> dict[str, Any]:
    """The standing, from the stored facts alone and without cleverness."""
    events = stored(facts, ID)
    voided = {event.data["version"] for event in events if event.type == "FactVoided"}
    rows = []
    for event in events:
        if event.type in ("FactCorrected", "FactVoided") or event.version in voided:
            continue
        set_by_it, at = dict(event.data["changes"]), event.occurred_at
        for correction in events:
            if correction.type != "FactCorrected" or correction.version in voided:
                continue
            if correction.data["version"] == event.version:
                set_by_it.update(correction.data["changes"])
                if correction.data["occurred_at"]:
                    at = datetime.fromisoformat(correction.data["occurred_at"])
        rows.append((at, event.version, set_by_it))
    standing: dict[str, Any] = {}
    for _, _, set_by_it in sorted(rows, key=lambda row: row[:2]):
        for name, value in set_by_it.items():
            standing[name] = standing.get(name, []) + value if name == "delivered" else value
    return standing


def encoded(deal: Deal) -> list[RecordedFact]:
    pending: Any = deal.pending_events
    return [FACTS.encode(f, deal.changes_of(f.originator_version), deal.standing_after(f.originator_version))
            for f in pending]  # fmt: skip


def as_stored(standing: dict[str, Any]) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in standing.items()}
    return {**plain, "price": str(plain["price"])}


@settings(deadline=None)
@given(st.lists(steps, max_size=14))
def test_the_standing_is_what_a_plain_recomputation_says(steps: list[Any]) -> None:
    deal = told(steps)
    facts = encoded(deal)
    assert as_stored(deal.standing) == recomputed(facts)
    for n, event in enumerate(stored(facts, ID), 1):
        assert event.data["standing"] == recomputed(facts[:n])


@settings(deadline=None)
@given(st.lists(steps, max_size=14), st.integers(0, 14))
def test_a_replayed_stream_is_the_live_one(steps: list[Any], split: int) -> None:
    deal = told(steps)
    facts = encoded(deal)
    repository: Repository[Deal] = Repository(None, Deal, facts=FACTS)  # type: ignore[arg-type]
    events = stored(facts, ID)
    whole = repository.replay(events)
    first = repository.replay(events[: split + 1])
    assert first is not None
    before = first.copy()
    in_two = repository.replay(events[split + 1 :], onto=first.copy())
    deal.settle()
    assert whole == in_two == deal
    assert first == before


def test_a_late_fact_does_not_overwrite_a_newer_one() -> None:
    deal = told([Happened(START + timedelta(days=9), ("price", Decimal(2))), Happened(START, ("price", Decimal(1)))])
    assert deal.standing["price"] == Decimal(2)


def test_repeating_a_correction_or_a_void_says_nothing() -> None:
    deal = told([Happened(START, ("price", Decimal(2)))])
    for _ in range(2):
        deal.correct_fact(2, {"price": "3"}, occurred_at=None, reason="", at=LATEST)
    assert deal.version == 3
    for _ in range(2):
        deal.void_fact(3, reason="", at=LATEST)
    assert (deal.version, deal.standing["price"]) == (4, Decimal(2))
    for _ in range(2):
        deal.void_fact(2, reason="", at=LATEST)
    assert (deal.version, deal.standing["price"]) == (5, Decimal(9))


@pytest.mark.parametrize(
    ("version", "changes", "code"),
    [
        (2, {"stage": "a"}, "not_set_by_fact"),
        (2, {"price": "much"}, "invalid_value"),
        (7, {"price": "1"}, "no_such_fact"),
    ],
)
def test_what_cannot_be_corrected_is_refused(version: int, changes: dict[str, Any], code: str) -> None:
    deal = told([Happened(START, ("price", Decimal(2)))])
    with pytest.raises(Refused) as refused:
        deal.correct_fact(version, changes, occurred_at=None, reason="", at=LATEST)
    assert refused.value.code == code


def test_the_first_fact_cannot_be_voided() -> None:
    with pytest.raises(Refused) as refused:
        told([]).void_fact(1, reason="", at=LATEST)
    assert refused.value.code == "first_fact"
