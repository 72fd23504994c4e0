"""The envelope is what foreign readers take it for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.v1.http import from_json

from shared.feed.envelope import ENVELOPE, cloudevent_headers, envelope, left_scope, rendered

TENANT = UUID(int=7)
AT = datetime(2026, 3, 2, 1, 0, 0, 125_000, tzinfo=UTC)
ROW: dict[str, Any] = {
    "position": 4711,
    "stream_type": "opportunity",
    "stream_id": UUID(int=9),
    "version": 5,
    "type": "DealWon",
    "schema_version": 2,
    "data": {"won_on": "2026-03-02", "changes": {"status": "ordered"}, "standing": {"title": "车队"}},
    "metadata": {"actor": "x", "origin": "import"},
    "occurred_at": AT,
    "recorded_at": AT,
}


def test_a_cloudevents_reader_takes_it_as_it_is() -> None:
    event = from_json(rendered(envelope(ROW, tenant_id=TENANT, epoch=3)))
    assert (event["id"], event["type"], event["source"]) == ("evt_3_4711", "DealWon", f"urn:uuid:{TENANT}")
    assert (event["subject"], event["dataschema"]) == (str(UUID(int=9)), "/v1/schemas/events/DealWon/2")
    assert datetime.fromisoformat(event["time"]) == AT
    assert event.data == ROW["data"]


@pytest.mark.parametrize("form", [envelope, left_scope])
def test_a_strict_cloudevents_reader_takes_it_in_binary_mode(form: Any) -> None:
    body = form(ROW, tenant_id=TENANT, epoch=3)
    sent = {**cloudevent_headers(body), "content-type": "application/json"}
    event = from_http_event(HTTPMessage(sent, rendered(body)))
    assert (event.get_id(), event.get_type(), event.get_time()) == ("evt_3_4711", body["type"], AT)
    assert event.get_subject() == body["subject"]
    assert (event.get_extension("position"), event.get_extension("epoch")) == ("4711", "3")
    assert event.get_data() == json.loads(rendered(body))


def test_names_with_an_underscore_are_all_a_strict_reader_refuses_in_the_json_form() -> None:
    with pytest.raises(CloudEventValidationError) as refused:
        JSONFormat().read(None, rendered(envelope(ROW, tenant_id=TENANT, epoch=3)))
    named = {"subject_type", "subject_version", "schema_version", "occurred_at", "recorded_at"}
    assert refused.value.errors.keys() == named


def test_what_has_left_says_which_record_and_nothing_of_it() -> None:
    body = left_scope(ROW, tenant_id=TENANT, epoch=3)
    assert (body["type"], body["subject"], body["subject_version"]) == ("left_scope", str(UUID(int=9)), 5)
    assert (body["data"], body["metadata"], body["dataschema"]) == ({}, {}, "/v1/schemas/events/left_scope/1")
    assert "车队" not in rendered(body).decode()
    assert body.keys() == {*ENVELOPE, "data", "metadata"}


def test_history_taken_in_from_files_says_so() -> None:
    assert envelope(ROW, tenant_id=TENANT, epoch=3)["origin"] == "import"
    assert "origin" not in envelope(ROW | {"metadata": {}}, tenant_id=TENANT, epoch=3)
