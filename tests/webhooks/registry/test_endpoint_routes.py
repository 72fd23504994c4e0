"""Endpoints over HTTP: nothing is delivered unproven, a secret is shown once, nobody gives more than they have."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from services.webhooks import making
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoint_as_told
from shared.http.limits import Limits
from shared.identity.current_tenant import as_tenant
from shared.privacy.sealing import WrongKey
from shared.settings import Settings
from shared.webhooks.networks import allow
from shared.webhooks.sending import Answer, Network
from shared.webhooks.vaulted import SealedSecrets
from tests.accounts.company import Client, Clock, Company
from tests.webhooks.listener import Listener, silent
from tests.webhooks.registry.conftest import Tell
from tests.webhooks.steps import URL

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Fold = Callable[[], Awaitable[None]]
BASE = "/v1/webhooks"
SEALED = "select kind, number, sealed from delivery.secrets where tenant_id = $1 order by kind, number"
LOGGED = "select string_agg(data::text || metadata::text, '') from es.events where tenant_id = $1"


def wanted(**changed: Any) -> dict[str, Any]:
    return {"name": "ERP", "url": URL} | changed


async def register(client: Client, **changed: Any) -> dict[str, Any]:
    return await client.make(BASE, wanted(**changed))


async def refused(client: Client, status: int, code: str, pointer: str | None = None, **body: Any) -> None:
    answer = await client.post(BASE, wanted(**body))
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code), said
    assert pointer is None or said["errors"][0]["pointer"] == pointer, said


async def act(client: Client, made: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    """A command on an endpoint at the version it has."""
    shown = await client.read(f"{BASE}/{made['id']}")
    return await client.make(f"{BASE}/{made['id']}/{verb}", body, version=shown["version"])


# -- proof of control -------------------------------------------------------------------------------------


async def test_an_address_that_gives_the_challenge_back_is_open_at_once(company: Company, listener: Listener) -> None:
    director = company["director"]
    made = await register(director, types=["AccountOpened"], headers={"Authorization": "Bearer 77"})
    assert (made["status"], made["version"], made["number"]) == ("open", 2, 1)
    assert made["answered"] == {"status": 200, "fault": None, "took_ms": 3.0}
    ((url, headers, body),) = listener.posts
    assert (url, headers["Authorization"], json.loads(body)["type"]) == (URL, "Bearer 77", "webhook.ping")
    shown = await director.read(f"{BASE}/{made['id']}")
    assert (shown["status"], shown["types"], shown["headers"]) == ("open", ["AccountOpened"], ["Authorization"])
    assert shown["allowed_actions"] == ["pause", "skip", "change", "secrets", "retire-secret", "remove"]


async def test_an_address_that_does_not_is_unproven_until_it_does(company: Company, listener: Listener) -> None:
    director = company["director"]
    listener.says = silent
    made = await register(director)
    assert (made["status"], made["version"], made["answered"]["status"]) == ("unproven", 1, 204)
    path = f"{BASE}/{made['id']}/prove"
    answer = await director.post(path, {}, key="again")
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook_not_proven")
    assert answer.json()["answered"] == {"status": 204, "fault": None, "took_ms": 3.0}
    for early in ("pause", "resume"):
        assert (await director.post(f"{path[:-5]}{early}", {}, version=1)).json()["code"] == "endpoint_unproven"
    listener.says = Listener().says
    assert (await director.post(path, {}, key="again")).json()["version"] == 2  # a no was not for ever
    assert (await director.read(f"{BASE}/{made['id']}"))["status"] == "open"
    asked = len(listener.posts)
    assert (await director.post(path, {}, key="again")).headers["idempotency-replayed"] == "true"
    assert len(listener.posts) == asked, "a retry asks nobody"


async def test_giving_back_anything_else_proves_nothing(company: Company, listener: Listener) -> None:
    answers: dict[str, Callable[[bytes], Answer]] = {
        "all it is sent": lambda body: Answer(200, 1.0, heard=body),
        "nothing": lambda body: Answer(200, 1.0, heard=b"{}"),
        "another challenge": lambda body: Answer(200, 1.0, heard=b'{"challenge": "other"}'),
        "more than the challenge": lambda body: Answer(200, 1.0, heard=_data(body, ok=True)),
        "no text": lambda body: Answer(200, 1.0, heard=b"\xff\xfe"),
        "the challenge, with a failure": lambda body: Answer(500, 1.0, heard=_data(body)),
    }
    for what, answer in answers.items():
        listener.says = answer
        assert (await register(company["director"]))["status"] == "unproven", what


def _data(body: bytes, **more: Any) -> bytes:
    return json.dumps(json.loads(body)["data"] | more).encode()


async def test_the_handshake_of_cloudevents_is_the_other_way(company: Company, listener: Listener) -> None:
    listener.says = silent
    for granted, proven in (("*", True), ("dakehu", True), ("dakehu.example.com", False), (None, False)):
        listener.allowed_origin = granted
        made = await register(company["director"])
        answer = await company["director"].post(f"{BASE}/{made['id']}/prove", {"how": "handshake"})
        assert (answer.status_code == 200) is proven, answer.text
    assert listener.asked == 4 * [{"WebHook-Request-Origin": "dakehu"}]


async def test_another_address_is_to_be_proven_and_stays_paused_for_who_paused_it(company: Company) -> None:
    director = company["director"]
    made = await register(director)
    await act(director, made, "pause", reason="moving house")
    await act(director, made, "change", url=f"{URL}/new")
    path = f"{BASE}/{made['id']}"
    shown = await director.read(path)
    assert (shown["status"], shown["allowed_actions"][0]) == ("unproven", "prove")
    await director.make(f"{path}/prove", {})
    shown = await director.read(path)
    assert (shown["status"], shown["paused_because"]) == ("paused", "person")


UNFIT: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"url": "http://erp.example.com/hook"}, "webhook_url_needs_https", "/url"),
    ({"url": "https://user:pass@erp.example.com/"}, "webhook_url_holds_credentials", "/url"),
    ({"url": "https://169.254.169.254/latest"}, "webhook_address_refused", "/url"),
    ({"url": "https://erp.example.com:22/"}, "webhook_url_port", "/url"),
    ({"headers": {"webhook-id": "mine"}}, "webhook_header_unfit", "/headers/webhook-id"),
    ({"headers": {"Host": "other"}}, "webhook_header_unfit", "/headers/Host"),
    ({"types": ["DealWon", "DealWun"]}, "unknown_event_type", "/types"),
    ({"schema_versions": {"DealWon": 9}}, "unknown_event_version", "/schema_versions/DealWon"),
    ({"unit_id": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"}, "unknown_unit", "/unit_id"),
    ({"start": "yesterday"}, "validation", "/start"),
    ({"payload": "selected"}, "validation", ""),
)


async def test_what_cannot_be_is_refused_before_anybody_is_asked(company: Company, listener: Listener) -> None:
    for changed, code, pointer in UNFIT:
        await refused(company["director"], 422, code, pointer, **changed)
    assert listener.posts == []


async def test_where_the_operator_opened_a_network_its_addresses_are_taken(company: Company, pool: Pool) -> None:
    body = wanted(url="http://10.1.2.3:8080/hook")
    answer = await company["director"].post(BASE, body, key="once")
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook_address_refused")
    await allow(pool, company.tenant_id, Network.of("10.1.0.0/16", 8080))
    answer = await company["director"].post(BASE, body, key="once")  # the very same is asked anew
    assert (answer.status_code, answer.json()["status"]) == (201, "open")


async def test_a_company_has_so_many_endpoints_and_no_more(
    company: Company, other: Company, fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever delivers looks at all of them every second."""
    monkeypatch.setattr(making, "MOST_ENDPOINTS", 2)
    director = company["director"]
    first = await director.post(BASE, wanted(), key="first")
    gone = await register(director)
    await fold()
    await refused(director, 409, "too_many_endpoints")
    assert (await director.post(BASE, wanted(), key="first")).json()["id"] == first.json()["id"]
    await register(other["director"])
    await act(director, gone, "remove")
    await fold()
    await register(director)


# -- secrets ----------------------------------------------------------------------------------------------


async def test_a_secret_is_shown_once_and_lies_sealed(company: Company, pool: Pool) -> None:
    director = company["director"]
    body = wanted(headers={"X-Token": "s3cret-token"})
    first = await director.post(BASE, body, key="once")
    made = first.json()
    assert made["secret"].startswith("whsec_")
    retried = await director.post(BASE, body, key="once")
    assert (retried.status_code, retried.headers["idempotency-replayed"]) == (201, "true")
    assert retried.json() == made | {"secret": None, "answered": None}
    rows = await pool.fetch(SEALED, company.tenant_id)
    assert [(row["kind"], row["number"]) for row in rows] == [("headers", 1), ("v1", 1)]
    logged = await pool.fetchval(LOGGED, company.tenant_id)
    shown = (await director.get(f"{BASE}/{made['id']}")).text
    for hidden in (made["secret"], made["secret"].removeprefix("whsec_"), "s3cret-token"):
        assert all(hidden.encode() not in bytes(row["sealed"]) for row in rows)
        assert hidden not in logged + shown


async def test_a_try_that_died_before_its_secret_was_kept_is_healed_by_the_retry(company: Company, pool: Pool) -> None:
    director = company["director"]
    body = wanted(headers={"X-Token": "77"})
    made = (await director.post(BASE, body, key="died")).json()
    await pool.execute("delete from delivery.secrets where tenant_id = $1", company.tenant_id)
    answer = await director.post(f"{BASE}/{made['id']}/prove", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_secret_missing")
    again = (await director.post(BASE, body, key="died")).json()
    assert again["secret"].startswith("whsec_")
    assert again["secret"] != made["secret"]
    assert len(await pool.fetch(SEALED, company.tenant_id)) == 2


async def test_secrets_overlap_end_and_are_destroyed(company: Company, clock: Clock, pool: Pool) -> None:
    director = company["director"]
    made = await register(director)
    path = f"{BASE}/{made['id']}"
    second = await act(director, made, "secrets", overlap_seconds=600)
    assert (second["number"], second["secret"][:6], second["public_key"]) == (2, "whsec_", None)
    secrets = (await director.read(path))["secrets"]
    assert [(one["number"], one["good"], one["expires_at"] is None) for one in secrets] == [
        (1, True, False),
        (2, True, True),
    ]
    shown = await director.read(path)
    last = await director.post(f"{path}/retire-secret", {"number": 2}, version=shown["version"])
    assert (last.status_code, last.json()["code"]) == (409, "last_secret")
    clock.now += timedelta(seconds=601)
    third = await act(director, made, "secrets", kind="v1a")
    assert (third["number"], third["secret"], third["public_key"][:5]) == (3, None, "whpk_")
    assert [one["good"] for one in (await director.read(path))["secrets"]] == [False, True, True]
    kept = [(row["kind"], row["number"]) for row in await pool.fetch(SEALED, company.tenant_id)]
    assert kept == [("v1", 2), ("v1a", 3)]
    await act(director, made, "retire-secret", number=2, overlap_seconds=0)
    await act(director, made, "remove")
    assert await pool.fetch(SEALED, company.tenant_id) == []


async def test_ten_secrets_are_good_at_most(company: Company) -> None:
    director = company["director"]
    made = await register(director)
    for _ in range(9):
        await act(director, made, "secrets")
    shown = await director.read(f"{BASE}/{made['id']}")
    answer = await director.post(f"{BASE}/{made['id']}/secrets", {}, version=shown["version"])
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_secrets")


async def test_public_keys_are_for_everybody_who_knows_the_ids(
    company: Company, other: Company, fold: Fold, clock: Clock
) -> None:
    director = company["director"]
    made = await register(director, secret="v1a")
    assert made["secret"] is None
    await act(director, made, "secrets", kind="v1a", overlap_seconds=60)
    await act(director, made, "secrets", kind="v1")
    await fold()

    async def keys(tenant: Any, endpoint: Any = made["id"]) -> Any:
        query = {"tenant": str(tenant), "endpoint": str(endpoint)}
        answer = await director.http.get("/.well-known/webhook-keys", params=query)
        found = answer.json()["keys"]
        kept = "public, max-age=300" if found else "no-cache"
        assert (answer.status_code, answer.headers["cache-control"]) == (200, kept), answer.text
        return found

    both = await keys(company.tenant_id)
    assert [key["kid"] for key in both] == [f"{made['id']}/2", f"{made['id']}/1"]
    assert (both[1]["webhook_key"], both[0]["exp"]) == (made["public_key"], None)
    assert {name: both[0][name] for name in ("kty", "crv", "use", "alg")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
    }
    clock.now += timedelta(seconds=61)
    assert [key["kid"] for key in await keys(company.tenant_id)] == [f"{made['id']}/2"]
    assert await keys(other.tenant_id) == []
    assert await keys(company.tenant_id, other.tenant_id) == []
    malformed = await director.http.get("/.well-known/webhook-keys", params={"tenant": "x", "endpoint": "y"})
    assert malformed.status_code == 422


async def test_who_guesses_ids_is_soon_not_answered(company: Company, app: FastAPI, settings: Settings) -> None:
    app.state.kit.limits = Limits(settings.model_copy(update={"limit_failures": 3}))
    query = {"tenant": str(company.tenant_id), "endpoint": str(company.root_id)}
    answers = [await company["director"].http.get("/.well-known/webhook-keys", params=query) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


# -- where it stands --------------------------------------------------------------------------------------


async def test_a_start_is_a_place_in_the_log(company: Company, clock: Clock) -> None:
    director = company["director"]
    head = (await director.read("/v1/events/head"))["position"]
    now = await register(director)
    for start, position in (("beginning", 0), (head - 2, head - 2), ("2001-01-01T00:00:00Z", 0)):
        made = await register(director, start=start)
        assert (await director.read(f"{BASE}/{made['id']}"))["start"]["position"] == position
    assert (await director.read(f"{BASE}/{now['id']}"))["start"]["position"] == head
    later = await director.post(BASE, wanted(start=10**9))
    assert (later.status_code, later.json()["code"]) == (409, "not_recorded_yet")
    for nonsense in ("1200", "yesterday", "2026-01-01", -1, 1.5, True, None):
        assert (await director.post(BASE, wanted(start=nonsense))).status_code == 422, nonsense
    written = datetime.now(UTC).isoformat()
    assert (await register(director, start=written))["status"] == "open"


async def test_paused_resumed_elsewhere_and_skipped(company: Company) -> None:
    director = company["director"]
    made = await register(director)
    path = f"{BASE}/{made['id']}"
    await act(director, made, "pause")
    again = await act(director, made, "pause")
    shown = await director.read(path)
    assert (shown["status"], shown["paused_because"], shown["version"]) == ("paused", "person", again["version"])
    await act(director, made, "resume", skip_to=3)
    shown = await director.read(path)
    assert (shown["status"], shown["skip"]["position"], shown["paused_because"]) == ("open", 3, None)
    await act(director, made, "skip", to="beginning", reason="once more")
    shown = await director.read(path)
    assert shown["skip"]["position"] == 0
    stale = await director.post(f"{path}/pause", {}, version=1)
    assert stale.status_code == 412
    await act(director, made, "remove", reason="replaced")
    for verb, body in (("skip", {"to": "now"}), ("change", {"rate": 5}), ("secrets", {}), ("prove", {})):
        version = None if verb == "prove" else shown["version"] + 1
        gone = await director.post(f"{path}/{verb}", body, version=version)
        assert (gone.status_code, gone.json()["code"]) == (409, "endpoint_removed"), verb


async def test_settings_are_changed_one_by_one(company: Company, pool: Pool) -> None:
    director = company["director"]
    made = await register(director, types=["AccountOpened"], headers={"X-Token": "1"})
    await act(director, made, "change", types=None, rate=12.5, payload="selected", fields=["standing.name"])
    shown = await director.read(f"{BASE}/{made['id']}")
    assert (shown["types"], shown["rate"], shown["payload"], shown["fields"]) == (
        None,
        12.5,
        "selected",
        ["standing.name"],
    )
    nothing = await act(director, made, "change", rate=12.5)
    assert nothing["version"] == shown["version"]
    await act(director, made, "change", headers={"X-Token": "2", "X-Line": "3"})
    kept = [row["number"] for row in await pool.fetch(SEALED, company.tenant_id) if row["kind"] == "headers"]
    assert kept == [shown["version"] + 1], "the values before are gone"
    await act(director, made, "change", headers={})
    assert (await director.read(f"{BASE}/{made['id']}"))["headers"] == []
    for body in ({}, {"name": None}, {"payload": "thin", "fields": ["x"]}, {"rate": 0}, {"start": "now"}):
        version = (await director.read(f"{BASE}/{made['id']}"))["version"]
        answer = await director.post(f"{BASE}/{made['id']}/change", body, version=version)
        assert answer.status_code == 422, body


async def test_values_of_headers_are_sent_to_no_other_server_unless_they_are_given_again(
    company: Company, listener: Listener, tell: Tell, fold: Fold
) -> None:
    """Else whoever changes an address is told by its proof what is shown to nobody."""
    await fold()
    branch = {"unit_id": str(company.units["SH"])}
    made = await register(company["director"], headers={"Authorization": "Bearer 77"}, **branch)
    manager, mine = tell(company, "branch_manager", unit="SH"), "https://mine.example.com/hook"
    for url in (mine, URL.replace("https", "HTTPS").replace("erp.", "erp2."), URL.replace(".com", ".com:8443")):
        answer = await manager.post(f"{BASE}/{made['id']}/change", {"url": url}, version=made["version"])
        assert answer.status_code == 422, url
        assert answer.json()["code"] in ("headers_of_another", "validation"), answer.text
    await act(manager, made, "change", url=f"{URL}/new")
    await act(manager, made, "change", url=mine, headers={})
    listener.posts.clear()
    await manager.make(f"{BASE}/{made['id']}/prove", {})
    ((url, headers, _),) = listener.posts
    assert (url, "Authorization" in headers) == (mine, False)


# -- who --------------------------------------------------------------------------------------------------


async def test_nobody_has_more_sent_than_they_may_give(company: Company, tell: Tell, fold: Fold) -> None:
    await fold()
    manager = tell(company, "branch_manager", unit="SH")
    own, elsewhere = str(company.units["SH"]), str(company.units["BJ"])
    assert (await register(manager, unit_id=own, personal=["name"]))["status"] == "open"
    await refused(manager, 403, "grants_more_than_held", "/unit_id")
    await refused(manager, 403, "grants_more_than_held", "/unit_id", unit_id=elsewhere)
    admin = tell(company, "tenant_admin")
    assert (await register(admin))["status"] == "open"
    await refused(admin, 403, "grants_more_than_held", "/personal", personal=["phone"])
    bare = tell(company, "director", scopes=("*",))
    await refused(bare, 403, "grants_more_than_held", "/personal", personal=["phone"])
    await refused(tell(company, "director", scopes=("webhooks:write",)), 403, "scope_missing")
    for function in ("operations", "representative", "department_head", "auditor", "integration"):
        await refused(tell(company, function), 403, "forbidden")


async def test_who_changes_an_endpoint_answers_for_all_it_is_sent(company: Company, tell: Tell) -> None:
    """Else an administrator would have personal data sent to an address of their own."""
    made = await register(company["director"], personal=["name"])
    admin = tell(company, "tenant_admin")
    for verb, body in (("change", {"url": f"{URL}/mine"}), ("change", {"rate": 1}), ("secrets", {})):
        answer = await admin.post(f"{BASE}/{made['id']}/{verb}", body, version=made["version"])
        assert (answer.status_code, answer.json()["code"]) == (403, "grants_more_than_held"), verb
    await act(admin, made, "pause")
    await act(company["director"], made, "change", personal=[])
    await act(admin, made, "change", rate=1)


async def test_everybody_sees_the_endpoints_of_their_units(
    company: Company, other: Company, tell: Tell, fold: Fold
) -> None:
    director = company["director"]
    await fold()
    whole = await register(director)
    branch = await register(director, unit_id=str(company.units["SH"]))
    gone = await register(director)
    await act(director, gone, "remove")
    await register(other["director"])
    await fold()

    async def listed(client: Client, **query: Any) -> list[str]:
        return [item["id"] for item in (await client.read(BASE, **query))["items"]]

    for client in (director, company["auditor"], tell(company, "operations"), tell(company, "integration")):
        assert await listed(client) == [whole["id"], branch["id"]]
    assert await listed(director, removed="true") == [whole["id"], branch["id"], gone["id"]]
    first = await director.read(BASE, limit=1)
    assert await listed(director, limit=1, after=first["next"]) == [branch["id"]]
    manager, neighbour = tell(company, "branch_manager", unit="SH"), tell(company, "branch_manager", unit="BJ")
    assert (await listed(manager), await listed(neighbour)) == ([branch["id"]], [])
    for client, path in ((neighbour, branch["id"]), (manager, whole["id"]), (other["director"], whole["id"])):
        assert (await client.get(f"{BASE}/{path}")).status_code == 404
        assert (await client.post(f"{BASE}/{path}/pause", {}, version=2)).status_code == 404
    shown = await manager.read(f"{BASE}/{branch['id']}")
    assert (shown["unit_name"], shown["allowed_actions"][0]) == ("上海店", "pause")
    assert (await company["auditor"].read(f"{BASE}/{branch['id']}"))["allowed_actions"] == []
    assert (await company["sh_rep"].get(BASE)).status_code == 403


async def test_sealed_bytes_open_for_their_own_endpoint_alone(company: Company, pool: Pool, app: FastAPI) -> None:
    """A row moved to another endpoint, or another number, is refused, not used."""
    one, two = await register(company["director"]), await register(company["director"])
    kit = app.state.kit
    with as_tenant(company.tenant_id):
        stream = await kit.repository(WebhookEndpoint).load(company.tenant_id, UUID(two["id"]))
    await pool.execute(
        "update delivery.secrets t set sealed = f.sealed from delivery.secrets f"
        " where t.endpoint_id = $1 and f.endpoint_id = $2 and t.kind = 'v1' and f.kind = 'v1'",
        UUID(two["id"]),
        UUID(one["id"]),
    )
    with as_tenant(company.tenant_id), pytest.raises(WrongKey):
        await SealedSecrets(kit.pool, kit.vault.keys).of(endpoint_as_told(company.tenant_id, stream))
