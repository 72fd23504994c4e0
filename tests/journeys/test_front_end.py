"""A morning in a browser: forms filled, something looked for, a board that stays fresh, a table taken to a meeting."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.testing.workbooks import has_formulas, sheets
from tests.journeys.telling import Company, Person, ago
from tests.stack import PATIENCE_SECONDS, Running, started

DEAL = {"lines": [{"line": 1, "product": "A6L", "units": 3, "unit_price": "100000.00"}], "duplicate": "intended"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("front_end"), DAKEHU_TABLE_ROWS="7") as running:
        yield running


class Browser:
    """One person at the front door."""

    def __init__(self, person: Person, http: httpx.Client) -> None:
        self.person = person
        self.http = http

    def get(self, path: str, *, language: str = "zh-CN", **query: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.person.token}", "accept-language": language}
        return self.http.get(path, params=query, headers=headers)

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.person.token}", "idempotency-key": uuid4().hex}
        return self.http.post(path, json=body, headers=headers)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_morning_at_the_front_end(running: Running, stranger: Person) -> None:
    company = Company.founded(running)
    office = company.office
    for code in ("A6L", "Q5"):
        office.tell("/v1/products", {"code": code, "name": f"{code}轿车", "list_price": "100000", "currency": "CNY"})
    company.hire("lei", "representative", "E")
    company.hire("mei", "representative", "W")
    company.hire("head", "department_head", "E")
    lei, mei = company.people["lei"], company.people["mei"]
    with httpx.Client(base_url=running.url(), timeout=20, trust_env=False) as http:
        # the form is filled: every code with its names, once
        desk = Browser(lei, http)
        words = desk.get("/v1/catalogues", min_position=office.position)
        assert ("A6L", "A6L轿车") in {(product["code"], product["zh"]) for product in words.json()["products"]}
        again = http.get(
            "/v1/catalogues",
            headers={"authorization": f"Bearer {lei.token}", "if-none-match": words.headers["etag"]},
        )
        assert again.status_code == 304
        # seven prospects in the east, one in the west
        for number in range(7):
            name = "重庆长安汽车" if number == 0 else f"东区客户{number}"
            account = lei.tell("/v1/accounts", {"name": name, "on": ago(20)})["id"]
            lei.tell("/v1/opportunities", DEAL | {"account_id": account, "title": f"=更新{number}", "on": ago(10),
                                                  "duplicate_reason": "另一批"})  # fmt: skip
        there = mei.tell("/v1/accounts", {"name": "重庆银行", "on": ago(20)})["id"]
        mei.tell("/v1/opportunities", DEAL | {"account_id": there, "title": "西区", "on": ago(10),
                                              "duplicate_reason": "另一批"})  # fmt: skip
        seen = max(lei.position, mei.position)
        # looked for as it is remembered, and found by who sees it
        for q in ("长安", "cqca", "chongqing"):
            hits = desk.get("/v1/search", q=q, min_position=seen).json()["items"]
            assert [item["name"] for item in hits if item["kind"] == "account"] == ["重庆长安汽车"], q
        (item,) = Browser(mei, http).get("/v1/search", q="cqyh", min_position=seen).json()["items"]
        assert (item["name"], item["owner"]) == ("重庆银行", "mei")
        # a board that is open hears of a change
        headers = {"authorization": f"Bearer {company.people['head'].token}"}
        board = {"views": "opportunities.standings", "seconds": "20"}
        with http.stream("GET", "/v1/views/stream", params=board, headers=headers) as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("event")) == "event: views"
            time.sleep(2)
            told = lei.tell("/v1/opportunities", DEAL | {"title": "新", "on": ago(0), "duplicate_reason": "又一批"})
            begun = time.monotonic()
            hint = next(json.loads(line[6:]) for line in lines if line.startswith('data: {"view"'))
            assert time.monotonic() - begun < 3.0  # within a second on a machine with nothing else to do: tests/streams
            assert hint["view"] == "opportunities.standings"
            assert hint["position"] >= told["position"]
        # the table of the meeting: too large to be sent at once here, so it is queued
        seen = lei.position
        chief = Browser(company.people["head"], http)
        small = chief.get("/v1/pipeline", format="csv", min_position=seen)
        assert {row["级别"]: row["数量"] for row in rows(small.content)}["N"] == "8"
        refused = chief.get("/v1/opportunities", format="csv", min_position=seen)
        assert (refused.status_code, refused.json()["code"]) == (413, "table_too_large")
        order = chief.post("/v1/exports", {"path": "/v1/opportunities", "query": "sort=captured_at", "format": "csv"})
        assert order.status_code == 202, order.text
        where = order.headers["location"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (shown := chief.get(where).json())["finished"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert (shown["state"], shown["rows"]) == ("done", 8)
        taken = rows(chief.get(shown["content"]).content)
        assert taken[0]["标题"].startswith("'=更新")
        assert {row["负责人"] for row in taken} == {"lei"}
        assert Browser(mei, http).get(where).status_code == 404
        # and as a workbook that says what it is of
        book = chief.get("/v1/pipeline", format="xlsx", language="en")
        assert not has_formulas(book.content)
        about = {str(name): value for name, value in sheets(book.content)["About"]}
        assert str(about["Taken by"]).startswith("head (")
        # another company finds, hears and takes nothing of it
        outsider = Browser(stranger, http)
        assert outsider.get("/v1/search", q="cq").json()["items"] == []
        assert outsider.get(where).status_code == 404
        # who took what is on record
        audit = Browser(office, http).get("/v1/audit", kind="reads", action="exported").json()["items"]
        assert {"GET /v1/pipeline", "GET /v1/opportunities", "GET /v1/exports/{export_id}/content"} <= {
            entry["route"] for entry in audit
        }
