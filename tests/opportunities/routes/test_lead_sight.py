"""Who sees a lead: its pool, its owner by both edges, who sees the prospect it became. List and page agree."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.privacy.places import alike, person
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import development_key
from shared.settings import Settings
from tests.opportunities.routes.posted import Posted
from tests.opportunities.routes.world import Client, World

LEADS = "/v1/leads"
ASKED = {"channel": "web", "at": "2025-03-10T01:00:00Z", "contact": {"name": "周女士", "phone": "13911112222"}}


@pytest.fixture
async def posted(
    ours: World, store: EventStore, pool: asyncpg.Pool, http: httpx.AsyncClient, settings: Settings
) -> Posted:
    found = Posted(ours, store, pool, http, development_key(settings.data))
    await found.found()
    return found


async def assigned(by: Client, to: Any, **said: Any) -> str:
    lead = await by.tell(LEADS, {**ASKED, **said})
    await by.tell(f"{LEADS}/{lead['id']}/assign", {"owner_id": str(to), "on": "2025-03-11"}, version=1)
    return str(lead["id"])


async def test_the_list_shows_exactly_what_can_be_read_one_by_one(
    posted: Posted,
    app: FastAPI,
    ours: World,
    rep: Client,
    west_rep: Client,
    head: Client,
    director: Client,
    support: Client,
) -> None:
    await posted.stand_in(ours.rep_id, posted.id("junior"))
    app.state.kit._sights.clear()
    leads = {
        "pool of the east": (await rep.tell(LEADS, ASKED))["id"],
        "pool of the west": (await west_rep.tell(LEADS, ASKED))["id"],
        "the east's account": (await rep.tell(LEADS, {**ASKED, "account_id": str(ours.account)}))["id"],
        "rep's": await assigned(head, ours.rep_id),
        "guest's": await assigned(director, posted.id("guest"), unit_id=str(ours.west)),
        "handed over": await assigned(head, ours.rep_id),
    }
    deal = await rep.tell(f"{LEADS}/{leads['handed over']}/capture", {"title": "旅游车", "on": "2025-03-12"}, version=2)
    gone = {"owner_id": str(ours.west_rep_id), "on": "2025-03-14"}
    await director.tell(f"/v1/opportunities/{deal['id']}/transfer", gone, version=1)
    await posted.fold()
    everybody = {
        "rep": rep, "west_rep": west_rep, "head": head, "director": director, "support": support,
        **{name: posted.client(name) for name in posted.people},
    }  # fmt: skip
    known = (await director.read("/v1/events/head"))["position"]
    seen: dict[str, set[str]] = {}
    for name, client in everybody.items():
        for query in ({}, {"as_of": "2025-03-13"}, {"known_at": str(known)}):
            listed = {row["id"] for row in (await client.read(LEADS, **query))["items"]}
            read = {id for id in leads.values() if (await client.get(f"{LEADS}/{id}")).status_code == 200}
            assert listed == read, (name, query)
        seen[name] = {of for of, id in leads.items() if id in read}
    east = {"pool of the east", "the east's account"}
    assert seen["director"] == leads.keys()
    assert seen["rep"] == {*east, "rep's"}
    assert seen["junior"] == {*seen["rep"], "pool of the west"}, "a deputy sees as the absent do, and their own"
    assert seen["head"] == {*east, "rep's", "guest's"}, "the guest works in the east"
    assert seen["guest"] == {*east, "guest's"}
    assert seen["ka_head"] == {"guest's"}, "the reporting line sees what is somebody's, no pool elsewhere"
    assert seen["west_rep"] == {"pool of the west", "handed over"}
    assert {"pool of the west", "the east's account", "handed over"} <= seen["support"]
    assert seen["office"] == seen["east_manager"] == seen["head"]


async def test_who_is_erased_from_a_lead_is_erased_from_its_prospect(rep: Client, app: FastAPI, ours: World) -> None:
    lead = await rep.tell(LEADS, ASKED)
    deal = await rep.tell(f"{LEADS}/{lead['id']}/capture", {"account_id": str(ours.account)}, version=1)
    page = await rep.read(f"{LEADS}/{lead['id']}")
    subject = UUID(page["standing"]["contact_id"])
    other = UUID((await rep.read(f"/v1/opportunities/{deal['id']}"))["standing"]["contact_id"])
    kit = app.state.kit
    with as_tenant(ours.tenant_id):
        asked = await person(kit.pool, kit.vault, ours.tenant_id, subject)
        assert asked is not None
        assert (asked.kind, asked.record_id) == ("contact", UUID(lead["id"]))
        said = (await kit.vault.known(ours.tenant_id, [subject]))[subject]
        assert (await alike(kit.pool, kit.vault, ours.tenant_id, asked, said)).same == (other,)
        assert "周女士" not in str(page["history"])
        await kit.vault.restrict(ours.tenant_id, subject)
    assert "contact_phone" not in (await rep.read(f"{LEADS}/{lead['id']}"))["texts"]
