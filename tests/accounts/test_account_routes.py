"""Accounts and key persons over HTTP: two companies, two branches, and who sees what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.accounts.views.people import PEOPLE
from shared.identity.current_tenant import as_tenant
from tests.accounts.company import Client, Company
from tests.accounts.test_organisation_routes import problem

Fold = Callable[[], Awaitable[None]]
CODE = "91110000600037341L"


async def open_account(client: Client, name: str = "华东物流", **given: Any) -> str:
    return str((await client.make("/v1/accounts", {"name": name, **given}))["id"])


async def listed(client: Client, **params: Any) -> list[str]:
    return [item["name"] for item in (await client.read("/v1/accounts", **params))["items"]]


# -- opening and seeing -----------------------------------------------------------------------------------


async def test_who_opens_an_account_is_responsible_for_it(company: Company) -> None:
    rep = company["sh_rep"]
    answer = await rep.post("/v1/accounts", {"name": "华东物流", "kinds": ["industry"], "on": "2026-01-05"})
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    shown = await rep.read(answer.headers["location"])
    assert (shown["owner_id"], shown["owner_name"]) == (str(rep.person_id), "sh_rep先生")
    assert shown["unit_id"] == str(company.units["SH"])
    assert shown["findings"] == ["no_key_person"]
    assert "assign-owner" not in shown["allowed_actions"]
    assert shown["history"][0]["occurred_at"] == "2026-01-04T16:00:00Z"


async def test_a_branch_sees_its_own_accounts_only(company: Company, other: Company, fold: Fold) -> None:
    ours = await open_account(company["sh_rep"], "上海客户")
    theirs = await open_account(company["bj_rep"], "北京客户")
    await open_account(other["sh_rep"], "外人")
    await fold()
    expected = {
        "director": ["上海客户", "北京客户"], "auditor": ["上海客户", "北京客户"],
        "sh_head": ["上海客户"], "sh_rep": ["上海客户"], "bj_head": ["北京客户"], "bj_rep": ["北京客户"],
    }  # fmt: skip
    for name, accounts in expected.items():
        assert sorted(await listed(company[name])) == sorted(accounts), name
    assert (await company["sh_head"].get(f"/v1/accounts/{ours}")).status_code == 200
    assert problem(await company["sh_head"].get(f"/v1/accounts/{theirs}")) == (404, "not_found")
    assert problem(await other["director"].get(f"/v1/accounts/{ours}")) == (404, "not_found")
    hidden = await company["sh_head"].post(f"/v1/accounts/{theirs}/change", {"city": "上海"}, version=1)
    assert problem(hidden) == (404, "not_found")


async def test_the_support_team_sees_the_account_too(company: Company, fold: Fold) -> None:
    account = await open_account(company["sh_rep"])
    team = {"members": [{"person_id": str(company["bj_rep"].person_id), "role": "technical_support"}]}
    await company["sh_rep"].make(f"/v1/accounts/{account}/set-support-team", team, version=1)
    await fold()
    assert await listed(company["bj_rep"]) == ["华东物流"]
    assert await listed(company["bj_head"]) == []
    shown = await company["bj_rep"].read(f"/v1/accounts/{account}")
    assert shown["support_team"][0]["name"] == "bj_rep先生"


async def test_nobody_opens_an_account_out_of_their_sight(company: Company) -> None:
    body = {"name": "北京客户", "owner_id": str(company["bj_rep"].person_id)}
    assert problem(await company["sh_rep"].post("/v1/accounts", body)) == (422, "outside_your_units")
    assert (await company["director"].post("/v1/accounts", body)).status_code == 201


async def test_who_only_looks_changes_nothing(company: Company) -> None:
    account = await open_account(company["sh_rep"])
    assert problem(await company["auditor"].post("/v1/accounts", {"name": "x"})) == (403, "forbidden")
    for verb, body in (("change", {"city": "x"}), ("void", {"version": 1, "reason": "x"})):
        assert problem(await company["auditor"].post(f"/v1/accounts/{account}/{verb}", body, version=1))[0] == 403
    assert (await company["auditor"].read(f"/v1/accounts/{account}"))["allowed_actions"] == []


# -- identity ---------------------------------------------------------------------------------------------


async def test_a_credit_code_is_on_file_once(company: Company, other: Company) -> None:
    rep = company["sh_rep"]
    await open_account(rep, credit_code=CODE.lower())
    taken = await company["bj_rep"].post("/v1/accounts", {"name": "又一家", "credit_code": CODE})
    assert problem(taken) == (409, "credit_code_taken")
    wrong = await rep.post("/v1/accounts", {"name": "错的", "credit_code": CODE[:-1] + "M"})
    assert problem(wrong) == (422, "invalid_credit_code")
    assert wrong.json()["errors"][0]["pointer"] == "/credit_code"
    await open_account(other["sh_rep"], credit_code=CODE)


async def test_a_credit_code_given_up_is_free_again(company: Company) -> None:
    rep = company["sh_rep"]
    first = await open_account(rep, credit_code=CODE)
    second = await open_account(rep, "又一家")
    path = f"/v1/accounts/{second}/change"
    assert problem(await rep.post(path, {"credit_code": CODE}, version=1)) == (409, "credit_code_taken")
    body = {"version": 1, "changes": {"credit_code": None}, "reason": "写错了客户"}
    await rep.make(f"/v1/accounts/{first}/correct", body, version=1)
    await rep.make(path, {"credit_code": CODE}, version=1)


async def test_a_reference_in_another_system_belongs_to_one_account(company: Company, fold: Fold) -> None:
    rep = company["sh_rep"]
    await open_account(rep, external_refs={"erp": "C-1"})
    again = await rep.post("/v1/accounts", {"name": "又一家", "external_refs": {"ERP": "C-1"}})
    assert problem(again) == (409, "external_ref_taken")
    await fold()
    assert await listed(rep, external_ref="erp:C-1") == ["华东物流"]
    assert problem(await rep.get("/v1/accounts", external_ref="C-1")) == (422, "invalid_filter")


async def test_a_retry_opens_one_account(company: Company) -> None:
    rep = company["sh_rep"]
    answers = [await rep.post("/v1/accounts", {"name": "华东物流"}, key="once") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"


# -- changing ---------------------------------------------------------------------------------------------


async def test_group_subsidiary_and_site_never_form_a_circle(company: Company) -> None:
    rep = company["sh_rep"]
    group = await open_account(rep, "集团")
    site = await open_account(rep, "工厂", parent_id=group)
    circle = await rep.post(f"/v1/accounts/{group}/change", {"parent_id": site}, version=1)
    assert problem(circle) == (422, "below_itself")
    hidden = await open_account(company["bj_rep"], "北京客户")
    unseen = await rep.post(f"/v1/accounts/{group}/change", {"parent_id": hidden}, version=1)
    assert problem(unseen) == (422, "unknown_account")
    assert (await rep.read(f"/v1/accounts/{site}"))["parent_name"] == "集团"
    corrected = {"version": 1, "changes": {"parent_id": site}, "reason": "错"}
    assert problem(await rep.post(f"/v1/accounts/{group}/correct", corrected, version=1)) == (422, "below_itself")


async def test_only_a_head_hands_an_account_over(company: Company, fold: Fold) -> None:
    rep, head = company["sh_rep"], company["sh_head"]
    account = await open_account(rep)
    path, body = f"/v1/accounts/{account}/assign-owner", {"owner_id": str(company["bj_rep"].person_id)}
    assert problem(await rep.post(path, body, version=1)) == (403, "forbidden")
    nobody = await head.post(path, {"owner_id": str(uuid4())}, version=1)
    assert problem(nobody) == (422, "unknown_person")
    await fold()
    assert problem(await head.post(path, body, version=1)) == (422, "outside_your_units")
    await company["director"].make(path, body, version=1)
    await fold()
    assert await listed(rep) == []
    assert await listed(rep, as_of="2026-03-01") == []
    assert (await rep.get(f"/v1/accounts/{account}")).status_code == 404
    assert await listed(company["bj_rep"]) == ["华东物流"]
    assert await listed(company["director"], as_of="2026-03-01") == []


async def test_the_file_of_a_past_day_is_shown_as_it_was(company: Company, fold: Fold) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep, city="上海", on="2026-01-05")
    late = await rep.make(f"/v1/accounts/{account}/change", {"city": "苏州", "on": "2026-02-10"}, version=1)
    await rep.make(f"/v1/accounts/{account}/change", {"city": "杭州"}, version=2)
    await fold()
    cities = {}
    for day in ("2026-01-31", "2026-02-10", "2026-03-02"):
        (row,) = (await rep.read("/v1/accounts", as_of=day))["items"]
        cities[day] = (row["city"], (await rep.read(f"/v1/accounts/{account}", as_of=day))["city"])
    assert cities == {"2026-01-31": ("上海",) * 2, "2026-02-10": ("苏州",) * 2, "2026-03-02": ("杭州",) * 2}
    assert await listed(rep, as_of="2026-01-04") == []
    assert problem(await rep.get(f"/v1/accounts/{account}", as_of="2026-01-04")) == (404, "not_found")
    (row,) = (await rep.read("/v1/accounts", known_at=late["position"] - 1))["items"]
    assert row["city"] == "上海"


async def test_the_list_is_filtered_sorted_and_paged(company: Company, fold: Fold) -> None:
    rep = company["sh_rep"]
    for number in range(5):
        await open_account(
            rep,
            f"客户{number}",
            kinds=["industry" if number % 2 else "national"],
            sector="物流",
            on=f"2026-01-0{number + 1}",
        )
    await fold()
    names, after = [], None
    while True:
        answer = await rep.get("/v1/accounts", limit=2, sort="-opened_at", **({"after": after} if after else {}))
        names += [item["name"] for item in answer.json()["items"]]
        if (after := answer.json()["next"]) is None:
            break
        assert 'rel="next"' in answer.headers["link"]
    assert names == ["客户4", "客户3", "客户2", "客户1", "客户0"]
    assert await listed(rep, kind="national", sector="物流") == ["客户0", "客户2", "客户4"]
    assert await listed(rep, q="户3") == ["客户3"]
    assert await listed(rep, unit_id=company.root_id) == [f"客户{number}" for number in range(5)]
    assert await listed(rep, unit_id=company.units["BJ"]) == []
    page = await rep.read("/v1/accounts", limit=2)
    assert problem(await rep.get("/v1/accounts", limit=2, sector="x", after=page["next"])) == (400, "cursor_invalid")
    assert problem(await rep.get("/v1/accounts", colour="red")) == (400, "unknown_parameter")
    assert problem(await rep.get("/v1/accounts", sort="city"))[0] == 422
    assert problem(await rep.get("/v1/accounts", credit_code="123")) == (422, "invalid_credit_code")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("change", {"city": "上海"}),
        ("assign-owner", {"owner_id": str(uuid4())}),
        ("set-support-team", {"members": []}),
        ("add-key-person", {"name": "王总", "layer": "decision"}),
        ("change-key-person", {"person_id": str(uuid4()), "post": "x"}),
        ("remove-key-person", {"person_id": str(uuid4())}),
        ("correct", {"version": 1, "changes": {"city": "x"}, "reason": "x"}),
        ("void", {"version": 1, "reason": "x"}),
    ],
)
async def test_commands_on_an_account_need_the_version_that_was_read(
    company: Company, verb: str, body: dict[str, Any]
) -> None:
    director, account = company["director"], await open_account(company["sh_rep"])
    path = f"/v1/accounts/{account}/{verb}"
    assert problem(await director.post(path, body)) == (428, "precondition_required")
    assert problem(await director.post(path, body, version=9)) == (412, "stale")
    assert problem(await director.post(f"/v1/accounts/{uuid4()}/{verb}", body, version=1)) == (404, "not_found")
    assert problem(await director.post(path, {"nonsense": 1}, version=1)) == (422, "validation")
    assert problem(await director.post(path, [], version=1)) == (422, "validation")


async def test_a_mistake_is_corrected_or_taken_back_and_history_shows_both(company: Company, fold: Fold) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep, city="上海")
    base = f"/v1/accounts/{account}"
    await rep.make(f"{base}/change", {"city": "北京", "grade": "A"}, version=1)
    await rep.make(f"{base}/correct", {"version": 2, "changes": {"city": "南京"}, "reason": "打错"}, version=2)
    assert (await rep.read(base))["city"] == "南京"
    await rep.make(f"{base}/void", {"version": 2, "reason": "错客户"}, version=3)
    shown = await rep.read(base)
    assert (shown["city"], shown["grade"], shown["version"]) == ("上海", None, 4)
    facts = [(fact["type"], fact["voided"], fact["corrects"], fact["reason"]) for fact in shown["history"]]
    assert facts == [
        ("AccountOpened", False, None, None), ("AccountChanged", True, None, None),
        ("FactCorrected", False, 2, "打错"), ("FactVoided", False, 2, "错客户"),
    ]  # fmt: skip
    await fold()
    (row,) = (await rep.read("/v1/accounts"))["items"]
    assert (row["city"], row["grade"]) == ("上海", None)
    assert problem(await rep.post(f"{base}/void", {"version": 1, "reason": "x"}, version=4)) == (409, "first_fact")
    wrong = {"version": 9, "changes": {"city": "x"}, "reason": "x"}
    assert problem(await rep.post(f"{base}/correct", wrong, version=4)) == (422, "no_such_fact")


# -- key persons ------------------------------------------------------------------------------------------


async def test_key_persons_are_shown_by_layer_with_masked_numbers(company: Company) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep)
    base = f"/v1/accounts/{account}"
    added = {
        "name": "王建国", "layer": "decision", "post": "采购总监", "phone": "13812345678", "mail": "wang@example.com",
        "home_address": "南京路1号", "traits": "谨慎",
    }  # fmt: skip
    await rep.make(f"{base}/add-key-person", added, version=1)
    await rep.make(f"{base}/add-key-person", {"name": "李董", "layer": "figurehead"}, version=2)
    shown = await rep.read(base)
    assert [person["name"] for person in shown["key_persons"]] == ["李董", "王建国"]
    wang = shown["key_persons"][1]
    assert (wang["phone"], wang["mail"], wang["traits"]) == ("138****5678", "w***@example.com", "谨慎")
    assert "南京路" not in str(shown)
    assert shown["findings"] == []


async def test_personal_data_never_reach_the_log(
    company: Company, pool: asyncpg.Pool[asyncpg.Record], fold: Fold
) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep)
    base = f"/v1/accounts/{account}"
    body = {"name": "王建国", "layer": "decision", "phone": "13812345678", "remark": "喜欢钓鱼"}
    await rep.make(f"{base}/add-key-person", body, version=1)
    person = (await rep.read(base))["key_persons"][0]["person_id"]
    await rep.make(f"{base}/change-key-person", {"person_id": person, "phone": "13999998888"}, version=2)
    await fold()
    for query in (
        "select data::text || metadata::text from es.events where tenant_id = $1",
        "select c::text from es.commands c where tenant_id = $1",
        "select a::text from accounts.accounts_v1 a where tenant_id = $1",
        f"select p::text from {PEOPLE.table} p where tenant_id = $1",
        "select k::text from es.claims k where tenant_id = $1",
    ):
        stored = " ".join(row[0] for row in await pool.fetch(query, company.tenant_id))
        for secret in ("王建国", "13812345678", "13999998888", "钓鱼", "sh_rep先生"):
            assert secret not in stored, query


async def test_a_new_number_is_a_new_version_and_repeating_it_is_not(company: Company) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep)
    base = f"/v1/accounts/{account}"
    await rep.make(f"{base}/add-key-person", {"name": "王建国", "layer": "use", "phone": "13812345678"}, version=1)
    person = (await rep.read(base))["key_persons"][0]["person_id"]
    change = {"person_id": person, "phone": "13999998888", "post": "厂长"}
    assert (await rep.make(f"{base}/change-key-person", change, version=2))["version"] == 3
    assert (await rep.make(f"{base}/change-key-person", change, version=3))["version"] == 3
    (shown,) = (await rep.read(base))["key_persons"]
    assert (shown["phone"], shown["post"], shown["name"]) == ("139****8888", "厂长", "王建国")
    await rep.make(f"{base}/change-key-person", {"person_id": person, "phone": None}, version=3)
    assert (await rep.read(base))["key_persons"][0]["phone"] is None
    await rep.make(f"{base}/remove-key-person", {"person_id": person, "reason": "left_account"}, version=4)
    assert (await rep.read(base))["key_persons"] == []
    again = await rep.post(f"{base}/change-key-person", {"person_id": person, "post": "x"}, version=5)
    assert problem(again) == (422, "unknown_key_person")


async def test_an_old_retry_does_not_bring_an_old_number_back(company: Company) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep)
    base = f"/v1/accounts/{account}"
    added = {"name": "王建国", "layer": "use", "phone": "13812345678"}
    await rep.post(f"{base}/add-key-person", added, key="add", version=1)
    person = (await rep.read(base))["key_persons"][0]["person_id"]
    first = {"person_id": person, "phone": "13999998888"}
    await rep.post(f"{base}/change-key-person", first, key="first", version=2)
    await rep.make(f"{base}/change-key-person", {"person_id": person, "phone": "13700001111"}, version=3)
    for key, body, verb, version in (("add", added, "add", 1), ("first", first, "change", 2)):
        again = await rep.post(f"{base}/{verb}-key-person", body, key=key, version=version)
        assert again.headers["idempotency-replayed"] == "true"
    (shown,) = (await rep.read(base))["key_persons"]
    assert shown["phone"] == "137****1111"


async def test_an_erased_person_is_not_written_again(company: Company, app: Any, other: Company) -> None:
    rep = company["sh_rep"]
    account = await open_account(rep)
    base = f"/v1/accounts/{account}"
    await rep.make(f"{base}/add-key-person", {"name": "王建国", "layer": "decision"}, version=1)
    person = (await rep.read(base))["key_persons"][0]["person_id"]
    with as_tenant(company.tenant_id):
        await app.state.kit.vault.erase(company.tenant_id, UUID(person))
    shown = (await rep.read(base))["key_persons"][0]
    assert (shown["name"], shown["layer"]) == (None, "decision")
    refused = await rep.post(f"{base}/change-key-person", {"person_id": person, "phone": "13999998888"}, version=2)
    assert problem(refused) == (409, "person_erased")
    await rep.make(f"{base}/change-key-person", {"person_id": person, "layer": "use"}, version=2)


async def test_before_the_worker_has_made_the_views_a_read_says_try_again(
    company: Company, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    await pool.execute("alter table accounts.accounts_v1 rename to accounts_away")
    try:
        answer = await company["director"].get("/v1/accounts")
    finally:
        await pool.execute("alter table accounts.accounts_away rename to accounts_v1")
    assert problem(answer) == (503, "view_behind")
    assert answer.headers["retry-after"]


# -- corrections lead nowhere one may not go ---------------------------------------------------------------


async def test_an_account_is_not_handed_over_by_a_correction(company: Company) -> None:
    rep, head = company["sh_rep"], company["sh_head"]
    account = f"/v1/accounts/{await open_account(rep)}"
    to_head = {"owner_id": str(head.person_id)}
    correction = {"version": 1, "changes": to_head, "reason": "x"}
    assert problem(await rep.post(f"{account}/correct", correction, version=1)) == (403, "forbidden")
    director = company["director"]
    await director.make(f"{account}/assign-owner", {"owner_id": str(company["bj_rep"].person_id)}, version=1)
    took = {"version": 2, "reason": "x"}
    assert problem(await company["bj_rep"].post(f"{account}/void", took, version=2)) == (403, "forbidden")
    await company["director"].make(f"{account}/void", took, version=2)


async def test_a_key_person_is_not_corrected_into_somebody_else(company: Company) -> None:
    rep, other = company["sh_rep"], company["bj_rep"]
    theirs = f"/v1/accounts/{await open_account(other, '北方')}"
    await other.make(f"{theirs}/add-key-person", {"name": "王总", "layer": "decision", "remark": "秘密"}, version=1)
    victim = (await other.read(theirs))["key_persons"][0]["person_id"]
    own = f"/v1/accounts/{await open_account(rep)}"
    await rep.make(f"{own}/add-key-person", {"name": "李工", "layer": "use"}, version=1)
    ((name, place),) = (await rep.read(own))["history"][1]["changes"].items()
    stolen = {"version": 2, "changes": {name: place | {"person_id": victim, "layer": "decision"}}, "reason": "x"}
    await rep.make(f"{own}/correct", stolen, version=2)
    shown = (await rep.read(own))["key_persons"]
    assert [(person["name"], person["layer"], person["remark"]) for person in shown] == [("李工", "decision", None)]


@pytest.mark.parametrize("on", ["0001-01-01", "1899-12-31", "2200-01-01"])
async def test_a_day_nobody_can_mean_is_refused(company: Company, on: str) -> None:
    answer = await company["director"].post("/v1/accounts", {"name": "华东物流", "on": on})
    assert problem(answer) == (422, "validation")


@pytest.mark.parametrize("changes", [{"name": ""}, {"employees": 10**30}, {"revenue": 1e300}, {"city": "x" * 5_000}])
async def test_a_correction_keeps_the_bounds_of_the_file(company: Company, changes: dict[str, Any]) -> None:
    account = await open_account(company["director"])
    body = {"version": 1, "changes": changes, "reason": "录错"}
    answer = await company["director"].post(f"/v1/accounts/{account}/correct", body, version=1)
    assert problem(answer) == (422, "invalid_value")
