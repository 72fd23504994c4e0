"""The client against a running installation whose network drops: nothing lost, nothing twice, no event missed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from dakehu_client import (
    AsyncClient,
    Client,
    Conflict,
    Event,
    FileCursor,
    MemoryCursor,
    NotAllowed,
    NotFound,
    Retries,
    Stale,
)

from tests.journeys.telling import Company, ago
from tests.stack import Running

QUICK = Retries(attempts=30, first_seconds=0.01, longest_seconds=0.05)
ORDERS = 8


class Dropping(httpx.BaseTransport):
    """A network that loses a third of the questions and a third of the answers."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._real = httpx.HTTPTransport()
        self.dropped = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._chance.random()
        if fate < 0.3:
            self.dropped += 1
            raise httpx.ConnectError("lost on the way")
        response = self._real.handle_request(request)
        if fate < 0.6:
            response.read()
            response.close()
            self.dropped += 1
            raise httpx.ReadError("the answer is lost")
        return response

    def close(self) -> None:
        self._real.close()


@pytest.fixture
def dropping() -> Dropping:
    return Dropping(7)


@pytest.fixture
def dakehu(running: Running, company: Company, dropping: Dropping) -> Iterator[Client]:
    with Client(running.url(), company.office.token, retries=QUICK, transport=dropping) as client:
        yield client


def night(company: Company) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What an ERP tells of a day: orders from their prospect to their delivery, and their invoices."""
    orders: list[dict[str, Any]] = []
    invoices: list[dict[str, Any]] = []
    line = {"line": 1, "product": "A6L", "units": 2, "unit_price": "100000.00"}
    for number in range(ORDERS):
        order = {"system": "erp", "key": f"SO-{number}"}
        serials = [f"LFV2A24F9K30{company.tenant_id.hex[:4].upper()}{number}{unit}" for unit in range(2)]
        orders += [
            {"fact": "known", "order": order, "title": f"车队{number}", "lines": [line], "on": ago(9)},
            {"fact": "placed", "order": order, "order_ref": f"HT-{number}", "on": ago(8)},
            {"fact": "delivered", "order": order, "units": [{"line": 1, "serials": serials}], "on": ago(5)},
        ]
        charged = [{"line": 1, "units": 2, "unit_price": "100000.00", "tax_rate": "0.13"}]
        invoices.append(
            {
                "fact": "issued",
                "order": order,
                "number": f"I-{number}",
                "account": {"system": "erp", "key": "K-1"},
                "lines": charged,
                "on": ago(4),
            }
        )
    return orders, invoices


def test_a_night_of_an_erp_over_a_network_that_drops(
    dakehu: Client, dropping: Dropping, company: Company, tmp_path: Path
) -> None:
    account = {"fact": "known", "account": {"system": "erp", "key": "K-1"}, "name": "华东物流", "on": ago(20)}
    assert not dakehu.inbound("accounts", [account], key="accounts").failed
    orders, invoices = night(company)
    for _ in range(2):  # and the whole of it once more, as after a restart
        told = dakehu.inbound("orders", orders, key="orders")
        billed = dakehu.inbound("invoices", invoices, key="invoices")
        assert not told.failed, told.failed
        assert not billed.failed, billed.failed
    assert dropping.dropped > 3
    assert all(one.replayed for one in told.outcomes)
    sums = dakehu.get("/v1/reconciliation", system="erp", min_position=billed.position)
    assert {row["kind"]: (row["entries"], Decimal(row["amount"])) for row in sums["rows"]} == {
        "ordered": (ORDERS, Decimal(200_000) * ORDERS),
        "delivered": (2 * ORDERS, Decimal(200_000) * ORDERS),
        "invoiced": (ORDERS, Decimal(226_000) * ORDERS),
    }
    behind = dakehu.items("/v1/reconciliation/records", system="erp", kind="invoiced", limit=3)
    assert sorted(row["reference"] for row in behind) == sorted(row["number"] for row in invoices)

    kept = FileCursor(tmp_path / "cursor")
    seen: list[Event] = []
    while len(seen) < 10:  # a reader that is killed in the middle of a page, and begins again
        seen.append(next(iter(dakehu.events(kept, follow=False, limit=5))))
        for page in dakehu.pages(kept, follow=False, limit=5):
            seen += page.events
    head = dakehu.get("/v1/events/head")["position"]
    assert {event.position for event in seen} == set(range(1, head + 1))
    won = [event for event in seen if event.type == "DealWon"]
    assert len({event.subject for event in won}) == ORDERS


def test_a_command_is_carried_out_once_and_a_no_is_told_by_its_kind(
    dakehu: Client, company: Company, stranger_token: str, running: Running
) -> None:
    made = dakehu.post("/v1/opportunities", {"title": "车队", "lines": [{"product": "A6L", "units": 1}]})
    path = f"/v1/opportunities/{made.id}"
    assert made.created
    assert made.etag == '"1"'
    won = dakehu.post(f"{path}/win", {"order_ref": "HT-9"}, if_match=made.version)
    assert won.version == 2
    with pytest.raises(Stale) as stale:
        dakehu.post(f"{path}/cancel", {"reason": "x"}, if_match=1)
    assert stale.value.version == 2
    with pytest.raises(Conflict) as twice:
        dakehu.post(f"{path}/win", {}, if_match=2)
    assert twice.value.code == "already_ordered"
    known = dakehu.put("/v1/opportunities/by-ref/erp/SO-77", {"title": "车队"})
    assert known.created
    with Client(running.url(), stranger_token, retries=QUICK) as stranger:
        with pytest.raises(NotFound):
            stranger.get(path)
        assert stranger.page(limit=1_000).events
        assert made.id not in {str(event.subject) for event in stranger.page(limit=1_000).events}
    with Client(running.url(), "dk_nothing", retries=QUICK) as nobody, pytest.raises(NotAllowed) as refused:
        nobody.get("/v1/me")
    assert refused.value.status == 401


@pytest.fixture
def stranger_token(running: Running) -> str:
    return Company.founded(running).office.token


def test_streams_and_long_polls_tell_what_is_recorded_meanwhile(running: Running, company: Company) -> None:
    """Three readers at once, each from its place; what they tell is the same."""
    office = company.office
    place = MemoryCursor(str(office.position))

    async def run() -> list[list[str]]:
        async with AsyncClient(running.url(), office.token, retries=QUICK) as client:

            async def first(events: Any) -> list[str]:
                return [event.id async for event in _first(events, 3)]

            start = await client.page(int(place.load() or 0))
            readers = [
                asyncio.create_task(first(client.events(MemoryCursor(start.cursor)))),
                asyncio.create_task(first(client.stream(MemoryCursor(start.cursor)))),
                asyncio.create_task(first(client.stream(MemoryCursor(start.cursor), types=["ProspectCaptured"]))),
            ]
            for number in range(3):
                await client.post("/v1/opportunities", {"title": f"车队{number}"})
            return list(await asyncio.wait_for(asyncio.gather(*readers), 60))

    polled, streamed, narrowed = asyncio.run(run())
    assert polled == streamed == narrowed
    assert len(set(polled)) == 3


async def _first(events: Any, count: int) -> Any:
    async for event in events:
        yield event
        count -= 1
        if not count:
            return
