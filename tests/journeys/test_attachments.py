"""Files of records: attached, seen by who sees the record, taken away, and gone with the person they are about."""

from __future__ import annotations

import hashlib
import io
import secrets
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Person, ago, lines
from tests.stack import PATIENCE_SECONDS, Running

ATTACHMENTS = "/v1/attachments"
PDF = b"%PDF-1.7\n" + b"contract " * 300_000  # some 2.6 MB: three chunks
NAME = '王建国-身份证 "原件".pdf'


@pytest.fixture
def running(tmp_path: Path, own_database_url: str) -> Iterator[Running]:
    running = Running(
        tmp_path, DATABASE_URL=own_database_url, DAKEHU_ATTACHMENT_BYTES="4000000", DAKEHU_ATTACHMENTS_PER_RECORD="4"
    )
    running.start()
    try:
        running.ready()
        yield running
        assert running.end() == 0
    finally:
        running.clear()


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
    company.office.tell("/v1/products", {"code": "A6L", "name": "奥迪 A6L", "currency": "CNY"})
    return company


def send(
    by: Person, content: bytes, name: str = "合同.pdf", *, key: str | None = None, **said: str
) -> tuple[int, dict[str, Any]]:
    answer = by.running.client.post(
        by._url(ATTACHMENTS),
        files={"file": (name, content)},
        data=said,
        headers={"authorization": f"Bearer {by.token}", "idempotency-key": key or secrets.token_hex(8)},
    )
    return answer.status_code, answer.json()


def attach(by: Person, content: bytes, name: str = "合同.pdf", **said: str) -> str:
    status, receipt = send(by, content, name, **said)
    assert status == 201, receipt
    by.position = max(by.position, receipt["position"])
    return str(receipt["id"])


def fetch(by: Person, id: str, **headers: str) -> httpx.Response:
    said = {"authorization": f"Bearer {by.token}", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return by.running.client.get(by._url(f"{ATTACHMENTS}/{id}/content"), headers=said)


def listed(by: Person, record: str, seen: int = 0, **query: str) -> list[dict[str, Any]]:
    return list(by.read(ATTACHMENTS, {"record_id": record, **query}, seen=seen)["items"])


def office_file(*names: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return kept.getvalue()


async def test_files_of_an_order_from_upload_to_erasure(company: Company, own_database_url: str) -> None:
    rep, other = company.people["rep E"], company.people["rep W"]
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})
    version = rep.tell(
        f"/v1/accounts/{account['id']}/add-key-person",
        {"name": "王建国", "phone": "13800138000", "layer": "decision"},
        account["version"],
    )["version"]
    assert version == 2
    person = rep.read(f"/v1/accounts/{account['id']}")["key_persons"][0]["person_id"]
    body = {"account_id": account["id"], "title": "出租车更新", "lines": lines(A6L=3), "on": ago(80)}
    deal = rep.tell(OPPORTUNITIES, body)["id"]
    visit = rep.tell(
        "/v1/visits/log", {"opportunity_ids": [deal], "purpose": "paperwork", "way": "on_site", "on": ago(50)}
    )["id"]
    of_deal = {"record_kind": "opportunity", "record_id": deal}

    # what may be attached
    for content, name, code in (
        (b"", "leer.pdf", "empty_file"),
        (b"MZ\x90\x00" + bytes(200), "合同.pdf", "file_type_refused"),
        (b"<html><script>alert(1)</script>", "a.txt", "file_type_refused"),
        (office_file("a.txt"), "a.docx", "file_type_refused"),
        (office_file("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "a.xlsx", "file_type_refused"),
    ):
        status, said = send(rep, content, name, **of_deal)
        assert (status, said["code"]) == (422, code), name
    assert send(rep, b"%PDF-" + bytes(4_000_000), **of_deal)[0] == 413
    assert send(rep, PDF, record_kind="bid", record_id=deal)[1]["code"] == "unknown_record"
    assert send(rep, PDF, **of_deal, person_ids=account["id"])[1]["code"] == "unknown_person"
    assert send(rep, PDF, **of_deal, nothing="x")[1]["code"] == "validation"
    assert send(rep, PDF, record_id=deal)[1]["code"] == "validation"

    # attached once, however often it is sent; the same bytes are kept once
    status, first = send(
        rep, PDF, NAME, key="once", title="王建国的身份证", category="id", person_ids=person, **of_deal
    )
    assert status == 201, first
    assert (
        send(rep, PDF, NAME, key="once", title="王建国的身份证", category="id", person_ids=person, **of_deal)[1]
        == first
    )
    assert send(rep, b"%PDF-2", NAME, key="once", **of_deal)[1]["code"] == "idempotency_key_reused"
    id = first["id"]
    same = attach(rep, PDF, "同一份.pdf", record_kind="visit", record_id=visit)
    note = attach(rep, "会议纪要：下周签约".encode("gb18030"), "纪要.txt", category="minutes", **of_deal)
    sheet = attach(rep, office_file("[Content_Types].xml", "xl/workbook.xml"), "报价.xlsx", **of_deal)
    connection = await asyncpg.connect(own_database_url)
    try:
        assert await connection.fetchval("select count(*) from es.attachment_contents") == 3
        chunks = await connection.fetch("select content from es.attachment_chunks")
        assert len(chunks) == 5
        assert not any(b"contract" in row["content"] for row in chunks), "sealed"
        events = await connection.fetch("select data::text as data from es.events where stream_type = 'attachment'")
        digest = hashlib.sha256(PDF).hexdigest()
        assert not any("王建国" in row["data"] or digest in row["data"] for row in events)

        rows = {row["id"]: row for row in listed(rep, deal)}
        assert rows[id]["filename"] == NAME
        assert (rows[id]["media_type"], rows[id]["size"], rows[id]["title"]) == (
            "application/pdf", len(PDF), "王建国的身份证",
        )  # fmt: skip
        assert rows[note]["media_type"] == "text/plain"
        assert rows[sheet]["media_type"].endswith("spreadsheetml.sheet")
        assert [row["id"] for row in listed(rep, deal, category="minutes")] == [note]
        assert [row["id"] for row in listed(rep, visit)] == [same]

        # its bytes: whole, in part, not again
        answer = fetch(rep, id)
        assert (answer.status_code, answer.content == PDF) == (200, True)
        assert answer.headers["etag"] == f'"{digest}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        named = answer.headers["content-disposition"]
        assert named.startswith("attachment; ")
        assert named.isascii()
        assert "filename*=UTF-8''%E7%8E%8B" in named
        assert '\\"' not in named and named.count('"') == 2  # noqa: PT018
        assert fetch(rep, id, if_none_match=f'"{digest}"').status_code == 304
        part = fetch(rep, id, range="bytes=1048570-1048585")
        assert (part.status_code, part.content) == (206, PDF[1048570:1048586])
        assert part.headers["content-range"] == f"bytes 1048570-1048585/{len(PDF)}"
        assert fetch(rep, id, range="bytes=-5").content == PDF[-5:]
        beyond = fetch(rep, id, range=f"bytes={len(PDF)}-")
        assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
        reads = await connection.fetch(
            "select subjects, fields from privacy.reads where action = 'exported' and route like '%content'"
        )
        assert len(reads) == 3, "each time bytes were shown"
        assert {str(subject) for row in reads for subject in row["subjects"]} == {id, person}

        # who does not see the record sees no file of it
        assert fetch(other, id).status_code == 404
        assert other.status(f"{ATTACHMENTS}/{id}") == 404
        assert other.status(f"{ATTACHMENTS}?record_id={deal}") == 404
        assert send(other, PDF, **of_deal)[1]["code"] == "unknown_record"
        assert other.send(f"{ATTACHMENTS}/{id}/remove", {"reason": "x"}, 1)[0] == 404

        # limits, removal
        attach(rep, b"%PDF-4", "4.pdf", **of_deal)
        assert send(rep, b"%PDF-5", **of_deal)[1]["code"] == "too_many_attachments"
        rep.tell(f"{ATTACHMENTS}/{sheet}/remove", {"reason": "传错文件"}, 1)
        gone = fetch(rep, sheet)
        assert (gone.status_code, gone.json()["code"]) == (404, "attachment_gone")
        (row,) = listed(rep, deal, status="removed")
        assert (row["id"], row["filename"], row["available"], row["removal_reason"]) == (sheet, None, False, "传错文件")
        assert await connection.fetchval("select count(*) from es.attachment_contents") == 3
        about = {"person_ids": [person]}
        assert rep.send(f"{ATTACHMENTS}/{sheet}/concern", about, 2)[1]["code"] == "attachment_removed"

        # of a filing, a lead and a project: as each is seen; the project's manager works elsewhere
        manager_id = company.hire("manager W", "project_manager", "W")
        manager = company.people["manager W"]
        rep.position = max(rep.position, manager.position)
        filing = {"opportunity_id": deal, "number": "TB-1", "customer_type": "fleet"}
        records = {
            "filing": rep.tell("/v1/filings", filing)["id"],
            "lead": rep.tell("/v1/leads", {"channel": "web"})["id"],
            "project": rep.tell("/v1/projects", {"opportunity_id": deal, "title": "交付", "manager_id": manager_id})[
                "id"
            ],
        }
        for kind, record in records.items():
            one = attach(rep, b"%PDF-" + kind.encode(), record_kind=kind, record_id=record)
            assert fetch(rep, one).status_code == 200, kind
            assert [row["id"] for row in listed(rep, record)] == [one]
            assert fetch(other, one).status_code == 404, kind
            assert fetch(manager, one).status_code == (200 if kind == "project" else 404), kind
            rep.tell(f"{ATTACHMENTS}/{one}/remove", {"reason": "试"}, 1)
        assert await connection.fetchval("select count(*) from es.attachment_contents") == 3

        # said later whom it is about; erased with that person, the same bytes elsewhere too
        rep.tell(f"{ATTACHMENTS}/{note}/concern", {"person_ids": [person]}, 1)
        office = company.office
        said = {"authorization": f"Bearer {office.token}", "idempotency-key": "erase"}
        asked = office.running.client.post(
            office.running.url("DAKEHU_ACCOUNTS_PORT") + f"/v1/persons/{person}/erase",
            json={"reason": "request"}, headers=said,
        )  # fmt: skip
        assert asked.status_code == 202, asked.text
        assert fetch(rep, id).status_code in (404, 409), "from the answer on"
        done = finished(office, asked.json()["id"])
        assert (done["state"], done["result"]["attachments"]) == ("done", 2), done
        for one in (id, same, note):
            assert fetch(rep, one).json()["code"] == "attachment_gone"
        assert await connection.fetchval("select count(*) from es.attachment_contents") == 1
        assert await connection.fetchval("select count(*) from es.attachment_chunks") == 1
        left = {row["id"]: row for row in listed(rep, deal)}
        assert (left[id]["filename"], left[id]["title"], left[id]["available"], left[id]["size"]) == (
            None, None, False, len(PDF),
        )  # fmt: skip
        status, refused = send(rep, b"%PDF-6", person_ids=person, **of_deal)
        assert (status, refused["code"]) == (409, "person_erased")
        assert send(rep, PDF, NAME, key="once", title="王建国的身份证", category="id", person_ids=person, **of_deal)[
            1
        ] == (first), "the first answer, and nothing comes back"
        assert fetch(rep, id).status_code == 404
        assert await connection.fetchval("select count(*) from es.attachment_uses") == 1
    finally:
        await connection.close()


def finished(by: Person, operation: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        said = by.running.client.get(
            by.running.url("DAKEHU_ACCOUNTS_PORT") + f"/v1/operations/{operation}",
            headers={"authorization": f"Bearer {by.token}"},
        ).json()
        if said["finished"]:
            return dict(said)
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
