"""The documents as integrations fetch them: without a credential, from every service, cacheable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from services.documents.asyncapi import asyncapi
from services.documents.published import published
from services.documents.signals import SIGNALS
from services.door import app as door
from tests.accounts.company import Company

JSON = dict[str, Any]
WON = "/v1/schemas/events/DealWon/1"


async def test_who_has_no_credential_finds_every_schema_from_the_index(http: httpx.AsyncClient) -> None:
    index = (await http.get("/v1/schemas/events")).json()
    assert {(one["type"], one["version"]) for one in index["items"]} == published().keys()
    for one in index["items"]:
        if one["type"] in ("DealWon", "AccountOpened", "KpiPublished", "left_scope", "FactVoided"):
            answer = await http.get(one["schema_path"])
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
            assert answer.json()["$id"] == one["schema_path"]
    assert (await http.get(index["envelope"])).json()["$id"] == index["envelope"]


@pytest.mark.parametrize("path", [WON, "/v1/schemas/events", "/v1/schemas/envelope/1", "/v1/asyncapi.json"])
async def test_who_has_a_copy_asks_whether_it_is_the_newest(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.headers["cache-control"] == "public, max-age=3600"
    for known in (answer.headers["etag"], f'"other", W/{answer.headers["etag"]}', "*"):
        again = await http.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert (await http.get(path, headers={"if-none-match": '"other"'})).status_code == 200


@pytest.mark.parametrize("place", ["DealWon/2", "DealWon/0", "DealWon/01", "DealWon/x", "DealForgotten/1", "None/1"])
async def test_what_was_never_published_is_not_there(http: httpx.AsyncClient, place: str) -> None:
    answer = await http.get(f"/v1/schemas/events/{place}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_what_a_company_records_is_as_its_schema_says(company: Company, http: httpx.AsyncClient) -> None:
    """`dataschema` leads to it, for every event of the feed."""
    director = company["director"]
    await director.make(
        "/v1/accounts", {"name": "江淮物流", "kinds": ["fleet"], "owner_id": str(company["sh_rep"].person_id)}
    )
    events = (await director.read("/v1/events"))["items"]
    assert {event["type"] for event in events} == {"TenantOpened", "UnitOpened", "PersonJoined", "AccountOpened"}
    for event in events:
        form = (await http.get(f"/v1/schemas/events/{event['type']}/{event['schema_version']}")).json()
        jsonschema_rs.Draft202012Validator(form, validate_formats=True).validate(event["data"])


# -- OpenAPI and AsyncAPI ----------------------------------------------------------------------------------


def test_every_event_is_a_webhook_of_its_service_with_an_example_it_takes(openapi: dict[str, JSON]) -> None:
    services = {one.type: one.service for one in published().values()}
    for name, document in openapi.items():
        wanted = {type for type, service in services.items() if name == "door" or service in (name, None)}
        wanted |= {signal.name for signal in SIGNALS}
        assert document["webhooks"].keys() == wanted
        contents = {
            type: webhook["post"]["requestBody"]["content"]["application/json"]
            for type, webhook in document["webhooks"].items()
        }
        forms = {type: content["schema"] for type, content in contents.items()}
        examples = {type: content["examples"][type]["value"] for type, content in contents.items()}
        takes = jsonschema_rs.Draft202012Validator(
            {"type": "object", "properties": forms, "components": document["components"]}, validate_formats=True
        )
        takes.validate(examples)
        for type, example in examples.items():
            assert not takes.is_valid({type: {**example, "type": "Other"}}), type


def test_the_asyncapi_document_leads_somewhere_and_takes_its_examples() -> None:
    document = asyncapi("1")
    for reference in references(document):
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    messages = document["components"]["messages"]
    forms = {name: message["payload"] for name, message in messages.items()}
    examples = {name: example["payload"] for name, message in messages.items() for example in message["examples"]}
    assert examples.keys() == {one.type for one in published().values()} | {signal.name for signal in SIGNALS}
    takes = jsonschema_rs.Draft7Validator({"type": "object", "properties": forms, "components": document["components"]})
    takes.validate(examples)
    assert not takes.is_valid({"DealWon": examples["DealLost"]})


def references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(reference), **rest}:
            yield reference
            yield from references(rest)
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)
        case _:
            pass


async def test_the_front_door_and_every_service_serve_the_same() -> None:
    """Their lifespans are not begun: the documents need no database."""
    served: Any
    for served in (door, *door.apps.values()):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://here") as client:
            assert (await client.get(WON)).json()["title"] == "DealWon"
