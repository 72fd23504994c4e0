"""An ERP is connected: it begins with a copy, is told of every deal, falls over, catches up, and asks for it all again.

Two branches, two companies; the integrator of one branch is told of that branch alone, and learns when a record leaves.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from dakehu_client import Client, Event, MemoryCursor, Verifier

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago, lines
from tests.stack import Running


class Erp:
    """Another system's receiver: it proves itself, verifies what comes, keeps it, and may be down."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.down = False
        self.events: list[Event] = []
        self.replayed: list[tuple[str, Event]] = []
        self.refused: list[str] = []
        self._lock = threading.Lock()

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        said = json.loads(body)
        if said["type"] == "webhook.ping":  # before the secret could be known here
            return 200, json.dumps({"challenge": said["data"]["challenge"]}).encode()
        if self.down:
            return 500, b"being mended"
        with self._lock:
            event = Verifier(*self.secrets).verify(headers, body)
            if replay := headers.get("webhook-replay"):
                self.replayed.append((replay, event))
            else:
                self.events.append(event)
        return 204, b""


@contextmanager
def listening(erp: Erp) -> Iterator[str]:
    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                status, answer = erp.answer({name.lower(): value for name, value in self.headers.items()}, body)
            except Exception as error:  # noqa: BLE001 - told by the test
                erp.refused.append(repr(error))
                status, answer = 400, b""
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
    for code in ("A6L", "Q5"):
        company.office.tell("/v1/products", {"code": code, "name": f"奥迪 {code}", "currency": "CNY"})
    return company


def deal(rep: Person, title: str) -> Deal:
    """One on file, judged, not won yet."""
    account = rep.tell("/v1/accounts", {"name": f"{title} 公司", "on": ago(30)})
    body = {"account_id": account["id"], "title": title, "lines": lines(A6L=2), "on": ago(20)}
    found = Deal(rep.tell(OPPORTUNITIES, body)["id"])
    found.tell(rep, "qualify", 15, level="H", expected_on=ago(-5))
    return found


def ask(by: Person, path: str, **query: str) -> Any:
    """What a read of the log or of deliveries answers: they wait for no view."""
    said = {"authorization": f"Bearer {by.token}"}
    answer = by.running.client.get(by.running.url() + path, params=query, headers=said)
    assert answer.status_code == 200, answer.text
    return answer.json()


def of(events: list[Event], subject: str) -> list[str]:
    return [event.type for event in events if str(event.subject) == subject]


def test_an_erp_is_connected_falls_over_and_has_everything(company: Company, stranger: Person) -> None:
    running, office, east, west = company.running, company.office, company.people["rep E"], company.people["rep W"]
    before = deal(east, "先前")
    erp = Erp()
    with listening(erp) as url, Client(running.url(), office.token) as reader:
        # An operator opens the network this receiver is in; without that its address is refused.
        status, refused = office.send("/v1/webhooks", {"name": "ERP", "url": url, "start": "now"})
        assert (status, erp.events) == (422, []), refused
        opened = running.dakehu("webhook-networks", str(company.tenant_id), "--add", "127.0.0.0/8")
        assert opened.returncode == 0, opened.stderr

        # It begins with a copy as of one position, and is told of what comes after it.
        position = ask(office, "/v1/events/head")["position"]
        copy = reader.snapshot(at_position=position)
        assert {item["subject"]: item["standing"] for item in copy.records}[before.id]["level"] == "H"
        made = office.tell("/v1/webhooks", {"name": "ERP", "url": url, "start": position})
        erp.secrets.append(made["secret"])
        assert made["status"] == "open", made
        endpoint = f"/v1/webhooks/{made['id']}"

        before.tell(east, "win", 3, lines=lines(A6L=2), order_ref="HT-1")
        running.until(lambda: "DealWon" in of(erp.events, before.id), "the deal is told")

        # It is down while two branches sell; nothing is lost, and the order of each record is kept.
        erp.down = True
        deals = [deal(east, "东一"), deal(west, "西一"), deal(west, "西二")]
        for number, sold in enumerate(deals):
            sold.tell(east if number == 0 else west, "win", 1, lines=lines(A6L=2), order_ref=f"HT-1{number}")
        running.until(
            lambda: ask(office, f"{endpoint}/figures")["waiting"]["failures"] > 0, "somebody sees that it is down"
        )
        waiting = ask(office, f"{endpoint}/figures")
        assert waiting["waiting"]["oldest_undelivered_at"] is not None
        erp.down = False
        head = ask(office, "/v1/events/head")["position"]
        running.until(
            lambda: (
                ask(office, f"{endpoint}/figures")["lag"]["events"] == 0
                and ask(office, f"{endpoint}/figures")["waiting"]["events"] == 0
            ),
            "it has caught up",
        )
        for sold in deals:
            told = [event for event in erp.events if str(event.subject) == sold.id]
            assert [event.subject_version for event in told] == sorted({event.subject_version for event in told})
            assert [event.type for event in told][-1] == "DealWon"
        pulled = [event for event in reader.events(MemoryCursor(copy.cursor), follow=False) if event.position <= head]
        assert {event.id for event in pulled} <= {event.id for event in erp.events}
        assert not erp.refused

        # What was pushed is what is pulled, to the byte of every field.
        pushed = {event.id: event for event in erp.events}
        assert all(pushed[event.id].data == event.data for event in pulled)

        # All of it again, counted beforehand, beside the live flow.
        asked = {"from_position": 1, "types": ["DealWon"]}
        dry = office.send(f"{endpoint}/replays", asked | {"dry_run": True})
        assert dry[0] == 200
        assert dry[1]["events"] == 4
        status, replay = office.send(f"{endpoint}/replays", asked)
        assert status == 201
        running.until(
            lambda: ask(office, f"{endpoint}/replays/{replay['id']}")["state"] == "done", "the replay is over"
        )
        assert sorted(str(event.subject) for _, event in erp.replayed) == sorted([before.id, *(d.id for d in deals)])
        assert {name for name, _ in erp.replayed} == {replay["id"]}

    # Nobody of another company has seen a thing, and nobody of a branch the other's.
    strange = ask(stranger, "/v1/events", limit="1000")["items"]
    ids = {before.id, *(d.id for d in deals)}
    assert ids.isdisjoint(item["subject"] for item in strange)
    of_west = [item["subject"] for item in ask(company.people["head W"], "/v1/events", limit="1000")["items"]]
    assert {d.id for d in deals[1:]} <= set(of_west)
    assert {before.id, deals[0].id}.isdisjoint(of_west)


def test_a_record_that_is_handed_to_another_branch_leaves_one_feed_and_enters_the_other(company: Company) -> None:
    east, west = company.people["head E"], company.people["head W"]
    moved = deal(company.people["rep E"], "调走")
    assert "ProspectQualified" in [item["type"] for item in ask(east, "/v1/events", subject=moved.id)["items"]]
    assert ask(west, "/v1/events", subject=moved.id)["items"] == []
    moved.tell(company.office, "transfer", 2, owner_id=company.people["rep W"].id)

    left = ask(east, "/v1/events", subject=moved.id)["items"]
    entered = ask(west, "/v1/events", subject=moved.id)["items"]
    assert (left[-1]["type"], left[-1]["data"]) == ("left_scope", {})
    assert entered[-1]["data"]["standing"]["owner_id"] == company.people["rep W"].id
    assert [item["type"] for item in entered] != []
