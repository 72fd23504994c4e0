"""Every way to be refused, in both languages, and nothing of our insides."""

from __future__ import annotations

import json
from typing import Any, Literal
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field, ValidationError

from shared.http.errors import invalid
from shared.http.problem import LANGUAGES as BOTH
from shared.http.problem import At, Catalogue, Problem
from shared.http.texts import TEXTS
from tests.http.conftest import Client, Speaks, open_tenant

LANGUAGES = pytest.mark.parametrize("language", ["zh-CN", "en"])


def said(answer: httpx.Response, status: int, code: str, language: str = "en") -> dict[str, Any]:
    """The problem document, checked for what all have in common."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == language
    assert answer.headers["x-content-type-options"] == "nosniff"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"], document["type"]) == (status, code, f"/problems/{code}")
    assert len(document["trace_id"]) == 32
    assert document["trace_id"] in answer.headers["traceparent"]
    chinese = any("\u4e00" <= character <= "\u9fff" for character in document["title"] + document["detail"])
    assert chinese == (language == "zh-CN")
    return document


@LANGUAGES
async def test_without_a_token_nothing_is_even_read(http: httpx.AsyncClient, language: str) -> None:
    for path in ("/v1/jars", "/v1/nowhere", "/v1/jars/not-an-id"):
        answer = await http.post(
            path, content=b'{"broken', headers={"accept-language": language, "content-type": "application/json"}
        )
        said(answer, 401, "unauthenticated", language)
        assert answer.headers["www-authenticate"] == 'Bearer realm="dakehu"'


@LANGUAGES
async def test_addresses_methods_and_defects(head_office: Client, language: str) -> None:
    said(await head_office.get("/v1/nowhere", language=language), 404, "not_found", language)
    said(await head_office.get(f"/v1/jars/{uuid4()}", language=language), 404, "not_found", language)
    said(await head_office.get("/v1/jars/", language=language), 404, "not_found", language)
    answer = await head_office.http.request(
        "DELETE", "/v1/jars", headers={"authorization": f"Bearer {head_office.token}", "accept-language": language}
    )
    said(answer, 405, "method_not_allowed", language)
    assert answer.headers["allow"] == "GET, POST"
    literal = await head_office.get("/v1/jars/pour", language=language)  # not a jar called pour
    said(literal, 405, "method_not_allowed", language)
    assert literal.headers["allow"] == "POST"
    defect = said(await head_office.get("/v1/toys/broken", language=language), 500, "internal", language)
    assert "secret" not in str(defect)
    assert "RuntimeError" not in str(defect)


@LANGUAGES
async def test_validation_points_at_each_part(head_office: Client, language: str) -> None:
    answer = await head_office.post(
        "/v1/jars",
        {"label": "", "price": "1.234", "opened_at": "2026-01-01T00:00:00", "marks": ["a", 1], "x~/y": 1},
        language=language,
    )
    document = said(answer, 422, "validation", language)
    found = {(part["in"], part["pointer"], part["code"]) for part in document["errors"]}
    assert found == {
        ("body", "/label", "too_short"),
        ("body", "/price", "too_precise"),
        ("body", "/opened_at", "zone_missing"),
        ("body", "/marks/1", "not_text"),
        ("body", "/x~0~1y", "unknown_field"),
    }
    assert all(part["detail"] for part in document["errors"])
    path = said(await head_office.get("/v1/jars/7", language=language), 422, "validation", language)
    assert path["errors"][0] | {"detail": ""} == {
        "in": "path",
        "pointer": "/jar_id",
        "code": "not_uuid",
        "detail": "",
        "params": {},
    }
    query = said(await head_office.get("/v1/jars?limit=0", language=language), 422, "validation", language)
    assert (query["errors"][0]["in"], query["errors"][0]["code"]) == ("query", "too_small")
    assert (await head_office.get("/v1/jars?limit=1001")).status_code == 422


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"label": "a\\u0000b"}', "invalid_text"),
        (b'{"label": "a\\ud800b"}', "invalid_text"),
        (b'{"label": "a\\udc00b"}', "invalid_text"),
        (b'{"label": "a\x00b"}', "invalid_json"),
        (b'{"label": "\xff"}', "invalid_text"),
        ('{"label": "大客户"}'.encode("gbk"), "invalid_text"),
        (b'{"label": "a", "label": "b"}', "duplicate_name"),
        (b'{"label": "a:b", "price": "1", "price": "2"}', "duplicate_name"),
        (b'{"label": "a"} trailing', "invalid_json"),
        (b'{"label": "a",}', "invalid_json"),
        (b'{"label": NaN}', "invalid_json"),
        (b'{"label": Infinity}', "invalid_json"),
        (b"", "validation"),
        (b"null", "validation"),
        (b"[]", "validation"),
        (b'{"marks": ' + b"[" * 40 + b"]" * 40 + b"}", "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"label": "a", "marks": [' + b"1," * 3_000 + b"1]}", "too_long"),
    ],
)
async def test_bad_json_is_refused(head_office: Client, body: bytes, code: str) -> None:
    answer = await head_office.post("/v1/jars", content=body, headers={"content-type": "application/json"})
    if code == "validation" and answer.json()["code"] == "invalid_json":
        code = "invalid_json"  # nothing at all is not JSON either
    said(answer, 422, code)


@pytest.mark.parametrize(
    "price",
    [
        "1e400",
        "1e5000",
        "100000000000000000000",
        "9007199254740993123",
        '"NaN"',
        '"Infinity"',
        '"-inf"',
        "true",
        '"１２,"',
    ],
)
async def test_bad_numbers_are_refused(head_office: Client, price: str) -> None:
    answer = await head_office.post(
        "/v1/jars", content=f'{{"label": "n", "price": {price}}}', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("label", ["𠮷野家", "\u202eabc", "a\u200db", "ﾃｽﾄ", "é", "e\u0301", "emoji 😀"])
async def test_odd_text_is_kept_as_it_is(head_office: Client, label: str) -> None:
    jar = await head_office.jar(label)
    assert (await head_office.get(f"/v1/jars/{jar}")).json()["label"] == label


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-01T24:00:01+08:00",
        "2026-01-01T10:60:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00+25:00",
        "0000-01-01",
    ],
)
async def test_bad_instants_are_refused(head_office: Client, moment: str) -> None:
    assert (await head_office.post("/v1/jars", {"label": "t", "opened_at": moment})).status_code == 422


@pytest.mark.parametrize(
    "body",
    [{"opened_at": 0}, {"opened_at": "0"}, {"opened_at": "1700000000.5"}, {"opened_at": "2026-01-01"}, {"marks": "ab"}],
)
async def test_a_body_is_taken_to_the_letter(head_office: Client, body: dict[str, Any]) -> None:
    said(await head_office.post("/v1/jars", {"label": "x", **body}), 422, "validation")


async def test_numbers_are_not_taken_from_text_or_truth(head_office: Client) -> None:
    jar = await head_office.jar()
    for sweets in ("5", True, 1.5, "yes", None):
        said(await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": sweets}), 422, "validation")


async def test_bodies_of_another_kind_are_refused(head_office: Client) -> None:
    for kind in ("text/plain", "application/xml", "application/json; charset=gbk", "multipart/form-data; boundary=x"):
        answer = await head_office.post("/v1/jars", content=b'{"label": "a"}', headers={"content-type": kind})
        said(answer, 415, "unsupported_media_type")
        assert answer.headers["accept-post"] == "application/json"
    bare = await head_office.post("/v1/jars", content=b'{"label": "a"}')
    said(bare, 415, "unsupported_media_type")
    packed = await head_office.post("/v1/jars", {"label": "a"}, headers={"content-encoding": "gzip"})
    said(packed, 415, "unsupported_media_type")


async def test_too_large_a_body_is_refused_declared_or_not(head_office: Client) -> None:
    big = b'{"label": "' + b"a" * 1_100_000 + b'"}'
    said(
        await head_office.post("/v1/jars", content=big, headers={"content-type": "application/json"}), 413, "too_large"
    )

    async def chunks() -> Any:
        for _ in range(30):
            yield b"x" * 50_000

    said(
        await head_office.post("/v1/jars", content=chunks(), headers={"content-type": "application/json"}),
        413,
        "too_large",
    )


@LANGUAGES
async def test_unknown_and_repeated_parameters_are_refused(head_office: Client, language: str) -> None:
    document = said(
        await head_office.get("/v1/jars?stage=won&limit=3", language=language), 400, "unknown_parameter", language
    )
    assert "stage" in document["detail"]
    said(await head_office.get("/v1/jars?limit=3&limit=4", language=language), 400, "duplicate_parameter", language)
    said(
        await head_office.post("/v1/jars?dry=1", {"label": "a"}, language=language), 400, "unknown_parameter", language
    )
    said(await head_office.get("/v1/jars?starts=%00", language=language), 422, "invalid_text", language)
    said(await head_office.get("/v1/jars?starts=%ED%A0%80", language=language), 422, "invalid_text", language)
    assert (await head_office.get("/v1/jars/%00")).status_code == 404
    for end in ("%0a", "%0D%0A", "%7f"):  # a line end would stand in headers of the answer, Location for one
        answer = await head_office.post(f"/v1/jars{end}", json={"label": "a"}, headers={"idempotency-key": end})
        assert answer.status_code == 404, (end, answer.text)
        assert (await head_office.get(f"/v1/jars{end}")).status_code == 404


async def test_headers_that_decide_may_be_given_once(head_office: Client) -> None:
    headers = [
        ("authorization", f"Bearer {head_office.token}"),
        ("idempotency-key", "a"),
        ("idempotency-key", "b"),
        ("accept-language", "en"),
    ]
    said(await head_office.http.post("/v1/jars", json={"label": "a"}, headers=headers), 400, "duplicate_header")


async def test_ids_are_read_strictly_enough(head_office: Client) -> None:
    jar = await head_office.jar()
    assert (await head_office.get(f"/v1/jars/{jar.upper()}")).status_code == 200
    for id in (f"{jar}/../x", f"{jar}%2Fadd", "..%2f..%2fetc", "-1", "0x10"):
        assert (await head_office.get(f"/v1/jars/{id}")).status_code in (404, 405, 422)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "token",
        "Bearer \u00e9",
    ],
)
async def test_a_bad_token_is_refused(http: httpx.AsyncClient, authorization: str) -> None:
    answer = await http.get("/v1/me", headers=[(b"authorization", authorization.encode()), (b"accept-language", b"en")])
    said(answer, 401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_tenant_nobody_opened_is_refused(speaks: Speaks) -> None:
    said(await speaks("head_office", tenant=uuid4()).get("/v1/me"), 403, "unknown_tenant")


@LANGUAGES
async def test_a_view_behind_says_how_far(head_office: Client, language: str) -> None:
    answer = await head_office.get("/v1/toys/behind", language=language)
    document = said(answer, 503, "view_behind", language)
    assert (document["behind"], document["view"], answer.headers["retry-after"]) == (3, "jars.shelf", "1")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh;q=0.5, en;q=0.4", "zh-CN"),
        ("fr", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("zh-TW;q=0.1, en-US;q=0.2", "en"),
        (",;q=,=", "zh-CN"),
        ("en;q=x", "zh-CN"),
    ],
)
async def test_the_language_is_negotiated(head_office: Client, accept: str, language: str) -> None:
    assert (await head_office.get("/v1/nowhere", language=accept)).headers["content-language"] == language


async def test_every_problem_is_explained(http: httpx.AsyncClient) -> None:
    for code in [*TEXTS, "jar_sealed"]:
        answer = await http.get(f"/problems/{code}")
        assert answer.status_code == 200
        assert answer.json()["title"].keys() == answer.json()["detail"].keys() == {"zh-CN", "en"}
    assert (await http.get("/problems/nonsense")).status_code == 404


async def test_two_tenants_never_meet(speaks: Speaks, app: FastAPI) -> None:
    other_tenant = uuid4()
    await open_tenant(app.state.kit.store, other_tenant)
    jar = await speaks("head_office").jar()
    stranger = speaks("head_office", tenant=other_tenant)
    assert (await stranger.get(f"/v1/jars/{jar}")).status_code == 404
    assert (await stranger.post(f"/v1/jars/{jar}/add", {"sweets": 1}, version=1)).status_code == 404
    assert (await stranger.get("/v1/jars")).json()["items"] == []


@pytest.mark.parametrize("params", [None, {"known": "a, b"}])
def test_the_sentence_of_a_problem_holds_what_its_error_tells(params: dict[str, str] | None) -> None:
    catalogue = Catalogue({"wrong": ("错", "Wrong", "应为 {known}。", "One of {known}.", 422)})
    problem = Problem(422, "wrong", errors=(At("/x", "wrong", params={"known": "a, b"}, where="query"),), params=params)
    for language, sentence in zip(BOTH, ("应为 a, b。", "One of a, b."), strict=True):
        document = json.loads(catalogue.render(problem, language, instance="/", trace_id=""))
        assert document["detail"] == document["errors"][0]["detail"] == sentence


def test_a_wrong_item_does_not_also_make_its_list_too_short() -> None:
    class Named(BaseModel):
        words: frozenset[Literal["a", "b"]] = Field(min_length=1)

    with pytest.raises(ValidationError) as wrong:
        Named.model_validate({"words": ["c"]})
    [told] = invalid(wrong.value.errors()).errors
    assert (told.pointer, told.code) == ("/words/0", "not_in_list")

    class Line(BaseModel):
        figure: int

    class Said(BaseModel):
        lines: tuple[Line, ...] = Field(min_length=1)

    with pytest.raises(ValidationError) as inside:
        Said.model_validate({"lines": [{}]})
    assert [error.pointer for error in invalid(inside.value.errors()).errors] == ["/lines/0/figure"]
    with pytest.raises(ValidationError) as empty:
        Named.model_validate({"words": []})
    assert [error.code for error in invalid(empty.value.errors()).errors] == ["too_short"]
