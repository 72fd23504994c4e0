"""Every table as CSV and as a workbook: the same rows, typed, no formula, whole or not at all, on record."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field

from shared.event_store.store import EventStore
from shared.http import Problem, Router, create_app
from shared.http.columns import AMOUNT, as_kind
from shared.http.reading import Listed, Paged, Report
from shared.http.sheets import guarded
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import KEY_PERSON, Of
from shared.settings import Settings
from shared.testing.workbooks import has_formulas, sheets
from tests.http import toy
from tests.http.conftest import NOW, Client, Faulty, open_tenant

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Line(BaseModel):
    product: str
    product_label: str
    units: int
    unit_price: str | None


class Told(BaseModel):
    text: str
    due_on: date


class Met(BaseModel):
    person_id: UUID
    name: str | None
    layer: str | None


class Row(BaseModel):
    opportunity_id: UUID
    title: str | None
    amount: str | None
    currency: str
    expected_on: date | None
    captured_at: datetime
    units: int
    win_rate: float | None
    overdue: bool
    price: Decimal | None
    lines: list[Line]
    persons_met: list[Met]
    kinds: list[str]
    external_refs: dict[str, str]
    instruction: Told | None
    odd_word: str | None = Field(default=None, title="奇怪的词")


class Rows(BaseModel):
    rows: list[Row]
    as_of: datetime
    position: int
    policy: str


class Finding(BaseModel):
    code: str
    zh: str
    en: str


class Grouped(BaseModel):
    owner: str | None = None
    owner_label: str | None = None
    region: str | None = None
    not_due: Annotated[str, AMOUNT]
    top_share: float
    findings: list[Finding]
    amounts: list[dict[str, str]]


class Shape(BaseModel):
    rows: list[Grouped]
    as_of: datetime
    position: int


class Numbered(BaseModel):
    number: int
    name: str


router = Router(prefix="/v1/jars", tags=["jars"])
FIRST = UUID("11111111-1111-4111-8111-111111111111")


@router.get("/board", operation_id="jars.board", response_model=Rows)
async def board(read: Report, title: str = "=1+1") -> Any:
    """The board."""
    named = await read.kit.vault.get(read.tenant_id, [FIRST], ("name",))
    row = {
        "opportunity_id": FIRST,
        "title": title,
        "amount": "120000.50",
        "currency": "CNY",
        "expected_on": "2026-03-09",
        "captured_at": "2026-03-01T17:00:00+00:00",
        "units": 3,
        "win_rate": 0.25,
        "overdue": True,
        "price": Decimal("9.90"),
        "lines": [
            {"product": "A", "product_label": "轿车", "units": 3, "unit_price": "40000.00"},
            {"product": "B", "product_label": "B", "units": 1, "unit_price": None},
        ],
        "persons_met": [{"person_id": FIRST, "name": named.get(FIRST, {}).get("name"), "layer": "decision"}],
        "kinds": ["industry", "national"],
        "external_refs": {"erp": "77"},
        "instruction": {"text": "去见总经理", "due_on": "2026-03-05"},
    }
    return {"rows": [row], "as_of": read.as_of, "position": 7, "policy": "h7-a15-b30"}


@router.get("/shape", operation_id="jars.shape", response_model=Shape, response_model_exclude_unset=True)
async def shape(read: Report) -> Any:
    """The shape of the shelf (罐架形状): by owner."""
    finding = {"code": "thin_top", "zh": "上口偏窄", "en": "Thin top"}
    row = {
        "owner": "A", "owner_label": "李雷", "not_due": "5.00", "top_share": 0.25, "findings": [finding],
        "amounts": [{"currency": "CNY", "amount": "7.00"}],
    }  # fmt: skip
    return {"rows": [row], "as_of": read.as_of, "position": 7}


@router.get("/numbers", operation_id="jars.numbers")
async def numbers(page: Paged, most: int = 2_500, breaks_at: int | None = None) -> Listed[Numbered]:
    """Numbers in pages."""
    (after,) = page.after(int) or (0,)
    if breaks_at is not None and after >= breaks_at:
        raise Problem(503, "view_behind", headers={"Retry-After": "1"})
    rows = [
        {"number": number, "name": f"n{number}"} for number in range(after + 1, min(most, after + page.limit + 1) + 1)
    ]
    shown, following = page.of(rows, key=lambda row: (row["number"],))
    return Listed(items=[Numbered(**row) for row in shown], next=following)


Opens = Callable[..., AbstractAsyncContextManager[Callable[..., Client]]]


@pytest.fixture
def opens(settings: Settings, store: Faulty, tenant_id: UUID) -> Opens:
    @asynccontextmanager
    async def opened(**chosen: Any) -> AsyncIterator[Callable[..., Client]]:
        given = settings.model_copy(update=chosen)
        app = create_app(
            title="Jars",
            service="jars",
            routers=[router],
            facts=toy.FACTS,
            texts=toy.TEXTS,
            settings=given,
            store=cast(EventStore, store),
            clock=lambda: NOW,
        )
        await open_tenant(store, tenant_id)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://jars") as http,
        ):

            def speaks(*functions: str, person: UUID | None = None) -> Client:
                person = person or uuid4()
                made = Client(http, mint_token(development_key(given.data), tenant_id, person, functions), person)
                made.__dict__["app"] = app
                return made

            yield speaks

    return opened


def read_csv(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8")
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\u00a0@SUM(A1)", "\u200b-2", "\ufeff+3", "\u3000＝1"])
def test_no_text_is_a_formula(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert guarded(f"x{text}") == f"x{text}"


async def test_a_report_is_the_same_in_csv(opens: Opens) -> None:
    async with opens() as speaks:
        answer = await speaks("director").get("/v1/jars/board", params={"format": "csv"}, language="zh-CN")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="jars-board-2026-03-02.csv"'
    header, row = read_csv(answer.content)
    said = dict(zip(header, row, strict=True))
    assert said["标题"] == "'=1+1"
    assert said["金额"] == "120000.50"
    assert said["币种"] == "CNY"
    assert said["预计订车日"] == "2026-03-09"
    assert said["留档时间"] == "2026-03-02 01:00:00"  # by the tenant's clocks
    assert said["台数"] == "3"
    assert said["已过期"] == "是"
    assert said["明细"] == "轿车 × 3 @ 40000.00; B × 1"
    assert said["客户类型" if "客户类型" in said else "种类"] == "industry; national"
    assert said["外部编号"] == "erp: 77"
    assert said["主管指示·内容"] == "去见总经理"
    assert said["主管指示·到期日"] == "2026-03-05"
    assert said["奇怪的词"] == ""


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@x", "\tx", "＝1"])
async def test_no_cell_of_a_csv_is_a_formula(opens: Opens, title: str) -> None:
    async with opens() as speaks:
        answer = await speaks("director").get("/v1/jars/board", params={"format": "csv", "title": title})
    header, row = read_csv(answer.content)
    assert dict(zip(header, row, strict=True))["Title"] == f"'{title}"


async def test_a_workbook_has_typed_cells_and_says_what_it_is_of(opens: Opens) -> None:
    async with opens() as speaks:
        client = speaks("director")
        answer = await client.get("/v1/jars/board", params={"known_at": "0"}, headers={"accept": XLSX})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not has_formulas(answer.content)
    book = sheets(answer.content)
    header, row = book["Data"]
    said = dict(zip(header, [*row, *[None] * len(header)], strict=False))
    assert said["Title"] == "=1+1"  # a text: nothing is worked out
    assert said["Amount"] == 120000.5
    assert said["Units"] == 3
    assert said["Price"] == 9.9
    assert said["Expected on"] == (date(2026, 3, 9) - date(1899, 12, 30)).days
    about = {str(name): value for name, value in book["About"]}
    assert about["Report"] == "The board"
    assert about["Address"] == "/v1/jars/board"
    assert about["Log position"] == "7"
    assert about["As known at"] == "0"
    assert about["Policy"] == "h7-a15-b30"
    assert about["Taken by"] == str(client.person)
    assert about["Taken at"] == "2026-03-02T09:00:00+08:00"
    assert about["Rows"] == "1"


async def test_a_report_has_the_columns_it_was_grouped_by_and_reads_in_one_language(opens: Opens) -> None:
    async with opens() as speaks:
        answer = await speaks("director").get("/v1/jars/shape", params={"format": "xlsx"}, language="zh-CN")
    book = sheets(answer.content)
    header, row = book["数据"]
    assert header[:2] == ["负责人", "负责人姓名"]
    assert dict(zip(header[2:], row[2:], strict=True)) == {
        "未到期": 5.0, "顶部占比": 0.25, "发现": "上口偏窄", "金额": "CNY 7.00"
    }  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.read("xl/worksheets/sheet1.xml").count(b'hidden="1"') == 1, "the owner's id, the name beside it"
        assert b'"0.0%"' in packed.read("xl/styles.xml")
    about = {str(name): value for name, value in book["说明"]}
    assert about["报表"] == "罐架形状"
    assert about["截至"] == "2026-03-02T09:00:00+08:00"


async def test_a_file_holds_all_pages(opens: Opens) -> None:
    async with opens() as speaks:
        answer = await speaks("director").get("/v1/jars/numbers", params={"format": "csv"})
        page = await speaks("director").get("/v1/jars/numbers", params={"format": "csv", "limit": "3"})
    rows = read_csv(answer.content)[1:]
    assert [int(row[0]) for row in rows] == list(range(1, 2_501))
    assert len(read_csv(page.content)) == 4
    assert "link" not in answer.headers


async def test_too_large_a_table_is_refused_before_anything_is_sent(opens: Opens) -> None:
    async with opens(table_rows=1_200) as speaks:
        answer = await speaks("director").get("/v1/jars/numbers", params={"format": "xlsx"})
        assert (answer.status_code, answer.json()["code"], answer.json()["most"]) == (413, "table_too_large", 1_200)
        exact = await speaks("director").get("/v1/jars/numbers", params={"format": "csv", "most": "1200"})
        assert len(read_csv(exact.content)) == 1_201


async def test_what_breaks_in_the_middle_gives_no_file(opens: Opens) -> None:
    async with opens() as speaks:
        answer = await speaks("director").get("/v1/jars/numbers", params={"format": "xlsx", "breaks_at": "1000"})
    assert (answer.status_code, answer.json()["code"]) == (503, "view_behind")


async def test_a_file_counts_against_the_quota_of_the_day(opens: Opens) -> None:
    async with opens(export_rows=1_500) as speaks:
        client = speaks("representative")
        refused = await client.get("/v1/jars/numbers", params={"format": "csv"})
        assert (refused.status_code, refused.json()["code"]) == (429, "export_quota")
        assert refused.json()["left"] == 1_500
        taken = await client.get("/v1/jars/numbers", params={"format": "csv", "most": "1400"})
        assert taken.status_code == 200
        assert "r=100;" in taken.headers["ratelimit"]
        few = await client.get("/v1/jars/numbers", params={"format": "csv", "most": "101"})
        assert few.json()["left"] == 100


async def test_a_file_is_counted_once_as_heavy(opens: Opens) -> None:
    async with opens(limit_heavy=2) as speaks:
        client = speaks("representative")
        for expected in (200, 200, 429):
            answer = await client.get("/v1/jars/numbers", params={"format": "csv"})
            assert answer.status_code == expected


async def test_who_took_a_table_is_on_record(opens: Opens, tenant_id: UUID) -> None:
    async with opens() as speaks:
        client = speaks("director")
        app: FastAPI = client.__dict__["app"]
        with as_tenant(tenant_id):
            await app.state.kit.vault.put(tenant_id, FIRST, {"name": "王强"}, of=Of(KEY_PERSON))
        answer = await client.get("/v1/jars/board", params={"format": "csv"})
        assert "王强" in answer.content.decode()
        with as_tenant(tenant_id):
            rows = await app.state.kit.pool.fetch("select * from privacy.reads order by at")
    assert {row["action"] for row in rows} == {"exported"}
    assert {row["route"] for row in rows} == {"GET /v1/jars/board"}
    assert {row["actor"] for row in rows} == {client.person}
    assert [list(row["subjects"]) for row in rows] == [[], [FIRST]]
    assert "amount" in rows[0]["fields"]
    assert "王强" not in str([tuple(row) for row in rows])


@pytest.mark.parametrize(("query", "status"), [("format=pdf", 422), ("format=", 422), ("format=csv&format=csv", 400)])
async def test_another_format_is_refused(opens: Opens, query: str, status: int) -> None:
    async with opens() as speaks:
        answer = await speaks("director").get(f"/v1/jars/board?{query}")
    assert answer.status_code == status


async def test_json_stays_what_it_was(opens: Opens) -> None:
    async with opens() as speaks:
        client = speaks("director")
        plain = await client.get("/v1/jars/board")
        said = await client.get("/v1/jars/board", params={"format": "json"}, headers={"accept": "application/json"})
    assert plain.json() == said.json()


@pytest.mark.parametrize(
    ("text", "cell"),
    [("-3", -3), ("3", 3), ("-3.50", Decimal("-3.50")), ("+3", "+3"), ("--3", "--3"), ("9" * 15, "9" * 15)],
)
def test_what_is_missing_is_a_number_too(text: str, cell: object) -> None:
    told = as_kind("number", text, ZoneInfo("Asia/Shanghai"), "zh-CN")
    assert (told, type(told)) == (cell, type(cell))
