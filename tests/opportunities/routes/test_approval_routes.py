"""What waits for a decision, over HTTP: call-backs, review outcomes, the inbox, and many decisions at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from pydantic import BaseModel

from services.opportunities.approvals.shapes import ApprovalRow
from services.opportunities.reports import defeat_shapes
from services.opportunities.reports.shapes import DefeatAnalysis, DefeatRow, Report
from services.opportunities.views import VIEWS
from shared.event_store.store import EventStore
from shared.http.reading import Listed
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import development_key, mint_token
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from shared.settings import Settings
from tests.opportunities.routes.world import Client, Clock, World

OPPORTUNITIES = "/v1/opportunities"
CALLING_FIRST = {"effective_from": "2025-01-01", "verify_defeat": "before_approval"}
PRICE = {"reason": "other_brand.price", "competitor_brand": "别克", "evidence": "已见行驶证"}
Fold = Callable[[], Awaitable[None]]


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Fold:
    await prepare(pool, VIEWS)

    async def catch_up_now() -> None:
        await catch_up(pool, VIEWS)

    return catch_up_now


class Deal:
    """One opportunity and its version."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.version = 1

    async def tell(self, by: Client, verb: str, on: str | None = None, **body: Any) -> str:
        said = body | ({} if on is None else {"on": on})
        receipt = await by.tell(f"{OPPORTUNITIES}/{self.id}/{verb}", said, version=self.version)
        self.version = receipt["version"]
        return str(receipt["code"])

    async def refused(self, by: Client, verb: str, **body: Any) -> tuple[int, str]:
        answer = await by.post(f"{OPPORTUNITIES}/{self.id}/{verb}", body, version=self.version)
        return answer.status_code, answer.json()["code"]

    async def actions(self, by: Client) -> set[str]:
        return set((await by.read(f"{OPPORTUNITIES}/{self.id}"))["allowed_actions"])


@pytest.fixture
async def deal(rep: Client, prospect: dict[str, Any]) -> Deal:
    return await another(rep, prospect)


async def another(rep: Client, prospect: dict[str, Any], **more: Any) -> Deal:
    return Deal((await rep.tell(OPPORTUNITIES, prospect | more))["id"])


def item(deal: Deal, decision: str = "approve", kind: str = "defeat", **body: Any) -> dict[str, Any]:
    return {"kind": kind, "id": deal.id, "version": deal.version, "decision": decision, "body": body}


# -- call-back ---------------------------------------------------------------------------------------------


async def test_customer_service_calls_back_and_nobody_else(
    rep: Client, west_rep: Client, head: Client, director: Client, service: Client, stranger: Client, deal: Deal
) -> None:
    assert await deal.refused(service, "verify-defeat", verdict="confirmed") == (409, "no_defeat_requested")
    await deal.tell(rep, "request-defeat", "2025-03-10", **PRICE)
    for nobody in (rep, head):
        assert await deal.refused(nobody, "verify-defeat", verdict="confirmed") == (403, "forbidden")
        assert "verify-defeat" not in await deal.actions(nobody)
    for outside in (west_rep, stranger):
        assert await deal.refused(outside, "verify-defeat", verdict="confirmed") == (404, "not_found")
    assert "verify-defeat" in await deal.actions(service)
    assert "approve-defeat" not in await deal.actions(service)
    assert await deal.refused(service, "verify-defeat", verdict="other_reason") == (422, "reason_missing")
    found = {"verdict": "other_reason", "reason": "own.no_such"}
    assert await deal.refused(service, "verify-defeat", **found) == (422, "unknown_reason")
    await deal.tell(service, "verify-defeat", verdict="confirmed", attempts=2, comment="客户已提车")
    standing = (await head.read(f"{OPPORTUNITIES}/{deal.id}"))["standing"]
    assert (standing["verdict"], standing["verify_attempts"], standing["verified_by"]) == (
        "confirmed", 2, str(service.person),
    )  # fmt: skip
    assert await deal.refused(head, "correct", version=3, changes={"verify_attempts": 3}, reason="x") == (
        403, "forbidden",
    )  # fmt: skip
    await deal.tell(service, "correct", version=3, changes={"verify_attempts": 3}, reason="三次")


async def test_who_asked_for_a_defeat_does_not_verify_it(service: Client, prospect: dict[str, Any]) -> None:
    own = await another(service, prospect)
    await own.tell(service, "request-defeat", **PRICE)
    assert await own.refused(service, "verify-defeat", verdict="confirmed") == (403, "own_request")
    assert "verify-defeat" not in await own.actions(service)


async def test_where_the_policy_asks_for_a_call_nothing_is_approved_before_it(
    rep: Client, head: Client, director: Client, service: Client, deal: Deal
) -> None:
    await director.tell("/v1/approval-policies", CALLING_FIRST)
    shown = await rep.read("/v1/approval-policies")
    assert (shown["verify_defeat"], shown["lost_contact_days"], shown["recall_days"]) == ("before_approval", 60, 90)
    await deal.tell(rep, "request-defeat", **PRICE)
    assert await deal.refused(head, "approve-defeat") == (409, "not_verified")
    await deal.tell(service, "verify-defeat", verdict="still_buying")
    assert await deal.refused(head, "approve-defeat") == (409, "false_defeat")
    await deal.tell(service, "verify-defeat", verdict="confirmed")
    await deal.tell(head, "approve-defeat")


async def test_an_automatic_approval_waits_for_the_call(
    rep: Client, director: Client, service: Client, deal: Deal
) -> None:
    await director.tell("/v1/approval-policies", CALLING_FIRST | {"approve_defeat": "automatic"})
    await deal.tell(rep, "request-defeat", **PRICE)
    assert (await rep.read(f"{OPPORTUNITIES}/{deal.id}"))["standing"]["review"] == "defeat"
    await deal.tell(service, "verify-defeat", verdict="other_reason", reason="own.attitude")
    shown = await rep.read(f"{OPPORTUNITIES}/{deal.id}")
    assert (shown["status"], shown["standing"]["defeat_reason"]) == ("defeated", "own.attitude")
    assert "reviewed_by" not in shown["standing"]


async def test_a_presumed_defeat_proposes_a_freeze(rep: Client, deal: Deal, prospect: dict[str, Any]) -> None:
    assert (
        await deal.tell(rep, "request-defeat", kind="presumed", reason="own.needs_not_understood") == "freeze_proposed"
    )


# -- other outcomes ----------------------------------------------------------------------------------------


async def test_a_head_freezes_instead(rep: Client, west_rep: Client, head: Client, deal: Deal) -> None:
    body = {"reason": "预算推迟", "recall_on": "2025-09-01"}
    await deal.tell(rep, "request-defeat", "2025-03-10", **PRICE)
    assert await deal.refused(rep, "freeze-instead", **body) == (403, "forbidden")
    assert await deal.refused(west_rep, "freeze-instead", **body) == (404, "not_found")
    assert await deal.refused(head, "freeze-instead", **(body | {"recall_on": "2025-03-01"})) == (
        422, "recall_in_the_past",
    )  # fmt: skip
    await deal.tell(head, "freeze-instead", **body)
    shown = await rep.read(f"{OPPORTUNITIES}/{deal.id}")
    assert (shown["status"], shown["standing"]["recall_on"]) == ("frozen", "2025-09-01")
    assert "defeat_reason" not in shown["standing"]
    assert [fact["type"] for fact in shown["history"]][-1] == "ProspectFrozen"


async def test_a_head_gives_it_to_another_representative(rep: Client, head: Client, ours: World, deal: Deal) -> None:
    body = {"owner_id": str(ours.colleague_id), "finding": "own_doing"}
    assert await deal.refused(head, "give-to", **body) == (409, "no_defeat_requested")
    await deal.tell(rep, "request-defeat", **PRICE)
    assert await deal.refused(rep, "give-to", **body) == (403, "forbidden")
    assert await deal.refused(head, "give-to", **(body | {"owner_id": str(ours.rep_id)})) == (422, "same_owner")
    assert await deal.refused(head, "give-to", **(body | {"owner_id": str(ours.west_rep_id)})) == (
        403, "outside_your_units",
    )  # fmt: skip
    assert await deal.refused(head, "give-to", **(body | {"owner_id": str(ours.gone_id)})) == (422, "unknown_owner")
    await deal.tell(head, "give-to", **body)
    shown = await head.read(f"{OPPORTUNITIES}/{deal.id}")
    assert shown["standing"]["owner_id"] == str(ours.colleague_id)
    assert "review" not in shown["standing"]
    assert [fact["type"] for fact in shown["history"]][-2:] == ["DefeatRejected", "OpportunityTransferred"]


async def test_nobody_decides_their_own_request(head: Client, director: Client, prospect: dict[str, Any]) -> None:
    own = await another(head, prospect)
    await own.tell(head, "request-defeat", **PRICE)
    for verb, body in (
        ("freeze-instead", {"reason": "x", "recall_on": "2025-09-01"}),
        ("give-to", {"owner_id": str(director.person), "finding": "own_doing"}),
    ):
        assert await own.refused(head, verb, **body) == (403, "not_in_reporting_line")
    await own.tell(director, "reject-defeat", finding="other")


# -- the inbox ---------------------------------------------------------------------------------------------


async def test_the_inbox_shows_each_what_waits_for_them(
    rep: Client, west_rep: Client, head: Client, director: Client, service: Client, stranger: Client,
    prospect: dict[str, Any], fold: Fold, ours: World,
) -> None:  # fmt: skip
    first = await another(rep, prospect, title="一")
    await first.tell(rep, "request-defeat", "2025-03-05", kind="presumed", **PRICE)
    second = await another(rep, prospect, title="二", lines=[{"product": "Q5", "units": 2, "unit_price": "250000"}])
    await second.tell(rep, "freeze", "2025-03-12", reason="预算推迟", recall_on="2025-09-01")
    own = await another(head, prospect, title="三", account_id=None)
    await own.tell(head, "request-defeat", **PRICE)
    await fold()

    rows = (await head.read("/v1/approvals"))["items"]
    Listed[ApprovalRow].model_validate({"items": rows}, strict=False)
    assert [(row["kind"], row["title"], row["age_days"]) for row in rows] == [("defeat", "一", 15), ("freeze", "二", 8)]
    assert rows[0]["allowed"] == ["approve", "reject", "freeze", "give"]
    assert rows[0]["paths"]["give"] == f"{OPPORTUNITIES}/{first.id}/give-to"
    assert rows[0]["proposal"] == {"decision": "freeze", "recall_on": "2025-06-18"}
    assert (rows[0]["amount"], rows[0]["units"], rows[0]["level_before"]) == ("3000000.00", 10, "N")
    assert (rows[0]["requested_by"], rows[0]["owner"], rows[0]["account"]) == (str(rep.person), None, "申城出租")
    assert rows[0]["summary"]["evidence"] == "已见行驶证"
    assert [row["reason_label"] for row in rows] == ["price", "预算推迟"]
    assert (rows[1]["amount"], rows[1]["summary"]) == (
        "500000.00", {"reason": "预算推迟", "recall_on": "2025-09-01"},
    )  # fmt: skip
    assert (rows[0]["version"], rows[1]["version"]) == (first.version, second.version)

    assert {row["title"] for row in (await director.read("/v1/approvals"))["items"]} == {"一", "二", "三"}
    for nobody in (rep, west_rep, service, stranger):
        assert (await nobody.read("/v1/approvals"))["items"] == []
    theirs = (await rep.read("/v1/approvals", waiting_for="anybody"))["items"]
    assert [(row["title"], row["allowed"]) for row in theirs] == [("一", []), ("二", [])]
    assert (await west_rep.read("/v1/approvals", waiting_for="anybody"))["items"] == []

    assert [row["title"] for row in (await head.read("/v1/approvals", kind="freeze"))["items"]] == ["二"]
    assert [row["title"] for row in (await head.read("/v1/approvals", older_than=14))["items"]] == ["一"]
    assert (await head.read("/v1/approvals", older_than=15))["items"] == []
    assert len((await head.read("/v1/approvals", unit_id=str(ours.east)))["items"]) == 2
    assert (await head.read("/v1/approvals", unit_id=str(ours.west)))["items"] == []
    assert (await head.get("/v1/approvals", kind="x")).json()["code"] == "unknown_kind"
    assert [row["title"] for row in (await head.read("/v1/approvals", as_of="2025-03-06"))["items"]] == ["一"]
    page = await head.read("/v1/approvals", limit=1)
    assert [row["title"] for row in page["items"]] == ["一"]
    rest = await head.read("/v1/approvals", limit=1, after=page["next"])
    assert ([row["title"] for row in rest["items"]], rest["next"]) == (["二"], None)

    await first.tell(head, "approve-defeat")
    await fold()
    assert [row["title"] for row in (await head.read("/v1/approvals"))["items"]] == ["二"]


async def test_who_entered_a_request_for_another_is_not_shown_it_to_decide(
    rep: Client, head: Client, director: Client, deal: Deal, fold: Fold, ours: World
) -> None:
    answer = await head.post(
        f"{OPPORTUNITIES}/{deal.id}/request-defeat", PRICE, version=1, on_behalf_of=str(ours.rep_id)
    )
    assert answer.status_code == 200
    await fold()
    assert (await head.read("/v1/approvals"))["items"] == []
    (row,) = (await director.read("/v1/approvals"))["items"]
    assert (row["requested_by"], row["entered_by"]) == (str(ours.rep_id), str(ours.head_id))


# -- many at once ------------------------------------------------------------------------------------------


async def test_each_decision_has_its_own_outcome_and_a_retry_repeats_none(
    rep: Client, head: Client, ours: World, prospect: dict[str, Any]
) -> None:
    deals = [await another(rep, prospect, account_id=None) for _ in range(7)]
    approved, rejected, frozen, given, stale, bare, asked = deals
    await asked.tell(rep, "freeze", reason="预算推迟", recall_on="2025-09-01")
    for deal in deals[:5]:
        await deal.tell(rep, "request-defeat", **PRICE)
    stale.version -= 1
    items = [
        item(approved, comment="核实"),
        item(rejected, "reject", finding="still_buying"),
        item(bare),
        item(stale),
        item(frozen, "freeze", reason="等预算", recall_on="2025-09-01"),
        item(given, "give", owner_id=str(ours.colleague_id), finding="own_doing"),
        item(frozen, "melt"),
        item(rejected, "reject", finding="whatever"),
        item(Deal("00000000-0000-4000-8000-000000000001")),
        item(approved, kind="nothing"),
        item(asked, kind="freeze", comment="同意"),
    ]
    answer = await head.post("/v1/approvals/decide", {"items": items}, key="batch-1")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["carried_out"], told["refused"]) == (5, 6)
    assert [(one["status"], one["code"]) for one in told["items"]] == [
        (200, "ok"),
        (200, "ok"),
        (409, "no_defeat_requested"),
        (412, "stale"),
        (200, "ok"),
        (200, "ok"),
        (422, "unknown_decision"),
        (422, "validation"),
        (404, "not_found"),
        (422, "unknown_decision"),
        (200, "ok"),
    ]
    assert told["items"][7]["pointer"] == "/finding"
    assert told["items"][2]["title"] == "No defeat requested"
    assert "etag" not in answer.headers
    again = (await head.post("/v1/approvals/decide", {"items": items}, key="batch-1")).json()
    assert again == told
    shown = [await head.read(f"{OPPORTUNITIES}/{deal.id}") for deal in (approved, rejected, frozen, given, asked)]
    assert [one["status"] for one in shown] == ["defeated", "open", "frozen", "open", "frozen"]
    assert [one["version"] for one in shown] == [3, 3, 3, 4, 3]
    other = [item(approved, comment="别的")]
    (reused,) = (await head.post("/v1/approvals/decide", {"items": other}, key="batch-1")).json()["items"]
    assert (reused["status"], reused["code"]) == (422, "idempotency_key_reused")


async def test_many_at_once_open_no_way_around(
    rep: Client, west_rep: Client, stranger: Client, service: Client, deal: Deal
) -> None:
    await deal.tell(rep, "request-defeat", **PRICE)
    for who, outcome in ((rep, 403), (service, 403), (west_rep, 404), (stranger, 404)):
        told = (await who.post("/v1/approvals/decide", {"items": [item(deal)]})).json()
        assert [one["status"] for one in told["items"]] == [outcome]
    answer = await rep.post("/v1/approvals/decide", {"items": [item(deal)] * 101})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    assert (await rep.post("/v1/approvals/decide", {"items": []})).status_code == 422


async def test_nobody_chooses_a_day_that_needed_no_approval(
    rep: Client, director: Client, prospect: dict[str, Any], deal: Deal
) -> None:
    automatic = {"effective_from": "2025-01-01", "approve_defeat": "automatic", "approve_freeze": "automatic"}
    manual = {"effective_from": "2025-03-18", "approve_defeat": "manual", "approve_freeze": "manual"}
    for policy in (automatic, manual):
        await director.tell("/v1/approval-policies", policy)
    frozen = await another(rep, prospect, account_id=None)
    await deal.tell(rep, "request-defeat", "2025-03-16", **PRICE)
    await frozen.tell(rep, "freeze", "2025-03-16", reason="预算推迟", recall_on="2025-09-01")
    for one in (deal, frozen):
        assert (await rep.read(f"{OPPORTUNITIES}/{one.id}"))["status"] == "open"


async def test_a_credential_decides_in_a_batch_what_its_scopes_let_it_decide_alone(
    rep: Client, head: Client, ours: World, settings: Settings, deal: Deal
) -> None:
    await deal.tell(rep, "request-defeat", **PRICE)
    functions, key = ("department_head",), development_key(settings.data)
    whole = head.token
    for scopes, outcome in (
        (("approvals:write",), (403, "scope_missing")),
        (
            ("approvals:write", "opportunities:write"),
            (200, "ok"),
        ),
    ):
        head.token = mint_token(key, ours.tenant_id, ours.head_id, functions, ours.east, scopes=scopes, now=None)
        (told,) = (await head.post("/v1/approvals/decide", {"items": [item(deal)]})).json()["items"]
        assert (told["status"], told["code"]) == outcome
    head.token = whole


# -- reports -----------------------------------------------------------------------------------------------


async def test_call_backs_to_make(
    rep: Client, west_rep: Client, director: Client, service: Client, deal: Deal, fold: Fold, clock: Clock
) -> None:
    await deal.tell(rep, "request-defeat", "2025-03-10", **PRICE)
    await fold()
    (row,) = (await service.read("/v1/defeats/to-verify"))["items"]
    defeat_shapes.ToVerifyRow.model_validate(row)
    assert (row["required"], row["age_days"], row["attempts"], row["verdict"]) == (False, 10, 0, None)
    assert (row["version"], row["reason_label"], row["evidence"]) == (deal.version, "price", "已见行驶证")
    assert (await west_rep.read("/v1/defeats/to-verify"))["items"] == []
    await director.tell("/v1/approval-policies", CALLING_FIRST)
    await deal.tell(service, "verify-defeat", verdict="not_reached", attempts=2)
    await fold()
    (row,) = (await service.read("/v1/defeats/to-verify"))["items"]
    assert (row["required"], row["attempts"], row["verdict"]) == (True, 2, "not_reached")
    await deal.tell(service, "verify-defeat", verdict="confirmed")
    await fold()
    assert (await service.read("/v1/defeats/to-verify"))["items"] == []
    assert len((await service.read("/v1/defeats/to-verify", as_of="2025-03-12"))["items"]) == 1


async def test_what_was_set_aside_and_what_became_of_it(
    rep: Client, west_rep: Client, head: Client, director: Client, prospect: dict[str, Any], fold: Fold
) -> None:
    froze = await another(rep, prospect, title="冻")
    await froze.tell(rep, "freeze", "2025-03-02", reason="预算", recall_on="2025-03-15")
    await froze.tell(head, "approve-freeze", "2025-03-03")
    lost = await another(rep, prospect, title="失", lines=[{"product": "Q5", "units": 2, "unit_price": "250000"}])
    await lost.tell(rep, "lose-contact", "2025-03-04", reason="停机", recall_on="2025-03-18")
    await fold()
    whole = await head.read("/v1/defeats/set-aside")
    defeat_shapes.SetAside.model_validate(whole)
    assert [(row["title"], row["kind"], row["became"], row["days_since"]) for row in whole["rows"]] == [
        ("失", "contact_lost", "still", 16),
        ("冻", "freeze", "still", 17),
    ]
    assert (whole["rows"][1]["recall_overdue"], whole["rows"][1]["reviewed_by"]) == (True, str(head.person))
    assert [row["proposal"] for row in whole["rows"]] == [None, None]
    await director.tell("/v1/approval-policies", {"effective_from": "2025-01-01", "lost_contact_days": 10})
    assert [row["proposal"] for row in (await head.read("/v1/defeats/set-aside"))["rows"]] == ["defeat", None]

    due = (await rep.read("/v1/recalls"))["items"]
    assert [(row["title"], row["status"], row["recall_on"], row["days_overdue"], row["since"]) for row in due] == [
        ("冻", "frozen", "2025-03-15", 5, "2025-03-03"),
        ("失", "lost_contact", "2025-03-18", 2, "2025-03-04"),
    ]
    defeat_shapes.RecallRow.model_validate(due[0])
    assert [row["reason"] for row in due] == ["预算", "停机"]
    assert [row["title"] for row in (await rep.read("/v1/recalls", until="2025-03-16"))["items"]] == ["冻"]
    assert (await west_rep.read("/v1/recalls", until="2026-01-01"))["items"] == []
    first = await rep.read("/v1/recalls", limit=1)
    assert [row["title"] for row in (await rep.read("/v1/recalls", limit=1, after=first["next"]))["items"]] == ["失"]

    await froze.tell(rep, "resume", "2025-03-16")
    await froze.tell(rep, "win", "2025-03-17")
    await lost.tell(rep, "request-defeat", "2025-03-17", **PRICE)
    await lost.tell(head, "approve-defeat", "2025-03-19")
    await fold()
    now = await head.read("/v1/defeats/set-aside")
    assert [(row["title"], row["became"], row["became_on"]) for row in now["rows"]] == [
        ("失", "defeated", "2025-03-19"),
        ("冻", "ordered", "2025-03-17"),
    ]
    counts = {(one["kind"], one["became"]): (one["count"], one["units"]) for one in now["summary"] if one["count"]}
    assert counts == {("freeze", "ordered"): (1, 10), ("contact_lost", "defeated"): (1, 2)}
    then = await head.read("/v1/defeats/set-aside", as_of="2025-03-16")
    assert [row["became"] for row in then["rows"]] == ["still", "resumed"]
    assert [row["title"] for row in (await head.read("/v1/defeats/set-aside", became="ordered"))["rows"]] == ["冻"]
    assert (await west_rep.read("/v1/defeats/set-aside"))["rows"] == []
    assert (await rep.read("/v1/recalls"))["items"] == []


async def test_revival_by_cohort(rep: Client, head: Client, prospect: dict[str, Any], fold: Fold) -> None:
    revived, gone = [await another(rep, prospect, account_id=None) for _ in range(2)]
    for deal in (revived, gone):
        await deal.tell(rep, "request-defeat", "2025-03-02", **PRICE)
        await deal.tell(head, "approve-defeat", "2025-03-03")
    await revived.tell(rep, "reopen", "2025-03-08")
    await revived.tell(rep, "win", "2025-03-15")
    await fold()
    month = {"cohort": "2025-03", "defeats": 2, "reopened": 1, "won": 1, "revival_rate": 0.5, "won_rate": 0.5}
    whole = await head.read("/v1/defeats/revival", within=30)
    defeat_shapes.Revival.model_validate(whole)
    assert whole["rows"] == [month | {"days_mean": 5.0, "pending": 1}]
    (soon,) = (await head.read("/v1/defeats/revival", within=7))["rows"]
    assert (soon["reopened"], soon["won"], soon["pending"]) == (1, 0, 0)
    (before,) = (await head.read("/v1/defeats/revival", within=30, as_of="2025-03-05"))["rows"]
    assert (before["reopened"], before["revival_rate"], before["pending"]) == (0, 0.0, 2)
    grouped = (await head.read("/v1/defeats/revival", group_by="owner,reason"))["rows"]
    assert [(row["owner"], row["reason_label"], row["won"]) for row in grouped] == [(str(rep.person), "price", 1)]
    months = (await head.read("/v1/defeats/revival", **{"from": "2025-02-01", "to": "2025-03-31"}))["rows"]
    assert [(row["cohort"], row["defeats"], row["revival_rate"]) for row in months] == [
        ("2025-02", 0, None),
        ("2025-03", 2, 0.5),
    ]
    assert (await head.get("/v1/defeats/revival", group_by="product")).json()["code"] == "invalid_group_by"


async def test_what_became_of_requests(
    rep: Client, west_rep: Client, head: Client, service: Client, ours: World, prospect: dict[str, Any], fold: Fold
) -> None:
    deals = [await another(rep, prospect, account_id=None) for _ in range(5)]
    approved, rejected, frozen, given, _ = deals
    for deal in deals:
        await deal.tell(rep, "request-defeat", "2025-03-10", **PRICE)
    await approved.tell(service, "verify-defeat", "2025-03-11", verdict="confirmed")
    await given.tell(service, "verify-defeat", "2025-03-11", verdict="still_buying")
    await approved.tell(head, "approve-defeat", "2025-03-12")
    await rejected.tell(head, "reject-defeat", "2025-03-14", finding="insufficient")
    await frozen.tell(head, "freeze-instead", "2025-03-14", reason="等", recall_on="2025-09-01")
    await given.tell(head, "give-to", "2025-03-14", owner_id=str(ours.colleague_id), finding="own_doing")
    await fold()
    whole = await head.read("/v1/defeats/approvals", group_by="owner")
    defeat_shapes.Reviews.model_validate(whole)
    (row,) = whole["rows"]
    assert row["owner"] == str(rep.person)
    counts = {name: row[name] for name in ("requests", "waiting", "approved", "rejected", "frozen", "given")}
    assert counts == {"requests": 5, "waiting": 1, "approved": 1, "rejected": 1, "frozen": 1, "given": 1}
    assert (row["rejection_rate"], row["mean_age_days"], row["mean_waiting_days"]) == (0.4, 3.5, 10.0)
    assert (row["verified"], row["confirmed"], row["still_buying"], row["automatic"]) == (2, 1, 1, 0)
    then = (await head.read("/v1/defeats/approvals", as_of="2025-03-12"))["total"]
    assert (then["requests"], then["waiting"], then["approved"], then["verified"]) == (5, 4, 1, 2)
    nothing = (await west_rep.read("/v1/defeats/approvals"))["total"]
    assert (nothing["requests"], nothing["rejection_rate"], nothing["mean_age_days"]) == (0, None, None)
    analysis = await head.read("/v1/defeats/analysis")
    DefeatAnalysis.model_validate(analysis)
    assert (analysis["defeats"], analysis["approvals"]["requests"]) == (1, 5)
    (defeat,) = (await head.read("/v1/defeats"))["rows"]
    assert (defeat["verdict"], defeat["review_outcome"], defeat["evidence"]) == ("confirmed", "approved", "已见行驶证")
    assert (defeat["verified_by"], defeat["verified_by_name"]) == (str(service.person), None)


SHAPES: dict[str, type[BaseModel]] = {
    "/v1/defeats": Report[DefeatRow],
    "/v1/defeats/analysis": DefeatAnalysis,
    "/v1/defeats/set-aside": defeat_shapes.SetAside,
    "/v1/defeats/revival": defeat_shapes.Revival,
    "/v1/defeats/approvals": defeat_shapes.Reviews,
    "/v1/defeats/to-verify": Listed[defeat_shapes.ToVerifyRow],
    "/v1/recalls": Listed[defeat_shapes.RecallRow],
    "/v1/approvals": Listed[ApprovalRow],
}


@pytest.mark.parametrize("path", SHAPES)
async def test_as_known_then_is_what_the_log_held(
    path: str, rep: Client, head: Client, stranger: Client, deal: Deal, fold: Fold, store: EventStore, ours: World
) -> None:
    """Every figure as known before anything more was told, and then with what was told late."""
    query = {"until": "2030-01-01"} if path == "/v1/recalls" else {}
    await deal.tell(rep, "request-defeat", "2025-03-10", recall_on="2025-05-01", **PRICE)
    await fold()
    with as_tenant(ours.tenant_id):
        position = (await store.head(ours.tenant_id)).position
    before = (await head.read(path, as_of="2025-03-12", **query)) | {"position": None}
    await deal.tell(head, "approve-defeat", "2025-03-11")
    await fold()
    now = (await head.read(path, as_of="2025-03-12", **query)) | {"position": None}
    then = (await head.read(path, as_of="2025-03-12", known_at=position, **query)) | {"position": None}
    if path in ("/v1/approvals", "/v1/defeats/to-verify"):  # a version to answer with is always that of now
        for answer in (before, then):
            for row in answer["items"]:
                row.pop("version")
    assert then == before
    assert now != before or path == "/v1/defeats/set-aside"
    SHAPES[path].model_validate(await head.read(path, **query))
    empty = await stranger.read(path, **query)
    assert not any(row.get("requests", 1) for row in empty.get("rows") or empty.get("items") or [])
