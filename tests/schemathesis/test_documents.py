"""The OpenAPI documents of the three services and of the front door, as integrations read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from services.door import app as door
from shared.http.merged import merge
from shared.http.openapi import PROBLEM_MEDIA

SERVICES = list(door.apps)
JSON = dict[str, Any]
OPEN_ANSWERS = {"operations.problem", "operations.ready", "operations.started"}
"""Probes, which have a body of their own kind, and the page that explains a code."""


@cache
def document(name: str) -> JSON:
    """A service's document, or the whole product's."""
    documents = {service: app.openapi() for service, app in door.apps.items()}  # type: ignore[attr-defined]
    return merge(documents) if name == "front door" else documents[name]


@pytest.fixture(params=[*SERVICES, "front door"])
def shown(request: pytest.FixtureRequest) -> JSON:
    return document(request.param)


def operations(shown: JSON) -> Iterator[tuple[str, str, JSON]]:
    for path, methods in shown["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(shown: JSON, schema: JSON) -> JSON:
    if "$ref" not in schema:
        return schema
    part: Any = shown
    for name in schema["$ref"].removeprefix("#/").split("/"):
        part = part[name]
    found: JSON = part
    return found


def validator(shown: JSON, schema: JSON) -> Any:
    """Of a schema with the components it leads to alone: all of them take seconds to compile."""
    found: dict[str, JSON] = {}
    pending: list[Any] = [schema]
    while pending:
        match pending.pop():
            case {"$ref": str(reference), **rest}:
                name = reference.rpartition("/")[2]
                if name not in found:
                    found[name] = resolved(shown, {"$ref": reference})
                    pending.append(found[name])
                pending.extend(rest.values())
            case dict() as part:
                pending.extend(part.values())
            case list() as parts:
                pending.extend(parts)
            case _:
                pass
    whole = {**schema, "components": {"schemas": found}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_the_document_is_openapi_3_1(shown: JSON) -> None:
    assert shown["openapi"].startswith("3.1")
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(shown)


def test_every_reference_leads_somewhere(shown: JSON) -> None:
    pending: list[Any] = [shown]
    while pending:
        match pending.pop():
            case {"$ref": str(reference), **rest}:
                assert resolved(shown, {"$ref": reference}), reference
                pending.extend(rest.values())
            case dict() as part:
                pending.extend(part.values())
            case list() as parts:
                pending.extend(parts)
            case _:
                pass


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_known_tag(shown: JSON) -> None:
    names = Counter(operation["operationId"] for _, _, operation in operations(shown))
    assert [name for name, count in names.items() if count > 1] == []
    tags = {tag["name"] for tag in shown["tags"]}
    for _, path, operation in operations(shown):
        assert "." in operation["operationId"], path
        assert operation["summary"].strip(), path
        assert operation["tags"], path
        assert tags.issuperset(operation["tags"]), f"{path}: {operation['tags']} not described"


def test_every_body_has_an_example_that_it_takes(shown: JSON) -> None:
    for _, path, operation in operations(shown):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            schema = resolved(shown, content["schema"])
            examples = [one["value"] for one in content.get("examples", {}).values()] or schema.get("examples", [])
            assert examples, f"{path} ({media}) has no example"
            for example in examples:
                validator(shown, content["schema"]).validate(example)


def test_every_refusal_is_a_problem(shown: JSON) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    for _, path, operation in operations(shown):
        if operation["operationId"] in OPEN_ANSWERS:
            continue
        for status, response in operation["responses"].items():
            if not status.startswith("2") and status != "304":  # which has no body
                assert response["content"] == {PROBLEM_MEDIA: {"schema": problem}}, f"{path} {status}"
    schema = shown["components"]["schemas"]["Problem"]
    for example in schema["examples"]:
        validator(shown, schema).validate(example)


def test_every_command_names_what_it_may_refuse(shown: JSON) -> None:
    for method, path, operation in operations(shown):
        if operation.get("security") == []:
            continue
        wanted = {"400", "401", "403", "422", "429", "500", "503"}
        headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"409", "413"} if method in ("post", "put") else set()
        wanted |= {"404", "412", "428"} if "If-Match" in headers else set()
        wanted |= {"415"} if "requestBody" in operation else set()
        assert wanted <= operation["responses"].keys(), path
        assert ("Idempotency-Key" in headers) == (method in ("post", "put")), path


def test_links_lead_to_operations_and_fill_parameters_they_have(shown: JSON) -> None:
    known = {operation["operationId"]: operation for _, _, operation in operations(shown)}
    created = 0
    for _, path, operation in operations(shown):
        for status, response in operation["responses"].items():
            for link in response.get("links", {}).values():
                taken = {name for one in known[link["operationId"]]["parameters"] for name in _names(one)}
                assert taken.issuperset(link["parameters"]), f"{path} {status} {link}"
                created += status == "201"
    assert created or "/v1/units" not in shown["paths"]


def _names(parameter: JSON) -> tuple[str, str]:
    return parameter["name"], f"{parameter['in']}.{parameter['name']}"
