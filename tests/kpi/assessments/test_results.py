"""Assessments and commissions over HTTP on a real database: from the close's figures to sign-off and appeal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client
from tests.kpi.raw_facts import prospect, tell
from tests.kpi.staffed import Staffed, staffed


@dataclass
class Books:
    """A company whose li sold in June and July, told partly late; June and July are closed."""

    sh: Staffed
    app: FastAPI

    def now(self, day: str) -> None:
        self.app.state.kit.clock.now = datetime.fromisoformat(f"{day}T10:00:00+08:00").astimezone(UTC)

    async def close(self, month: str) -> None:
        await self.sh.make("director", f"/v1/months/{month}/close", {})
        await self.sh.fold()

    async def tell(self, who: str, path: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        version = (await self.sh["director"].read(path))["version"]
        return await self.sh.make(who, f"{path}/{verb}", body, version=version)

    async def no(self, who: str, path: str, verb: str, body: dict[str, Any]) -> tuple[int, str]:
        version = (await self.sh["director"].read(path))["version"]
        return await self.sh.refused(who, f"{path}/{verb}", body, version=version)


def delivered(day: str, units: int) -> tuple[str, str, dict[str, Any]]:
    return "UnitsDelivered", day, {"delivered": [{"line": 1, "units": units, "on": day}]}


@pytest.fixture
async def books(
    app: FastAPI,
    store: EventStore,
    http: httpx.AsyncClient,
    settings: Settings,
    pool: asyncpg.Pool[asyncpg.Record],
) -> Books:
    made = Books(await staffed(store, http, settings, pool), app)
    sh = made.sh
    finance, root = uuid4(), sh.company.root_id
    token = mint_token(development_key(settings.data), sh.tenant_id, finance, ("finance",), root)
    sh.company.clients["finance"] = Client(http, token, finance)
    made.now("2026-06-01")
    rule = {
        "effective_from": "2026-01-01", "post": "representative",
        "lines": [{"code": "delivered", "kpi": "deliveries", "rate": "800", "currency": "CNY"}],
    }  # fmt: skip
    await sh.make("director", "/v1/commission-rules", rule)
    scheme = {
        "effective_from": "2026-01-01", "post": "representative", "cycle": "month",
        "parts": [
            {"code": "units", "zh": "交付台数", "en": "units", "weight": "0.6", "source": "kpi", "kpi": "deliveries",
             "table": {"scale": "from", "steps": [{"bound": "2", "points": "60"}, {"bound": "3", "points": "100"}]}},
            {"code": "attitude", "zh": "态度", "en": "attitude", "weight": "0.2", "source": "rating",
             "rater": "superior", "aspect": "attitude"},
            {"code": "teamwork", "zh": "协作", "en": "teamwork", "weight": "0.2", "source": "rating",
             "rater": "peer", "aspect": "teamwork"},
        ],
    }  # fmt: skip
    await sh.make("hr", "/v1/assessment-schemes", scheme)
    deal = await prospect(sh, "li", "2026-05-04", 9, won="2026-06-02")
    await tell(sh, "opportunity", delivered("2026-06-10", 2), id=deal, version=2)
    made.now("2026-07-01")
    await made.close("2026-06")
    await tell(sh, "opportunity", delivered("2026-06-20", 1), id=deal, version=3)  # told after June was closed
    await tell(sh, "opportunity", delivered("2026-07-10", 3), id=deal, version=4)
    made.now("2026-08-03")
    await made.close("2026-07")
    return made


async def test_a_commission_pays_the_month_and_what_was_told_late_of_earlier_ones(books: Books) -> None:
    sh = books.sh
    june = await sh.make("sh_head", "/v1/commissions", {"owner_id": sh.person("li"), "month": "2026-06"})
    july = await sh.make("finance", "/v1/commissions", {"owner_id": sh.person("li"), "month": "2026-07"})
    await sh.fold()
    rows = (await sh["li"].read("/v1/commissions"))["items"]
    assert [(row["month"], row["status"], row["amounts"]) for row in rows] == [
        ("2026-07", "proposed", [
            {"currency": "CNY", "month": "2400.00", "back": "800.00", "adjusted": "0.00", "payable": "3200.00"}
        ]),
        ("2026-06", "proposed", [
            {"currency": "CNY", "month": "1600.00", "back": "0.00", "adjusted": "0.00", "payable": "1600.00"}
        ]),
    ]  # fmt: skip
    shown = await sh["li"].read(f"/v1/commissions/{july['id']}")
    said = [
        [line[name] for name in ("month", "figure_before", "figure", "rate", "amount_before", "amount", "due")]
        for line in shown["standing"]["lines"]
    ]
    assert said == [
        ["2026-07-01", "0", "3", "800", "0.00", "2400.00", "2400.00"],
        ["2026-06-01", "2", "3", "800", "1600.00", "2400.00", "800.00"],
    ]
    again = {"owner_id": sh.person("li"), "month": "2026-07"}
    assert await sh.refused("hr", "/v1/commissions", again) == (409, "already_proposed")
    path = f"/v1/commissions/{july['id']}"
    assert await books.no("li", path, "sign-off", {}) == (403, "forbidden")
    await books.tell("sh_head", path, "sign-off", {})
    await books.tell("li", path, "appeal", {"appeal": "六月还少一台"})
    await books.tell("sh_manager", path, "answer-appeal", {"upheld": True, "answer": "补一台"})
    await books.tell("sh_head", path, "adjust", {"currency": "CNY", "amount": "800.00", "reason": "申诉成立"})
    await books.tell("sh_head", path, "sign-off", {})
    await books.tell("li", path, "acknowledge", {})
    await sh.fold()
    (row,) = (await sh["hr"].read("/v1/commissions", month="2026-07"))["items"]
    assert (row["status"], row["amounts"][0]["adjusted"], row["amounts"][0]["payable"]) == (
        "acknowledged", "800.00", "4000.00",
    )  # fmt: skip
    last = await sh["li"].read(path)
    assert last["texts"] == {"appeal": "六月还少一台", "answer": "补一台"}
    assert await books.no("sh_head", path, "propose", {}) == (409, "result_not_so_far")
    assert june["code"] == "ok"
    for who, count in (("finance", 2), ("sh_office", 0), ("wang", 0), ("bj_head", 0), ("sh_manager", 2)):
        assert len((await sh[who].read("/v1/commissions"))["items"]) == count, who


async def test_an_assessment_shows_its_computation_and_is_signed_and_appealed(books: Books) -> None:
    sh = books.sh
    body = {
        "owner_id": sh.person("li"), "month": "2026-06",
        "raters": [{"person_id": sh.person("wang"), "rater": "peer"}],
    }  # fmt: skip
    path = f"/v1/assessments/{(await sh.make('sh_head', '/v1/assessments', body))['id']}"
    assert await sh.refused("hr", "/v1/assessments", body) == (409, "already_assessed")
    superior = {"rater": "superior", "aspect": "attitude", "points": "90"}
    peer = {"rater": "peer", "aspect": "teamwork", "points": "70"}
    assert await books.no("li", path, "rate", superior) == (403, "rates_not_asked")
    assert await books.no("wang", path, "rate", superior) == (403, "forbidden")
    assert await books.no("wang", path, "rate", {**peer, "rater": "customer"}) == (403, "rates_not_asked")
    assert await books.no("zhao", path, "rate", peer) == (404, "not_found")
    await books.tell("sh_head", path, "rate", superior)
    await sh.fold()
    (asked,) = (await sh["wang"].read("/v1/assessments/to-rate"))["rows"]
    assert (asked["id"], asked["owner"], asked["rater"], asked["rated"]) == (path[-36:], "li", "peer", False)
    items = (await sh["wang"].read("/v1/agenda", on="2026-08-03"))["items"]
    assert "rate_assessment" in {one["kind"] for one in items}
    await sh.make("wang", f"{path}/rate", peer, version=asked["version"])
    await sh.fold()
    (asked,) = (await sh["wang"].read("/v1/assessments/to-rate"))["rows"]
    assert asked["rated"]
    assert (await sh["li"].read("/v1/assessments/to-rate"))["rows"] == []
    assert (await sh["wang"].get(path)).status_code == 404, "who rates does not read the result"
    await books.tell("hr", path, "propose", {})
    shown = await sh["sh_head"].read(path)
    parts = {one["code"]: (one["state"], one["value"], one["points"]) for one in shown["standing"]["parts"]}
    assert parts == {"units": ("ok", "2", "60"), "attitude": ("ok", "90.00", "90.00"), "teamwork": (
        "ok", "70.00", "70.00",
    )}  # fmt: skip
    assert shown["standing"]["score"] == "68.00"
    assert await books.no("hr", path, "sign-off", {}) == (403, "forbidden")
    await books.tell("sh_head", path, "sign-off", {})
    own = await sh["li"].read(path)
    assert not {"ratings", "raters"} & own["standing"].keys()
    assert sh.person("wang") not in str(own), "who rated stays unknown to whom it is about"
    assert own["allowed_actions"] == ["acknowledge", "appeal"]
    assert await books.no("sh_head", path, "appeal", {"appeal": "x"}) == (403, "only_the_person")
    await books.tell("li", path, "appeal", {"appeal": "六月交付三台"})
    gone = {"version": (await sh["director"].read(path))["version"], "reason": "x"}
    for verb in ("void", "correct"):  # nobody takes an appeal back but who appealed
        said = gone if verb == "void" else {**gone, "changes": {}, "on": "2026-08-03"}
        assert await books.no("sh_head", path, verb, said) == (403, "only_the_person")
    assert await books.no("li", path, "answer-appeal", {"upheld": True, "answer": "x"}) == (403, "forbidden")
    await books.tell("sh_head", path, "answer-appeal", {"upheld": True, "answer": "照补录计"})
    assert await books.no("sh_head", path, "adjust", {"code": "x", "points": "1", "reason": "x"}) == (
        422, "unknown_part",
    )  # fmt: skip
    await books.tell("sh_head", path, "adjust", {"code": "units", "points": "100", "reason": "补录一台"})
    await books.tell("sh_head", path, "sign-off", {})
    await sh.fold()
    (row,) = (await sh["li"].read("/v1/assessments", month="2026-06"))["items"]
    assert (row["score"], row["status"], row["signed_by_name"]) == ("92.00", "signed", "sh_head")
    for who, count in (("wang", 0), ("bj_head", 0), ("sh_office", 0), ("hr", 1), ("sh_manager", 1), ("director", 1)):
        assert len((await sh[who].read("/v1/assessments"))["items"]) == count, who
    before = (await sh["director"].read("/v1/assessments", as_of="2026-08-02"))["items"]
    assert before == []
    year = {"owner_id": sh.person("li"), "month": "2026-07", "cycle": "year"}
    yearly = f"/v1/assessments/{(await sh.make('hr', '/v1/assessments', year))['id']}"
    assert await books.no("hr", yearly, "propose", {}) == (409, "month_not_closed")


async def test_what_rules_and_results_refuse(books: Books) -> None:
    sh = books.sh
    line = {"code": "a", "kpi": "deliveries", "rate": "1", "currency": "CNY"}
    rule = {"effective_from": "2026-01-01", "post": "representative", "lines": [line]}
    part = {"code": "a", "zh": "甲", "en": "a", "weight": "1", "source": "kpi", "kpi": "deliveries"}
    scheme = {"effective_from": "2026-01-01", "post": "representative", "cycle": "month", "parts": [part]}
    li = {"owner_id": sh.person("li"), "month": "2026-08"}
    refusals: list[tuple[str, str, dict[str, Any], int, str]] = [
        ("sh_head", "/v1/commission-rules", rule, 403, "forbidden"),
        ("director", "/v1/commission-rules", {**rule, "lines": [{**line, "currency": None}]}, 422, "kpi_not_payable"),
        ("director", "/v1/commission-rules", {**rule, "lines": [{**line, "kpi": "defeat_rate"}]}, 422,
         "kpi_not_payable"),
        ("director", "/v1/commission-rules", {**rule, "lines": [line, line]}, 422, "part_twice"),
        ("director", "/v1/commission-rules", {**rule, "lines": [{**line, "kpi": "nothing"}]}, 422, "unknown_kpi"),
        ("director", "/v1/assessment-schemes", {**scheme, "parts": [{**part, "weight": "0.5"}]}, 422,
         "weights_not_one"),
        ("director", "/v1/assessment-schemes", {**scheme, "parts": [{**part, "kpi": None}]}, 422, "part_incomplete"),
        ("sh_head", "/v1/commissions", li, 409, "month_not_closed"),
        ("sh_head", "/v1/commissions", {**li, "owner_id": sh.person("sh_office"), "month": "2026-07"}, 409,
         "no_commission_rule"),
        ("bj_head", "/v1/commissions", {**li, "month": "2026-07"}, 403, "not_in_reporting_line"),
        ("li", "/v1/commissions", {**li, "month": "2026-07"}, 403, "forbidden"),
        ("sh_head", "/v1/assessments", {**li, "month": "2026-09"}, 422, "period_not_begun"),
        ("bj_head", "/v1/assessments", li, 403, "not_in_reporting_line"),
        ("sh_head", "/v1/assessments", {**li, "owner_id": sh.unit("SH")}, 422, "unknown_person"),
    ]  # fmt: skip
    for who, path, body, status, code in refusals:
        assert await sh.refused(who, path, body) == (status, code), (path, body)
    share = {"code": "b", "kpi": "order_amount", "rate": "0.01"}
    of_heads = {**rule, "post": "department_head", "lines": [line, share]}
    await sh.make("director", "/v1/commission-rules", of_heads)
    await sh.make("director", "/v1/commission-rules", of_heads)
    published = (await sh["li"].read("/v1/commission-rules"))["rows"]
    assert [(row["post"], len(row["lines"])) for row in published] == [("department_head", 2), ("representative", 1)]
    made = await sh.make("sh_head", "/v1/assessments", li)
    path = f"/v1/assessments/{made['id']}"
    assert await books.no("sh_head", path, "propose", {}) == (409, "month_not_closed")
    assert await books.no("sh_head", path, "sign-off", {}) == (409, "result_not_so_far")
    body = {"version": 1, "changes": {"score": "100"}, "reason": "x"}
    assert await books.no("sh_head", path, "correct", body) == (422, "not_correctable")
    shown = (await sh["li"].read("/v1/assessment-schemes", on="2026-06-30"))["rows"]
    assert {(row["post"], row["cycle"]): len(row["parts"]) for row in shown}["representative", "month"] == 3
    assert (await sh["li"].read("/v1/commission-rules", on="2025-06-30"))["rows"] == []


async def test_assessments_stand_on_the_agenda_at_month_end_and_until_they_are_signed(books: Books) -> None:
    sh = books.sh
    books.now("2026-07-31")

    async def owed(who: str) -> list[tuple[str, str]]:
        await sh.fold()
        items = (await sh[who].read("/v1/agenda", on="2026-07-31"))["items"]
        ours = ("assess", "assessment", "commission")
        return [(one["kind"], one["title"]) for one in items if one["kind"].endswith(ours)]

    assert await owed("sh_head") == [("assess", "Assess 2026-06 (2 without a result)")]
    assert await owed("director") == [("assess", "Assess 2026-06 (0 without a result)")], "nobody reports there"
    assert await owed("li") == []
    body = {"owner_id": sh.person("li"), "month": "2026-06"}
    path = f"/v1/assessments/{(await sh.make('sh_head', '/v1/assessments', body))['id']}"
    await books.tell("sh_head", path, "propose", {})
    assert sorted(await owed("sh_head")) == [
        ("assess", "Assess 2026-06 (1 without a result)"),
        ("sign_assessment", "Sign off the assessment of 2026-06"),
    ]
    await books.tell("sh_head", path, "sign-off", {})
    assert await owed("li") == [("acknowledge_assessment", "Take note of the assessment of 2026-06")]
    await books.tell("li", path, "acknowledge", {})
    assert await owed("li") == []
