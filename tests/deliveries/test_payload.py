"""What one endpoint is sent of an event: as much as its agreement says, and of persons what it lists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from shared.feed.envelope import ENVELOPE, envelope
from shared.feed.reading import Shown
from shared.privacy.vault import CONTACT, KEY_PERSON, STAFF, Of, Vault
from shared.webhooks.endpoint import Endpoint, Place
from shared.webhooks.payload import body, ids, picked
from shared.webhooks.persons import persons

TENANT, ACCOUNT, PERSON = UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
FULL = Endpoint(TENANT, UUID(int=9), 1, "ERP", "https://erp.example.com", "open", Place(1, 0))
ORIGIN = "origin"  # of what came from a file
DATA = {
    "changes": {"level": "A"},
    "standing": {"level": "A", "amount": {"value": "12.50", "currency": "CNY"}, "contact_id": str(PERSON)},
    "level": "A",
}


def shown(data: dict[str, Any] = DATA, tenant_id: UUID = TENANT) -> Shown:
    row = {
        "position": 7,
        "stream_type": "opportunity",
        "stream_id": ACCOUNT,
        "version": 2,
        "type": "ProspectQualified",
        "schema_version": 2,
        "data": data,
        "metadata": {"actor": str(UUID(int=4))},
        "occurred_at": AT,
        "recorded_at": AT,
    }
    return Shown(7, "ProspectQualified", ACCOUNT, ACCOUNT, envelope(row, tenant_id=tenant_id, epoch=1))


def sent(endpoint: Endpoint, **said: Any) -> Any:
    return json.loads(body(endpoint, shown(), **said))


def test_full_is_the_envelope_as_the_feed_has_it() -> None:
    said = sent(FULL)
    assert (said["data"], said["metadata"]["actor"]) == (DATA, str(UUID(int=4)))
    assert set(ENVELOPE) - {ORIGIN} < set(said)


def test_thin_is_the_envelope_without_what_happened() -> None:
    said = sent(replace(FULL, payload="thin"), persons={str(PERSON): {"name": "王芳"}})
    assert set(said) == {*ENVELOPE, "data"} - {ORIGIN}
    assert said["data"] == {}


def test_selected_is_what_was_chosen_wherever_it_lies() -> None:
    fields = ("level", "standing.amount.value", "changes", "standing.nothing", "level.deeper")
    said = sent(replace(FULL, payload="selected", fields=fields))
    assert said["data"] == {"level": "A", "standing": {"amount": {"value": "12.50"}}, "changes": {"level": "A"}}
    assert "metadata" not in said


def test_a_field_and_what_lies_below_it_may_both_be_chosen() -> None:
    assert picked(DATA, ("changes", "changes.level")) == {"changes": {"level": "A"}}
    assert picked(DATA, ("changes.level", "changes")) == {"changes": {"level": "A"}}


def test_an_older_form_is_sent_as_far_back_as_there_is_a_way() -> None:
    older = {("ProspectQualified", 2): lambda data: {"level": data["level"]}}
    said = sent(replace(FULL, schema_versions={"ProspectQualified": 1}), older=older)
    assert (said["data"], said["schema_version"]) == ({"level": "A"}, 1)
    assert said["dataschema"] == "/v1/schemas/events/ProspectQualified/1"
    kept = sent(replace(FULL, schema_versions={"ProspectQualified": 1}))
    assert (kept["data"], kept["schema_version"]) == (DATA, 2)


def test_ids_are_found_wherever_they_are() -> None:
    text = {"a": [str(PERSON), {"b": str(ACCOUNT)}], str(TENANT): "not-an-id-but-with-four-hyphens-here-ok", "c": 7}
    assert set(ids(text)) == {str(PERSON), str(ACCOUNT), str(TENANT)}


async def test_persons_are_told_as_far_as_the_agreement_goes_and_no_longer_than_they_are_kept(
    pool: asyncpg.Pool[Any], tenant_id: UUID
) -> None:
    vault = Vault(pool, bytes(32))
    known, staff, erased, restricted, stranger = (uuid4() for _ in range(5))
    for id, kind in ((known, KEY_PERSON), (staff, STAFF), (erased, CONTACT), (restricted, CONTACT)):
        await vault.put(tenant_id, id, {"name": f"name of {kind}", "phone": "138 0013 8000"}, of=Of(kind, ACCOUNT))
    await vault.erase(tenant_id, erased)
    await vault.restrict(tenant_id, restricted)
    event = shown({"standing": {"people": [str(id) for id in (known, staff, erased, restricted, stranger)]}}, tenant_id)
    agreed = replace(FULL, tenant_id=tenant_id, personal=("name",))

    told = await persons(pool, vault, agreed, event.body)
    assert told == {
        str(known): {"name": "name of key_person"},
        str(staff): {"name": "name of staff"},
        str(erased): {"redacted": True},
        str(restricted): {"restricted": True},
    }
    assert json.loads(body(agreed, event, told))["data"]["persons"] == told
    rows = await pool.fetch("select * from privacy.reads where tenant_id = $1", tenant_id)
    assert [(row["actor"], row["action"], row["subjects"], row["fields"]) for row in rows] == [
        (agreed.endpoint_id, "sent", [known], ["name"])
    ]
    for without in (replace(agreed, personal=()), replace(agreed, payload="thin")):
        assert await persons(pool, vault, without, event.body) == {}
