"""A person is erased while views are rebuilt and the feed is read: a marker that was everywhere is nowhere any more."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.stack import DAKEHU, ROOT, Running

PATIENCE_SECONDS = 60.0
FIGURES = ("/v1/pipeline", "/v1/outcomes", "/v1/defeats/analysis", "/v1/hot-customers", "/v1/kpi/funnel")
MAPPING = """\
version: 1
external: {system: old_crm, column: no}
title: title
contact: {name: name, phone: phone, mail: mail}
captured_on: captured
remark: remark
stage: {column: stage, values: {new: {reaches: captured}}}
"""
ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
TABLES = """
select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
   and n.nspname not like 'pg\\_%'
"""


class Marker:
    """What one person is known by: nothing like it is anywhere else."""

    def __init__(self) -> None:
        self.name = f"王标记{secrets.token_hex(4)}"
        self.digits = f"199{secrets.randbelow(10**8):08}"
        self.mail = f"{secrets.token_hex(5)}@marker.example"
        self.phone = f"{self.digits[:3]} {self.digits[3:7]} {self.digits[7:]}"
        """As it is written; it is kept and told in other forms too."""

    @property
    def said(self) -> dict[str, str]:
        return {"name": self.name, "phone": self.phone, "mail": self.mail}

    def texts(self) -> set[str]:
        """Every form it may be found in."""
        return {self.name, self.name[3:], self.digits, self.phone, self.phone.replace(" ", "-"), self.mail}

    def found_in(self, text: str) -> bool:
        plain = text.casefold()
        return any(form.casefold() in plain for form in self.texts())

    def found_in_bytes(self, content: bytes) -> bool:
        forms = {form.encode(encoding) for form in self.texts() for encoding in ENCODINGS}
        forms |= {json.dumps(form)[1:-1].encode() for form in self.texts()}
        return any(form in content for form in forms)

    def found_in_row(self, text: str) -> bool:
        """In a row as text: bytes are in hex there."""
        hexed = {form.encode(encoding).hex() for form in self.texts() for encoding in ENCODINGS}
        return self.found_in(text) or any(form in text for form in hexed)


class Desk:
    """The head office at the front door."""

    def __init__(self, running: Running) -> None:
        self.http = httpx.Client(
            base_url=running.url(),
            headers={"authorization": f"Bearer {running.token}", "accept-language": "en"},
            timeout=30,
        )

    def read(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params or None)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def post(self, path: str, body: Any, *, key: str | None = None, version: int | None = None) -> httpx.Response:
        headers = {"idempotency-key": key or secrets.token_hex(8)}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        return self.http.post(path, json=body, headers=headers)

    def made(self, path: str, body: Any, **given: Any) -> dict[str, Any]:
        answer = self.post(path, body, **given)
        assert answer.status_code in (200, 201, 202), (path, answer.text)
        return dict(answer.json())

    def send(self, name: str, content: bytes, *, key: str) -> str:
        answer = self.http.post(
            "/v1/imports",
            files=[("file", (name, content)), ("mapping", ("mapping.yaml", MAPPING.encode()))],
            headers={"idempotency-key": key},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def attach(self, name: str, content: bytes, *, key: str, **said: str) -> str:
        answer = self.http.post(
            "/v1/attachments", files=[("file", (name, content))], data=said, headers={"idempotency-key": key}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def finished(self, operation: str) -> dict[str, Any]:
        """The operation when it is over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            shown = self.read(f"/v1/operations/{operation}")
            if shown["finished"]:
                return dict(shown)
            assert time.monotonic() < deadline, shown
            time.sleep(0.1)


class Reader(threading.Thread):
    """Reads the feed from its beginning, again and again."""

    def __init__(self, desk: Desk, marker: Marker) -> None:
        super().__init__(daemon=True)
        self.desk = desk
        self.marker = marker
        self.over = threading.Event()
        self.rounds = 0
        self.seen = ""

    def run(self) -> None:
        with self.desk.http:
            self._read()

    def _read(self) -> None:
        while not self.over.is_set():
            after = "0"
            while page := self.desk.read("/v1/events", after=after, limit=1_000):
                text = json.dumps(page, ensure_ascii=False)
                if self.marker.found_in(text):
                    self.seen = text
                if not page["items"]:
                    break
                after = page["next"]
            self.rounds += 1


@pytest.fixture
def running(tmp_path: Path, own_database_url: str) -> Iterator[Running]:
    running = Running(tmp_path, DATABASE_URL=own_database_url)
    running.start()
    try:
        running.ready()
        yield running
    finally:
        running.clear()


@pytest.fixture
def desk(running: Running) -> Iterator[Desk]:
    desk = Desk(running)
    with desk.http:
        yield desk


class Story:
    """One person at one customer, in every place a person can be in."""

    def __init__(self, desk: Desk, marker: Marker) -> None:
        self.desk = desk
        self.marker = marker
        said = marker.said
        self.account = desk.made("/v1/accounts", {"name": "华东物流"}, key="account")["id"]
        self.key_person = said | {"layer": "decision", "post": "采购总监", "remark": f"{marker.name}喜欢下棋"}
        desk.made(f"/v1/accounts/{self.account}/add-key-person", self.key_person, key="person", version=1)
        self.person = desk.read(f"/v1/accounts/{self.account}")["key_persons"][0]["person_id"]
        self.capture = {
            "account_id": self.account,
            "title": "出租车更新",
            "contact": said,
            "remark": f"{marker.name}（{marker.digits}）说年底定",
        }
        self.deal = desk.made("/v1/opportunities", self.capture, key="deal")["id"]
        told = {
            "account_id": self.account,
            "opportunity_ids": [self.deal],
            "purpose": "push_forward",
            "way": "on_site",
            "persons_met": [{"person_id": self.person, "layer": "decision"}],
            "narrative": f"与{marker.name}面谈，回电 {marker.phone.replace(' ', '-')} 或 {marker.mail}。",
        }
        self.visit = desk.made("/v1/visits/log", told, key="visit")["id"]
        desk.made(f"/v1/visits/{self.visit}/review", {"comment": f"请{marker.name}来厂"}, key="review", version=1)
        self.letter = f"{marker.name}的授权书，电话 {marker.phone}，{marker.mail}\n".encode()
        of_deal = {"record_kind": "opportunity", "record_id": self.deal}
        self.attached = {"title": f"{marker.name}授权书", "person_ids": self.person, **of_deal}
        self.attachment = desk.attach(f"{marker.name}.txt", self.letter, key="attached", **self.attached)
        self.other = desk.attach(f"{marker.name}的名片.txt", b"a card", key="card", **of_deal)
        rows = (
            "no,title,captured,stage,name,phone,mail,remark\n"
            f"1,公务车,2025-01-05,new,{marker.name},{marker.phone},{marker.mail},{marker.name}推荐\n"
            f"2,班车,2025-01-06,{marker.name},李四,13500135000,,\n"
        )
        self.file = rows.encode("gb18030")
        self.import_ = desk.send(f"{marker.name}.csv", self.file, key="import")
        done = desk.finished(self.import_)
        assert (done["state"], done["problems"]) == ("done", 1)
        desk.made(f"/v1/persons/{self.person}/reveal", {"fields": ["phone"], "purpose": f"打给{marker.name}"})
        self.change = {"person_id": self.person, "phone": marker.digits}
        desk.made(f"/v1/accounts/{self.account}/change-key-person", self.change, key="change", version=2)


def everything(desk: Desk, ids: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Every GET there is, with the ids there are; its path and what it answers."""
    for path, operations in desk.read("/openapi.json")["paths"].items():
        if "get" not in operations:
            continue
        name = path.partition("{")[2].partition("}")[0]
        for id in ids.get(name, []) if name else [""]:
            brief = {"seconds": "0"} if path.endswith("/stream") else None  # else it lasts its hour
            answer = desk.http.get(path.replace("{" + name + "}", id), params=brief)
            yield path, answer.text


async def rows_with(marker: Marker, url: str) -> list[str]:
    """Tables that hold it, in any column and form."""
    connection = await asyncpg.connect(url)
    try:
        found = []
        for table in [row["name"] for row in await connection.fetch(TABLES)]:
            for row in await connection.fetch(f"select t::text as said from {table} t"):
                if marker.found_in_row(row["said"]):
                    found.append(f"{table}: {row['said'][:300]}")
        return found
    finally:
        await connection.close()


def files_with(marker: Marker, folder: Path) -> list[str]:
    """Files of the data folder, and what the processes said, that hold it."""
    return [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and marker.found_in_bytes(file.read_bytes())
    ]


def figures(desk: Desk) -> dict[str, Any]:
    """What is counted, without when it was asked and how far the log had come."""
    position = desk.read("/v1/events/head")["position"]
    told = {path: desk.read(path, min_position=position) for path in FIGURES}
    return {path: {name: said[name] for name in said.keys() - {"as_of", "position"}} for path, said in told.items()}


async def test_a_marker_that_was_everywhere_is_nowhere(running: Running, desk: Desk, own_database_url: str) -> None:
    marker = Marker()
    story = Story(desk, marker)
    ids = {
        "account_id": [story.account],
        "opportunity_id": [story.deal],
        "visit_id": [story.visit],
        "person_id": [story.person],
        "import_id": [story.import_],
        "attachment_id": [story.attachment, story.other],
        "operation_id": [story.import_],
    }
    before = figures(desk)
    assert before["/v1/pipeline"]["rows"]
    held = {row.partition(":")[0] for row in await rows_with(marker, own_database_url)}
    assert held == {"es.operations", "es.operation_problems", "privacy.reads"}, "all else is encrypted, or not there"
    shown = {path for path, text in everything(desk, ids) if marker.found_in(text)}
    assert {"/v1/accounts/{account_id}", "/v1/visits", "/v1/imports/{import_id}/problems", "/v1/imports"} <= shown
    assert {"/v1/attachments/{attachment_id}", "/v1/attachments/{attachment_id}/content"} <= shown

    rebuild = subprocess.Popen(
        [str(DAKEHU), "rebuild"], cwd=ROOT, env=running.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    reader = Reader(Desk(running), marker)
    reader.start()
    asked = desk.made(f"/v1/persons/{story.person}/erase", {"reason": "request"}, key="erase")
    os.kill(running.pid("work"), signal.SIGKILL)  # wherever it is: another worker goes on
    done = desk.finished(asked["id"])
    assert (done["state"], done["error"]) == ("done", None)
    assert len(done["result"]["erased"]) == 3, "key person, contact of the deal, contact of the import"
    assert done["result"]["attachments"] == 1, "the one that is about the person"
    assert desk.http.get(f"/v1/attachments/{story.attachment}/content").json()["code"] == "attachment_gone"
    assert desk.http.get(f"/v1/attachments/{story.other}/content").content == b"a card"
    told, _ = rebuild.communicate(timeout=PATIENCE_SECONDS)
    assert rebuild.returncode == 0, told
    reader.over.set()
    reader.join(PATIENCE_SECONDS)
    assert reader.rounds > 0
    assert reader.seen == ""

    async def nowhere(when: str) -> None:
        assert await rows_with(marker, own_database_url) == [], when
        assert files_with(marker, running.data.parent) == [], when
        assert [path for path, text in everything(desk, ids) if marker.found_in(text)] == [], when
        assert not marker.found_in_bytes(told), when

    await nowhere("erased")
    assert figures(desk) == before
    (person,) = desk.read(f"/v1/accounts/{story.account}")["key_persons"]
    assert (person["person_id"], person["layer"], person["post"], person["name"]) == (
        story.person,
        "decision",
        "采购总监",
        None,
    )
    assert desk.read("/v1/events", types="PersonErased")["items"][0]["data"]["subject_id"] == story.person

    # what was asked once is asked again: under its key, under a new one, as the same file
    assert desk.post("/v1/opportunities", story.capture, key="deal").status_code == 201  # the first answer
    attached = desk.attach(f"{marker.name}.txt", story.letter, key="attached", **story.attached)
    assert attached == story.attachment, "the first answer"
    again = desk.post(f"/v1/accounts/{story.account}/add-key-person", story.key_person, key="person", version=1)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    for key, version in (("change", 2), ("another", 3)):
        no = desk.post(f"/v1/accounts/{story.account}/change-key-person", story.change, key=key, version=version)
        assert (no.status_code, no.json()["code"]) == (409, "person_erased"), key
    assert desk.send(f"{marker.name}.csv", story.file, key="import") == story.import_
    await nowhere("sent again under the same keys")
    same_file = desk.finished(desk.send("again.csv", story.file, key="import again"))
    assert (same_file["state"], same_file["problems"]) == ("done", 2)
    problems = desk.read(f"/v1/operations/{same_file['id']}/problems")["items"]
    assert {problem["code"] for problem in problems} == {"person_erased", "unmapped"}
    assert figures(desk) == before
    assert desk.read(f"/v1/accounts/{story.account}")["key_persons"] == [person]
    assert running.dakehu("verify").returncode == 0
