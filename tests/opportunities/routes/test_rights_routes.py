"""What a correction, a void, a past position or another function gives nobody: the data and decisions of others."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import pytest

from shared.identity.tokens import development_key
from shared.settings import Settings
from tests.opportunities.routes.world import Client, World

OPPORTUNITIES = "/v1/opportunities"
REASON = "other_brand.price"


async def captured(client: Client, body: dict[str, Any], **more: Any) -> str:
    return str((await client.tell(OPPORTUNITIES, body | more))["id"])


async def refused(client: Client, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, str]:
    answer = await client.post(path, body, version=version)
    return answer.status_code, answer.json().get("code")


def correction(version: int = 1, **changes: Any) -> dict[str, Any]:
    return {"version": version, "changes": changes, "reason": "x"}


@pytest.fixture
def auditor(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return Client(http, development_key(settings.data), ours.tenant_id, uuid4(), "auditor", ours.root)


async def test_an_auditor_sees_everything_and_changes_nothing(
    auditor: Client, rep: Client, prospect: dict[str, Any]
) -> None:
    id = await captured(rep, prospect)
    assert (await auditor.read(f"{OPPORTUNITIES}/{id}"))["allowed_actions"] == []
    assert await refused(auditor, OPPORTUNITIES, prospect) == (403, "forbidden")
    assert await refused(auditor, f"{OPPORTUNITIES}/{id}/correct", correction(title="x"), 1) == (403, "forbidden")
    assert await refused(auditor, "/v1/views/standings/retry", {}) == (403, "forbidden")


@pytest.mark.parametrize("function", ["operations", "tenant_admin", "hr"])
async def test_who_keeps_no_customers_puts_nobody_on_file_and_visits_nobody(
    ours: World, http: httpx.AsyncClient, settings: Settings, prospect: dict[str, Any], function: str
) -> None:
    client = Client(http, development_key(settings.data), ours.tenant_id, ours.rep_id, function, ours.root)
    visit = {"purpose": "develop", "way": "on_site"}
    assert await refused(client, OPPORTUNITIES, prospect) == (403, "forbidden")
    assert await refused(client, "/v1/visits", visit | {"planned_on": "2025-03-12"}) == (403, "forbidden")
    assert await refused(client, "/v1/visits/log", visit | {"on": "2025-03-08"}) == (403, "forbidden")


async def test_a_correction_leads_to_nobody_elses_data_in_the_vault(
    rep: Client, west_rep: Client, prospect: dict[str, Any]
) -> None:
    theirs = await captured(west_rep, prospect, account_id=None, contact={"name": "王主任", "phone": "13800000000"})
    own = await captured(rep, prospect, account_id=None)
    contact = str(uuid5(UUID(theirs), "contact"))
    path = f"{OPPORTUNITIES}/{own}/correct"
    assert await refused(rep, path, correction(contact_id=contact), 1) == (422, "not_correctable")
    assert await refused(rep, path, correction(key_person_id=contact), 1) == (422, "unknown_key_person")
    assert await refused(rep, path, correction(account_id=str(uuid4())), 1) == (422, "unknown_account")
    assert (await rep.read(f"{OPPORTUNITIES}/{own}"))["texts"] == {}


async def test_a_visit_is_corrected_to_what_could_have_been_logged(
    rep: Client, west_rep: Client, prospect: dict[str, Any]
) -> None:
    theirs = await captured(west_rep, prospect, account_id=None)
    visit = (await rep.tell("/v1/visits/log", {"purpose": "develop", "way": "on_site", "on": "2025-03-11"}))["id"]
    path = f"/v1/visits/{visit}/correct"
    assert await refused(rep, path, correction(opportunity_ids=[theirs]), 1) == (422, "unknown_opportunity")
    assert await refused(rep, path, correction(participants=[str(uuid4())]), 1) == (422, "unknown_person")
    met = [{"person_id": str(uuid4()), "layer": None, "post": None}]
    assert await refused(rep, path, correction(persons_met=met), 1) == (422, "unknown_key_person")


async def test_what_the_head_decided_only_heads_correct_or_take_back(
    rep: Client, head: Client, prospect: dict[str, Any]
) -> None:
    id = await captured(rep, prospect)
    path = f"{OPPORTUNITIES}/{id}"
    await rep.tell(f"{path}/request-defeat", {"reason": REASON}, version=1)
    await head.tell(f"{path}/approve-defeat", {}, version=2)
    assert await refused(rep, f"{path}/void", {"version": 3, "reason": "x"}, 3) == (403, "forbidden")
    assert await refused(rep, f"{path}/correct", correction(3, reason_given="x"), 3) == (403, "forbidden")
    assert await refused(head, f"{path}/correct", correction(3, reviewed_by=str(uuid4())), 3) == (
        422,
        "not_correctable",
    )
    await head.tell(f"{path}/correct", correction(3, reason_given="x"), version=3)
    assert await refused(rep, f"{path}/void", {"version": 4, "reason": "x"}, 4) == (403, "forbidden")
    await head.tell(f"{path}/void", {"version": 3, "reason": "x"}, version=4)


async def test_nobody_files_in_a_unit_out_of_sight(
    rep: Client, director: Client, prospect: dict[str, Any], ours: World
) -> None:
    body = prospect | {"unit_id": str(ours.west)}
    assert await refused(rep, OPPORTUNITIES, body) == (403, "outside_your_units")
    id = await captured(rep, prospect)
    path = f"{OPPORTUNITIES}/{id}"
    assert await refused(rep, f"{path}/correct", correction(unit_id=str(ours.west)), 1) == (403, "outside_your_units")
    elsewhere = {"owner_id": str(ours.rep_id), "unit_id": str(ours.west), "reason": "x"}
    assert await refused(rep, f"{path}/transfer", elsewhere, 1) == (403, "outside_your_units")
    await director.tell(f"{path}/transfer", elsewhere, version=1)


async def test_who_handed_a_record_over_does_not_see_it_through_the_past(
    rep: Client, west_rep: Client, director: Client, prospect: dict[str, Any], ours: World
) -> None:
    id = await captured(rep, prospect, remark="王主任偏好黑色")
    path = f"{OPPORTUNITIES}/{id}"
    given = await director.tell(f"{path}/transfer", {"owner_id": str(ours.west_rep_id), "reason": "x"}, version=1)
    before = given["position"] - 1
    assert (await rep.get(path, known_at=before)).status_code == 404
    assert (await west_rep.read(path, known_at=before))["version"] == 1


@pytest.mark.parametrize("value", [10**30, -(10**30), 1e300, [{"a": [2**63]}], "y" * 20_000])
async def test_attributes_every_reader_can_read(rep: Client, prospect: dict[str, Any], value: Any) -> None:
    answer = await rep.post(OPPORTUNITIES, prospect | {"attributes": {"x": value}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/attributes"


async def test_a_correction_keeps_lengths_and_sums(rep: Client, prospect: dict[str, Any]) -> None:
    id = await captured(rep, prospect)
    path = f"{OPPORTUNITIES}/{id}/correct"
    assert await refused(rep, path, correction(title="x" * 501), 1) == (422, "invalid_value")
    assert await refused(rep, path, correction(attributes={"x": "y" * 20_000}), 1) == (422, "invalid_value")
    assert await refused(rep, path, correction(amount="1"), 1) == (422, "amount_differs")
    await rep.tell(path, correction(amount="3000000.00"), version=1)


@pytest.mark.parametrize(
    "path", ["/v1/opportunities", "/v1/visits", "/v1/defeats", "/v1/defeats/analysis", "/v1/outcomes"]
)
@pytest.mark.parametrize("days", [("0001-01-01", "9999-12-31"), ("0001-01-01", "0001-01-01"), ("9999-12-31",) * 2])
async def test_the_first_and_last_day_of_the_calendar(rep: Client, path: str, days: tuple[str, str]) -> None:
    answer = await rep.get(path, **dict(zip(("from", "to"), days, strict=True)))
    assert answer.status_code in (200, 503), answer.text
