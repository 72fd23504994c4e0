"""Imports over HTTP: what is taken, what is refused at once, and what is told afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.accounts.main import make_app as accounts_app
from services.kpi.main import make_app as kpi_app
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.imports.test_import_changes import MAPPING, sheet
from tests.journeys.importing import Desk, desk


@pytest.fixture
async def at_desk(own_database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(own_database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A file of two good rows and a bad one, and its mapping."""
    file, mapping = tmp_path / "deals.csv", tmp_path / "deals.yaml"
    file.write_text(sheet({"no": "1"}, {"no": "2", "stage": "sold"}, {"no": "3"}), encoding="utf-8")
    mapping.write_text(MAPPING, encoding="utf-8")
    return file, mapping


async def test_an_import_tells_its_report_and_the_problems_of_its_rows(at_desk: Desk, files: tuple[Path, Path]) -> None:
    done = await at_desk.imported(*files)
    assert (done["state"], done["file"], done["done"], done["total"]) == ("done", "deals.csv", 3, 3)
    assert [done[count] for count in ("created", "changed", "unchanged", "problems")] == [2, 0, 0, 1]
    assert done["opened"] == {"unit": 0, "person": 1, "account": 1, "product": 1}
    (problem,) = (await at_desk.read(f"/v1/imports/{done['id']}/problems"))["items"]
    assert (problem["line"], problem["column"], problem["code"]) == (3, "stage", "unmapped")
    assert problem["params"] == {"value": "sold"}
    chinese = await at_desk.http.get(
        f"/v1/imports/{done['id']}/problems", headers={"authorization": f"Bearer {at_desk.token}"}
    )
    assert chinese.json()["items"][0]["message"] == "映射中没有这个值"
    assert [one["id"] for one in (await at_desk.read("/v1/imports"))["items"]] == [done["id"]]
    assert (await at_desk.read(f"/v1/operations/{done['id']}"))["state"] == "done"
    read = await at_desk.read("/v1/opportunities", min_position=done["position"])
    assert {item["external_refs"]["old_crm"] for item in read["items"]} == {"1", "3"}


async def test_a_retried_request_is_one_import(at_desk: Desk, files: tuple[Path, Path]) -> None:
    first = await at_desk.send(*files, key="once")
    again = await at_desk.send(*files, key="once")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = await at_desk.send(*files, key="once", dry_run="true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    cancelled = await at_desk.post(f"/v1/imports/{first.json()['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled"


async def test_a_bad_mapping_is_refused_with_every_path(at_desk: Desk, files: tuple[Path, Path]) -> None:
    file, mapping = files
    mapping.write_text(MAPPING.replace("reaches: captured", "reaches: heaven") + "colour: red\n", encoding="utf-8")
    answer = await at_desk.send(file, mapping)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "mapping_refused")
    assert {part["pointer"] for part in told["errors"]} == {"/mapping/stage/values/new/reaches", "/mapping/colour"}
    mapping.write_text(MAPPING.replace("title: title", "title: heading"), encoding="utf-8")
    told = (await at_desk.send(file, mapping)).json()
    assert [part["params"]["path"] for part in told["errors"]] == ["title.column"]
    assert (await at_desk.read("/v1/imports"))["items"] == []


async def test_what_is_no_import_is_refused(at_desk: Desk, files: tuple[Path, Path], tmp_path: Path) -> None:
    workbook = tmp_path / "deals.xlsx"
    workbook.write_bytes(b"PK\x03\x04 not text")
    answer = await at_desk.send(workbook, files[1])
    assert (answer.status_code, answer.json()["code"]) == (422, "file_refused")
    assert [part["code"] for part in answer.json()["errors"]] == ["not_text"]
    headers = {"authorization": f"Bearer {at_desk.token}", "idempotency-key": "x"}
    answer = await at_desk.http.post("/v1/imports", json={}, headers=headers)
    assert answer.status_code == 415
    answer = await at_desk.http.post("/v1/imports", files={"file": ("f", b"a")}, headers=headers)
    assert (answer.status_code, [part["pointer"] for part in answer.json()["errors"]]) == (422, ["/mapping"])
    assert (await at_desk.http.get(f"/v1/imports/{uuid4()}", headers=headers)).status_code == 404


@pytest.mark.parametrize("name", [b"a\x00b.csv", b"a" * 301])
async def test_a_file_name_that_cannot_be_kept_is_refused(at_desk: Desk, files: tuple[Path, Path], name: bytes) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n\r\n%b\r\n'
    parts = ((b"file", name, files[0].read_bytes()), (b"mapping", b"m", files[1].read_bytes()))
    answer = await at_desk.http.post(
        "/v1/imports",
        content=b"".join(part % given for given in parts) + b"--b--\r\n",
        headers={
            "authorization": f"Bearer {at_desk.token}",
            "idempotency-key": "x",
            "content-type": "multipart/form-data; boundary=b",
        },
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_text")


@pytest.mark.parametrize(
    ("function", "status"),
    [("director", 202), ("head_office", 202), ("auditor", 403), ("department_head", 403), ("representative", 403)],
)
async def test_only_who_sees_everything_imports(
    at_desk: Desk, files: tuple[Path, Path], function: str, status: int
) -> None:
    office = at_desk.office
    key = development_key(office.settings.data)
    at_desk.token = mint_token(key, office.tenant_id, uuid4(), (function,), office.root_id)
    assert (await at_desk.send(*files)).status_code == status


async def test_a_file_beyond_the_limit_is_refused(
    own_database_url: str, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    async with desk(own_database_url, tmp_path, Settings(data=tmp_path, max_upload_bytes=2_000)) as at_desk:
        files[0].write_text(sheet(*({"no": str(number)} for number in range(100))), encoding="utf-8")
        answer = await at_desk.send(*files)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_every_service_takes_imports(at_desk: Desk, files: tuple[Path, Path]) -> None:
    office = at_desk.office
    for make in (accounts_app, kpi_app):
        app = make(store=office.store, settings=office.settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://other") as http,
        ):
            other = Desk(office, http, at_desk.token)
            assert (await other.send(*files, dry_run="true")).status_code == 202
            assert (await other.send(files[1], files[0])).status_code == 422
