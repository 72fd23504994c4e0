"""Rate limits: what one principal, one tenant and one address may ask, and how they are told."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import Depends

from shared.event_store.store import EventStore
from shared.http import Ctx, Receipt, Router, create_app
from shared.http.limits import PRODUCTION, Buckets, Limits, Policy, limited
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.http import toy
from tests.http.conftest import NOW, Client, Faulty, open_tenant

router = Router(prefix="/v1/numbers", tags=["numbers"])


@router.get("/check", operation_id="numbers.check", dependencies=[Depends(limited("lookups"))])
async def check() -> dict[str, bool]:
    """Whether a number is on file."""
    return {"on_file": False}


@router.post("/reveal", operation_id="numbers.reveal")
async def reveal(ctx: Ctx, counted: Annotated[None, Depends(limited("lookups"))]) -> Receipt:
    """Show a number: a hot route."""
    return Receipt(id=uuid4(), version=1, position=1, code="shown")


Serves = Callable[..., AbstractAsyncContextManager["Serving"]]


class Serving:
    def __init__(self, http: httpx.AsyncClient, settings: Settings, app: Any) -> None:
        self.http = http
        self.settings = settings
        self.app = app

    def speaks(self, tenant: UUID, *functions: str, person: UUID | None = None) -> Client:
        person = person or uuid4()
        token = mint_token(development_key(self.settings.data), tenant, person, functions or ("director",))
        return Client(self.http, token, person)


@pytest.fixture
def serves(settings: Settings, store: Faulty, tenant_id: UUID) -> Serves:
    """`serves(limit_reads=3)`: the toy service with these settings."""

    @asynccontextmanager
    async def serving(address: str = "192.0.2.1", **chosen: Any) -> AsyncIterator[Serving]:
        given = settings.model_copy(update=chosen)
        app = create_app(
            title="Jars",
            service="jars",
            routers=[toy.router, router],
            facts=toy.FACTS,
            texts=toy.TEXTS,
            settings=given,
            store=cast(EventStore, store),
            clock=lambda: NOW,
        )
        await open_tenant(store, tenant_id)
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://jars") as http,
        ):
            yield Serving(http, given, app)

    return serving


async def test_who_asks_too_much_waits_and_others_do_not(serves: Serves, tenant_id: UUID) -> None:
    async with serves(limit_reads=3, limit_tenant_reads=100) as serving:
        anna, bo = serving.speaks(tenant_id), serving.speaks(tenant_id)
        for left in (2, 1, 0):
            answer = await anna.get("/v1/me")
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"reads";q=3;w=60, "tenant-reads";q=100;w=60'
            assert re.fullmatch(rf'"reads";r={left};t=\d+', answer.headers["ratelimit"])
        refused = await anna.get("/v1/me")
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (429, "too_many_requests")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["ratelimit"].startswith('"reads";r=0;t=')
        assert 0 < int(refused.headers["retry-after"]) <= 20
        assert problem["violated-policies"] == ["reads"]
        assert "3 in 60 seconds" in problem["detail"]
        assert "秒后重试" in (await anna.get("/v1/me", language="zh-CN")).json()["detail"]
        assert (await bo.get("/v1/me")).status_code == 200


async def test_a_second_token_is_no_second_budget_and_an_equal_id_elsewhere_is_another(
    serves: Serves, store: Faulty, tenant_id: UUID
) -> None:
    other = uuid4()
    await open_tenant(store, other)
    person = uuid4()
    async with serves(limit_reads=2) as serving:
        first, second = (serving.speaks(tenant_id, role, person=person) for role in ("director", "auditor"))
        assert (await first.get("/v1/me")).status_code == 200
        assert (await second.get("/v1/me")).status_code == 200
        assert (await first.get("/v1/me")).status_code == 429
        assert (await second.get("/v1/me")).status_code == 429
        assert (await serving.speaks(other, person=person).get("/v1/me")).status_code == 200


async def test_a_tenant_has_a_budget_of_its_own(serves: Serves, store: Faulty, tenant_id: UUID) -> None:
    other = uuid4()
    await open_tenant(store, other)
    async with serves(limit_reads=100, limit_tenant_reads=2) as serving:
        answers = [await serving.speaks(tenant_id).get("/v1/me") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[1].headers["ratelimit"].startswith('"tenant-reads";r=0;t=')
        assert answers[2].json()["violated-policies"] == ["tenant-reads"]
        assert (await serving.speaks(other).get("/v1/me")).status_code == 200


async def test_commands_and_reads_are_counted_apart_and_a_refused_command_is_not_done(
    serves: Serves, store: Faulty, tenant_id: UUID
) -> None:
    async with serves(limit_reads=5, limit_commands=1) as serving:
        anna = serving.speaks(tenant_id)
        assert (await anna.post("/v1/jars", {"label": "a"}, key="k1")).status_code == 201
        before = store.appended
        late = await anna.post("/v1/jars", {"label": "b"}, key="k2")
        assert (late.status_code, store.appended) == (429, before)
        assert (await anna.post("/v1/jars", content=b"{" * 100_000)).status_code == 429  # not even read
        assert (await anna.get("/v1/me")).status_code == 200
    async with serves() as serving:  # the key was not used up
        again = serving.speaks(tenant_id, person=anna.person)
        answer = await again.post("/v1/jars", {"label": "b"}, key="k2")
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers
        assert "ratelimit" not in answer.headers  # nothing is limited by the settings of development


async def test_a_route_may_be_counted_more_narrowly(serves: Serves, tenant_id: UUID) -> None:
    async with serves(limit_reads=50, limit_commands=50, limit_lookups=2) as serving:
        anna = serving.speaks(tenant_id)
        assert (await anna.get("/v1/numbers/check")).headers["ratelimit"].count(";r=") == 2
        assert (await anna.post("/v1/numbers/reveal")).status_code == 200
        refused = await anna.get("/v1/numbers/check")
        assert (refused.status_code, refused.json()["violated-policies"]) == (429, ["lookups"])
        assert (await anna.get("/v1/me")).status_code == 200


async def test_an_address_that_guesses_is_no_longer_listened_to(serves: Serves, tenant_id: UUID) -> None:
    async with serves(limit_failures=3) as serving:
        known = serving.speaks(tenant_id)
        assert (await known.get("/v1/me")).status_code == 200
        for _ in range(3):
            assert (await Client(serving.http, "guess", uuid4()).get("/v1/me")).status_code == 401
        for _ in range(2):
            assert (await serving.http.get("/v1/me")).status_code == 401  # nothing was shown: nothing was guessed
        refused = await serving.speaks(tenant_id).get("/v1/me")
        assert (refused.status_code, refused.json()["violated-policies"]) == (429, ["failures"])
        assert int(refused.headers["retry-after"]) <= 20
        assert (await known.get("/v1/me")).status_code == 200  # who was let in before is not locked out by a neighbour
        assert (await serving.http.get("/livez")).status_code == 200
        elsewhere = httpx.ASGITransport(serving.app, client=("192.0.2.2", 1))
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://jars") as http:
            assert (await Client(http, serving.speaks(tenant_id).token, uuid4()).get("/v1/me")).status_code == 200


@pytest.mark.parametrize(("one", "other", "same"), [
    ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
    ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
])  # fmt: skip
async def test_an_address_of_ipv6_is_its_network(serves: Serves, one: str, other: str, same: bool) -> None:
    async with serves(address=one, limit_failures=1) as serving:
        assert (await Client(serving.http, "guess", uuid4()).get("/v1/me")).status_code == 401
        transport = httpx.ASGITransport(serving.app, client=(other, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://jars") as http:
            status = (await Client(http, "guess", uuid4()).get("/v1/me")).status_code
        assert status == (429 if same else 401)


# -- buckets ---------------------------------------------------------------------------------------------


def test_a_bucket_refills_evenly_and_never_above_its_quota() -> None:
    buckets = Buckets(Policy("reads", 6, 60))
    taken = 0
    for _ in range(20):
        if not buckets.wait(b"a", 0.0):
            buckets.take(b"a", 0.0)
            taken += 1
    assert taken == 6
    assert buckets.wait(b"a", 0.0) == pytest.approx(10.0)
    assert buckets.wait(b"a", 9.9) == pytest.approx(0.1)
    assert buckets.wait(b"a", 10.0) == 0
    assert buckets.take(b"a", 10.0) == (0, 60)
    assert buckets.take(b"a", 10_000.0) == (5, 10)  # idle for hours: full, not more


def test_each_process_takes_its_part() -> None:
    shared = Limits(Settings(limit_reads=100, limit_processes=4))
    assert shared._kinds["reads"][2] == b'"reads";q=25;w=60'
    assert Limits(Settings(env="production", limit_reads=0, limit_tenant_reads=0))._kinds.keys() == {
        "commands",
        "heavy",
        "lookups",
    }
    assert PRODUCTION.keys() == {
        name.removeprefix("limit_") for name in Settings.model_fields if name.startswith("limit_")
    } - {"processes"}


def test_a_hundred_thousand_principals_take_bounded_memory_and_little_time() -> None:
    buckets = Buckets(Policy("reads", 100, 60), most=10_000)
    ids = [uuid4().bytes for _ in range(100_000)]
    started = time.perf_counter()
    for number, key in enumerate(ids):
        now = number / 100_000
        assert not buckets.wait(key, now)
        buckets.take(key, now)
    assert (time.perf_counter() - started) / len(ids) < 20e-6
    assert len(buckets) <= 10_000


def test_when_there_is_no_room_those_that_are_full_again_go_first() -> None:
    buckets = Buckets(Policy("reads", 2, 60), most=4)
    for key in (b"busy", b"busy"):
        buckets.take(key, 100.0)
    for key in (b"1", b"2", b"3"):
        buckets.take(key, 60.0)
    buckets.take(b"new", 100.0)
    assert buckets.wait(b"busy", 100.0) > 0
