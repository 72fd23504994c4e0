"""Facts as they are stored, and read again by older and newer code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest

from shared.event_store.command import RecordedFact, StreamAppend
from shared.event_store.facts import FactRegistry, registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Fact
from tests.event_store import deal as deals
from tests.event_store.conftest import command
from tests.event_store.deal import CLASSES, FACTS, Deal, Delivery, stored

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.fixture
def repository(store: EventStore) -> Repository[Deal]:
    return Repository(store, Deal, facts=FACTS)


async def saved(store: EventStore, tenant: UUID, repository: Repository[Deal], deal: Deal) -> None:
    outcome = await store.append(command(tenant, repository.appends(deal)))
    assert outcome.kind == "ok"
    repository.keep(tenant, deal)


async def test_a_fact_is_stored_with_what_it_set_and_the_standing_after_it(
    store: EventStore, tenant: UUID, repository: Repository[Deal]
) -> None:
    deal = Deal.open(uuid4(), at=AT, price=Decimal("12.50"))
    deal.deliver(Delivery(2, date(2026, 1, 7)), at=AT)
    deal.correct_fact(1, {"price": "13.00"}, occurred_at=None, reason="typing error", at=AT)
    deal.void_fact(2, reason="never arrived", at=AT)
    await saved(store, tenant, repository, deal)
    opened, delivered, corrected, voided = await store.read(tenant, 0, 10)

    first = {"title": "一号", "price": "12.50", "stage": "new"}
    arrived = [{"units": 2, "on": "2026-01-07"}]
    assert (opened.type, opened.schema_version, opened.stream_type) == ("DealOpened", 1, "deal")
    assert opened.data == {"title": "一号", "price": "12.50", "changes": first, "standing": first}
    assert delivered.data == {
        "deliveries": arrived, "changes": {"delivered": arrived}, "standing": {**first, "delivered": arrived},
    }  # fmt: skip
    assert corrected.data == {
        "version": 1, "changes": {"price": "13.00"}, "occurred_at": None, "reason": "typing error",
        "standing": {**first, "price": "13.00", "delivered": arrived},
    }  # fmt: skip
    assert voided.data == {"version": 2, "reason": "never arrived", "standing": {**first, "price": "13.00"}}


async def test_a_stream_is_loaded_as_it_was_left(store: EventStore, tenant: UUID, repository: Repository[Deal]) -> None:
    deal = Deal.open(uuid4(), at=AT, price=Decimal("12.50"))
    deal.deliver(Delivery(2, date(2026, 1, 7)), at=AT)
    await saved(store, tenant, repository, deal)
    for loaded in (
        await repository.load(tenant, deal.id),
        await repository.load(tenant, deal.id, trust=True),
        await Repository(store, Deal, facts=FACTS).load(tenant, deal.id),
    ):
        assert loaded == deal
    assert await repository.load(tenant, uuid4()) is None
    assert await repository.load(uuid4(), deal.id) is None


async def test_a_record_of_another_kind_is_not_found(
    store: EventStore, tenant: UUID, repository: Repository[Deal]
) -> None:
    id = uuid4()
    facts = (FACTS.encode(*_first()),)
    await store.append(command(tenant, StreamAppend("visit", id, 0, facts)))
    assert await repository.load(tenant, id) is None


def _first() -> Any:
    deal = Deal.open(uuid4(), at=AT)
    return deal.pending_events[0], {}, {}


async def test_what_a_caller_does_to_a_loaded_stream_stays_with_the_caller(
    store: EventStore, tenant: UUID, repository: Repository[Deal]
) -> None:
    deal = Deal.open(uuid4(), at=AT)
    await saved(store, tenant, repository, deal)
    mine = await repository.load(tenant, deal.id)
    assert mine is not None
    mine.name_price(Decimal(5), at=AT)
    mine.void_fact(2, reason="no", at=AT)
    mine.correct_fact(1, {"title": "二号"}, occurred_at=None, reason="no", at=AT)
    assert await repository.load(tenant, deal.id, trust=True) == deal


async def test_a_baseline_is_brought_up_to_the_log_unless_trusted(
    store: EventStore, tenant: UUID, repository: Repository[Deal]
) -> None:
    deal = Deal.open(uuid4(), at=AT)
    await saved(store, tenant, repository, deal)
    elsewhere = Repository(store, Deal, facts=FACTS)
    theirs = await elsewhere.load(tenant, deal.id)
    assert theirs is not None
    theirs.reach("negotiation", at=AT)
    await saved(store, tenant, elsewhere, theirs)

    stale = await repository.load(tenant, deal.id, trust=True)
    assert stale is not None
    stale.reach("lost", at=AT)
    assert (await store.append(command(tenant, repository.appends(stale)))).kind == "conflict"
    assert await repository.load(tenant, deal.id) == theirs
    assert await repository.load(tenant, deal.id, trust=True) == theirs
    early = await repository.load_until(tenant, deal.id, 1)
    assert early is not None
    assert early.standing == deal.standing


async def test_a_newer_fact_makes_a_stream_read_only(
    store: EventStore, tenant: UUID, repository: Repository[Deal]
) -> None:
    for newer in (
        RecordedFact("DealPraised", 1, b'{"by": "us"}', AT),
        RecordedFact("StageReached", 2, b'{"phase": "b"}', AT),
        RecordedFact("StageReached", 1, b'{"phase": "b"}', AT),
    ):
        deal = Deal.open(uuid4(), at=AT)
        append = repository.appends(deal)
        await store.append(command(tenant, replace(append, facts=(*append.facts, newer))))
        loaded = await repository.load(tenant, deal.id)
        assert loaded is not None
        assert (loaded.read_only, loaded.version, loaded.standing["stage"]) == (newer.type, 2, "new")
        loaded.reach("b", at=AT)
        with pytest.raises(ValueError, match="read-only"):
            repository.appends(loaded)
    only = uuid4()
    await store.append(command(tenant, StreamAppend("deal", only, 0, (RecordedFact("DealImagined", 1, b"{}", AT),))))
    imagined = await repository.load(tenant, only)
    assert imagined is not None
    assert (imagined.read_only, imagined.version) == ("DealImagined", 1)


@pytest.mark.parametrize("amount", ["1250", "0", "99", "100000000000"])
async def test_older_facts_are_read_alike_by_python_and_sql(store: EventStore, tenant: UUID, amount: str) -> None:
    deal = Deal.open(uuid4(), at=AT)
    first = FACTS.encode(deal.pending_events[0], {}, {})  # type: ignore[arg-type]
    old = [
        RecordedFact("PriceNamed", 1, msgspec.json.encode({"amount": amount, "changes": {"amount": amount}}), AT),
        RecordedFact("PriceNamed", 2, msgspec.json.encode({"price": "1.00", "changes": {"price": "1.00"}}), AT),
        RecordedFact("StageReached", 1, msgspec.json.encode({"stage": "b", "changes": {"stage": "b"}}), AT),
    ]
    await store.append(command(tenant, StreamAppend("deal", deal.id, 0, (first, *old))))
    rows = await store.pool.fetch(
        f"select type, schema_version, data, {FACTS.upcast_sql()} as upcast from es.events where tenant_id = $1",
        tenant,
    )
    assert len(rows) == 4
    for row in rows:
        assert FACTS.upcast(row["type"], row["schema_version"], row["data"]) == row["upcast"]
    loaded = await Repository(store, Deal, facts=FACTS).load(tenant, deal.id)
    assert loaded is not None
    assert loaded.ledger[2].changes == {"price": Decimal(amount) / 100}
    assert loaded.standing["price"] == Decimal("1.00")


def test_a_registry_knows_every_fact_of_its_modules() -> None:
    found = registry(deals)
    assert set(found.types) == {*CLASSES, "FactCorrected", "FactVoided"}
    assert "DealOpened" in found
    assert "Deal" not in found
    assert FactRegistry({}).upcast_sql() == "data"


def test_a_fact_without_its_upcasters_is_refused() -> None:
    class Grown(Fact):
        schema_version: ClassVar[int] = 2

    class Clashing(Fact):
        changes: int

    with pytest.raises(TypeError, match="upcaster"):
        FactRegistry({"Grown": Grown})
    with pytest.raises(TypeError, match="written by the store"):
        FactRegistry({"Clashing": Clashing})


def test_decoding_gives_back_what_was_encoded() -> None:
    deal = Deal.open(uuid4(), at=AT, price=Decimal("0.10"))
    deal.deliver(Delivery(2, date(2026, 1, 7)), Delivery(1, date(2026, 1, 8)), at=AT)
    pending: Any = deal.pending_events
    for fact, event in zip(pending, stored([FACTS.encode(f, {}, {}) for f in pending], deal.id), strict=True):
        assert FACTS.decode(event, Deal) == fact
