"""Bad URLs at the door: none becomes an endpoint, and a name that leads inside is never proven."""

from __future__ import annotations

from fastapi import FastAPI

from shared.webhooks.names import Names
from shared.webhooks.posting import Poster
from tests.accounts.company import Company
from tests.webhooks.listener import Listener
from tests.webhooks.receivers import receiver, says
from tests.webhooks.test_addresses import SEEN_IN_THE_URL, TRUST

BASE = "/v1/webhooks"


async def test_no_bad_url_becomes_an_endpoint(company: Company, listener: Listener) -> None:
    director = company["director"]
    for url in SEEN_IN_THE_URL:
        answer = await director.post(BASE, {"name": "ERP", "url": url})
        assert answer.status_code == 422, (url, answer.text)
        assert answer.json()["errors"][0]["pointer"] == "/url", (url, answer.text)
    assert (await director.read(BASE))["items"] == []
    assert listener.posts == []


async def test_a_name_that_leads_inside_is_not_even_asked(company: Company, app: FastAPI) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with receiver(says()) as ours, Poster(names=Names(inside), trust=TRUST) as poster:
        app.state.kit.sender = poster
        made = await company["director"].make(BASE, {"name": "ERP", "url": "https://hooks.example.com/"})
        assert (made["status"], made["answered"]["fault"]) == ("unproven", "refused_address")
        answer = await company["director"].post(f"{BASE}/{made['id']}/prove", {})
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_not_proven")
        assert ours.connections == 0
