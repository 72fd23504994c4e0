"""What one endpoint is sent of an event: as much as its agreement says, and of persons what it lists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.documents.published import published, schema
from shared.feed.envelope import ENVELOPE, envelope
from shared.feed.reading import Shown
from shared.privacy.vault import CONTACT, KEY_PERSON, STAFF, Of, Vault
from shared.webhooks.endpoint import Endpoint, Place
from shared.webhooks.payload import body, holds_ids, ids, picked
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


def test_ids_are_found_in_fields_that_hold_ids() -> None:
    said = {"owner_id": str(PERSON), "standing": {"participants": [str(ACCOUNT)], "lines": [{"id": str(TENANT)}]}}
    assert list(ids(said | {"by": "not-an-id-but-with-four-hyphens-here-ok", "c": 7})) == [
        str(PERSON),
        str(ACCOUNT),
        str(TENANT),
    ]


def test_what_somebody_wrote_names_nobody() -> None:
    """Else who knows an id of another branch's customer would be told name and phone by writing it into their own."""
    for said in (
        {"data": {"standing": {"title": str(PERSON), "external_refs": {"erp_id": str(PERSON)}}}},
        {"metadata": {"actor": str(ACCOUNT), "key": str(PERSON)}},
        {"data": {"reason": str(PERSON), "reasons": [str(PERSON)], str(PERSON): True}},
    ):
        assert str(PERSON) not in set(ids(said)), said


def test_every_published_field_that_holds_ids_is_known_and_no_text_is_taken_for_one() -> None:
    taken, texts = set[str](), set[str]()
    for one in published().values():
        form = schema(one)
        _sort(form, form.get("$defs", {}), "", set(), taken, texts)
    assert len(taken) > 50
    assert sorted(name for name in taken if not holds_ids(name)) == []
    assert {name for name in texts if holds_ids(name)} <= {"by"}  # of a negotiation's round: us, or them


def _sort(form: Any, parts: Any, name: str, seen: set[str], ids: set[str], texts: set[str]) -> None:
    """The names of fields that are ids, and of those that are text and not one of a few words."""
    if (part := form.get("$ref", "").rpartition("/")[2]) in parts and f"{part} {name}" not in seen:
        seen.add(f"{part} {name}")
        _sort(parts[part], parts, name, seen, ids, texts)
    if form.get("format") == "uuid":
        ids.add(name)
    elif form.get("type") == "string" and not {"enum", "format"} & form.keys():
        texts.add(name)
    for other in (*form.get("anyOf", ()), *form.get("oneOf", ()), *filter(None, (form.get("items"),))):
        if isinstance(other, dict):
            _sort(other, parts, name, seen, ids, texts)
    for field, other in form.get("properties", {}).items():
        _sort(other, parts, field, seen, ids, texts)


async def test_persons_are_told_as_far_as_the_agreement_goes_and_no_longer_than_they_are_kept(
    pool: asyncpg.Pool[Any], tenant_id: UUID
) -> None:
    vault = Vault(pool, bytes(32))
    known, staff, erased, restricted, stranger = (uuid4() for _ in range(5))
    for id, kind in ((known, KEY_PERSON), (staff, STAFF), (erased, CONTACT), (restricted, CONTACT)):
        await vault.put(tenant_id, id, {"name": f"name of {kind}", "phone": "138 0013 8000"}, of=Of(kind, ACCOUNT))
    await vault.erase(tenant_id, erased)
    await vault.restrict(tenant_id, restricted)
    event = shown(
        {"standing": {"participants": [str(id) for id in (known, staff, erased, restricted, stranger)]}}, tenant_id
    )
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


async def test_who_is_told_of_one_unit_is_told_no_names_of_persons_whose_data_were_corrected_anywhere(
    pool: asyncpg.Pool[Any], tenant_id: UUID
) -> None:
    """That is an event for everybody, so that nobody keeps what must go: its id says nothing, a name would."""
    vault, person, erased = Vault(pool, bytes(32)), uuid4(), uuid4()
    for id in (person, erased):
        await vault.put(tenant_id, id, {"name": "王芳"}, of=Of(KEY_PERSON, ACCOUNT))
    await vault.erase(tenant_id, erased)
    company = replace(FULL, tenant_id=tenant_id, personal=("name",))
    branch = replace(company, unit_id=uuid4())
    for kind, id, to_company, to_branch in (
        ("data_subject", person, {str(person): {"name": "王芳"}}, {}),
        ("erasure", erased, {str(erased): {"redacted": True}}, {str(erased): {"redacted": True}}),
    ):
        event = {**shown({"subject_id": str(id), "standing": {}}, tenant_id).body, "subject_type": kind}
        assert await persons(pool, vault, company, event) == to_company
        assert await persons(pool, vault, branch, event) == to_branch
