"""A schema for every event: valid, whole in itself, true of what is recorded."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import uuid4

import jsonschema_rs
import pytest

from services.compatibility.streams import OF, STREAMS
from services.documents import envelopes
from services.documents.published import Published, published, schema
from services.documents.signals import NOTICE, SIGNALS
from services.event_page import BOTH, SERVICES
from shared.event_store.facts import ENVELOPE as OUTSIDE
from shared.event_store.facts import FactRegistry, registry
from shared.feed.envelope import envelope, left_scope, rendered
from shared.feed.reading import Shown
from shared.webhooks.endpoint import Endpoint, Payload, Place
from shared.webhooks.payload import body
from shared.webhooks.proving import PING, ping_body
from shared.webhooks.standing import Kind
from shared.webhooks.telling import notice_envelope

REGISTRIES: dict[str, FactRegistry] = {name: registry(module) for name, module in SERVICES.items()}
FACTS = sorted({name for facts in REGISTRIES.values() for name in facts.types})
ALL = sorted(published().items())


def validator(form: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator(form, validate_formats=True)


def test_every_fact_tells_of_one_kind_of_record() -> None:
    """A new kind of record needs its row in services/compatibility/streams.py."""
    assert {name for name in FACTS if name not in BOTH} == OF.keys()
    assert [name for name, count in Counter(name for row in STREAMS for name in row.names).items() if count > 1] == []
    assert len({row.stream.stream_type for row in STREAMS}) == len(STREAMS)


@pytest.mark.parametrize("one", [one for _, one in ALL], ids=lambda one: f"{one.type}-{one.version}")
def test_a_schema_is_valid_and_takes_its_example(one: Published) -> None:
    form = schema(one)
    jsonschema_rs.meta.validate(form)
    assert form["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert form["description"].strip()
    example = envelopes.example(one)
    validator(form).validate(example["data"])
    validator(envelopes.ENVELOPE_SCHEMA).validate(example)
    assert example["dataschema"] == form["$id"]
    if one.subject_type is not None:
        assert not validator(form).is_valid({**example["data"], "standing": None})


def test_the_schema_of_the_envelope_names_every_field_of_it() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    row = {
        "position": 7, "type": "DealWon", "schema_version": 1, "stream_id": uuid4(), "stream_type": "opportunity",
        "version": 2, "occurred_at": at, "recorded_at": at, "data": {}, "metadata": {"actor": "x"},
    }  # fmt: skip
    imported = {**row, "metadata": {"origin": "import"}}
    assert set(envelope(imported, tenant_id=uuid4(), epoch=1)) == set(envelopes.ENVELOPE_SCHEMA["properties"])
    for made in (envelope(row, tenant_id=uuid4(), epoch=1), left_scope(row, tenant_id=uuid4(), epoch=1)):
        assert set(envelopes.ENVELOPE_SCHEMA["required"]) <= set(made) <= set(envelopes.ENVELOPE_SCHEMA["properties"])


def test_pings_and_notices_are_as_their_schemas_say() -> None:
    at, tenant, endpoint = datetime(2026, 3, 2, tzinfo=UTC), uuid4(), uuid4()
    forms = {signal.name: validator(signal.form) for signal in SIGNALS}
    forms[PING].validate(json.loads(ping_body("x", "ping_1", tenant_id=tenant, endpoint_id=endpoint, at=at)))
    for kind in get_args(Kind):
        row = {"notice_id": uuid4(), "endpoint_id": endpoint, "kind": kind, "at": at, "said": {}}
        forms[NOTICE].validate(json.loads(rendered(notice_envelope(row, tenant))))
    assert not forms[NOTICE].is_valid({**SIGNALS[1].example, "type": "webhook.sleepy"})


@pytest.mark.parametrize("payload", ["full", "selected", "thin"])
def test_the_schema_of_the_envelope_takes_every_form_of_payload(payload: Payload) -> None:
    made = envelopes.example(published()["DealWon", 1])
    endpoint = Endpoint(
        uuid4(), uuid4(), 1, "ERP", "https://erp.example.com", "open", Place(1, 0), payload=payload, fields=("amount",)
    )
    sent = json.loads(body(endpoint, Shown(1, "DealWon", uuid4(), uuid4(), made)))
    validator(envelopes.ENVELOPE_SCHEMA).validate(sent)


def test_every_field_of_every_fact_is_in_its_schema() -> None:
    for facts in REGISTRIES.values():
        for name, fact in facts.types.items():
            fields = {field.name for field in dataclasses.fields(fact.cls)} - OUTSIDE
            assert fields <= published()[name, fact.schema_version].form["properties"].keys(), name
