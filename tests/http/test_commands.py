"""Keys, versions and refusals: what a caller may rely on when the network is not reliable."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.http.conftest import Client, Faulty, Speaks


async def test_opening_a_record_answers_where_it_is(head_office: Client) -> None:
    answer = await head_office.post("/v1/jars", {"label": "mint"})
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/jars/{answer.json()['id']}"
    read = await head_office.get(answer.headers["location"])
    assert (read.json()["label"], read.headers["etag"]) == ("mint", '"1"')
    assert answer.json() | {"id": "", "position": 0} == {"id": "", "version": 1, "position": 0, "code": "ok"}


async def test_the_same_key_gets_the_first_answer_and_does_nothing_twice(head_office: Client, store: Faulty) -> None:
    first = await head_office.post("/v1/jars", {"label": "lime"}, key="k-1")
    store.appended = 0
    again = await head_office.post("/v1/jars", {"label": "lime"}, key='"k-1"')  # quoted is the same key
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    events = (await head_office.get("/v1/events?types=JarOpened")).json()["items"]
    assert len(events) == 1


async def test_a_key_used_for_something_else_is_refused(head_office: Client) -> None:
    await head_office.post("/v1/jars", {"label": "plum"}, key="k-2")
    for path, body in (("/v1/jars", {"label": "pear"}), (f"/v1/jars/{uuid4()}/drop-in", {"sweets": 1})):
        answer = await head_office.post(path, body, key="k-2")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "idempotency_key_missing"),
        ("   ", "idempotency_key_missing"),
        ("x" * 256, "idempotency_key_malformed"),
        ("k\u00e9y", "idempotency_key_malformed"),
        ("a\tb", "idempotency_key_malformed"),
    ],
)
async def test_a_bad_key_is_refused(head_office: Client, key: str, code: str) -> None:
    answer = await head_office.http.post(
        "/v1/jars",
        json={"label": "a"},
        headers=[(b"authorization", f"Bearer {head_office.token}".encode()), (b"idempotency-key", key.encode())],
    )
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_no_key_is_refused(head_office: Client) -> None:
    answer = await head_office.http.post(
        "/v1/jars", json={"label": "a"}, headers={"authorization": f"Bearer {head_office.token}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_a_key_of_255_characters_is_taken(head_office: Client) -> None:
    assert (await head_office.post("/v1/jars", {"label": "long"}, key="x" * 255)).status_code == 201


async def test_the_version_decides(head_office: Client) -> None:
    jar = await head_office.jar()
    path, body = f"/v1/jars/{jar}/add", {"sweets": 2}
    absent = await head_office.post(path, body)
    assert (absent.status_code, absent.json()["code"]) == (428, "precondition_required")
    good = await head_office.post(path, body, version=1)
    assert (good.status_code, good.headers["etag"]) == (200, '"2"')
    stale = await head_office.post(path, body, version=1)
    assert (stale.status_code, stale.json()["version"], stale.headers["etag"]) == (412, 2, '"2"')
    future = await head_office.post(path, body, version=9)
    assert future.status_code == 412


@pytest.mark.parametrize("given", ["*", 'W/"1"', '"1", "2"', "1", '"a"', '"01"', '""', '"1'])
async def test_if_match_is_one_strong_etag(head_office: Client, given: str) -> None:
    jar = await head_office.jar()
    answer = await head_office.post(f"/v1/jars/{jar}/add", {"sweets": 1}, headers={"if-match": given})
    assert (answer.status_code, answer.json()["code"]) == (400, "precondition_malformed")


async def test_a_connection_cut_after_the_commit_leaves_one_event_and_the_first_answer(
    head_office: Client, store: Faulty
) -> None:
    jar = await head_office.jar()
    store.fault = "cut"
    lost = await head_office.post(f"/v1/jars/{jar}/add", {"sweets": 2}, key="cut", version=1)
    assert (lost.status_code, lost.json()["code"]) == (503, "outcome_unknown")
    assert lost.headers["retry-after"] == "1"
    other = await head_office.post(f"/v1/jars/{jar}/add", {"sweets": 5}, version=2)
    assert other.status_code == 200
    again = await head_office.post(f"/v1/jars/{jar}/add", {"sweets": 2}, key="cut", version=1)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert (again.headers["etag"], again.headers["idempotency-replayed"]) == ('"2"', "true")
    added = (await head_office.get(f"/v1/events?types=SweetAdded&subject={jar}")).json()["items"]
    assert [event["data"]["sweets"] for event in added] == [2, 7]


async def test_a_retry_without_if_match_is_still_the_first_answer(head_office: Client) -> None:
    jar = await head_office.jar()
    first = await head_office.post(f"/v1/jars/{jar}/add", {"sweets": 2}, key="m", version=1)
    again = await head_office.post(f"/v1/jars/{jar}/add", {"sweets": 2}, key="m")
    assert (again.status_code, again.json()) == (200, first.json())


async def test_a_full_queue_says_when_to_come_again(head_office: Client, store: Faulty) -> None:
    jar = await head_office.jar()
    store.fault = "full"
    answer = await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 2}, key="full")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "overloaded", "1")
    assert (await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 2}, key="full")).status_code == 200


async def test_a_refusal_by_a_rule_is_remembered(head_office: Client) -> None:
    jar = await head_office.jar("sealed one")
    await head_office.post(f"/v1/jars/{jar}/seal", version=1)
    first = await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 2}, key="r", language="zh-CN")
    assert (first.status_code, first.json()["code"]) == (409, "jar_sealed")
    assert first.json()["detail"] == "罐子“sealed one”已封。"
    again = await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 2}, key="r")
    assert (again.status_code, again.json()["code"]) == (409, "jar_sealed")
    assert again.headers["idempotency-replayed"] == "true"
    other = await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 3}, key="r")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refusal_of_the_body_names_the_field(head_office: Client) -> None:
    jar = await head_office.jar()
    answer = await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 500})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_sweets")
    assert answer.json()["errors"][0]["pointer"] == "/sweets"
    assert answer.json()["errors"][0]["params"] == {"most": 100}


async def test_a_command_that_changes_nothing_records_nothing_and_keeps_its_key(
    head_office: Client, store: Faulty
) -> None:
    jar = await head_office.jar()
    await head_office.post(f"/v1/jars/{jar}/seal", version=1)
    head = (await head_office.get("/v1/events/head")).json()["position"]
    answer = await head_office.post(f"/v1/jars/{jar}/seal", version=2, key="twice")
    assert (answer.status_code, answer.json()["version"], answer.json()["position"]) == (200, 2, head)
    again = await head_office.post(f"/v1/jars/{jar}/seal", version=2, key="twice")
    assert again.json() == answer.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (await head_office.get("/v1/events/head")).json()["position"] == head


async def test_a_claim_is_refused_in_the_service_s_words(head_office: Client) -> None:
    await head_office.jar("unique")
    answer = await head_office.post("/v1/jars", {"label": "unique"}, key="taken")
    assert (answer.status_code, answer.json()["code"]) == (409, "label_taken")
    again = await head_office.post("/v1/jars", {"label": "unique"}, key="taken")
    assert again.headers["idempotency-replayed"] == "true"


async def test_many_at_once_on_one_record_all_get_through(head_office: Client) -> None:
    jar = await head_office.jar()
    answers = await asyncio.gather(*(head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 1}) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await head_office.get(f"/v1/jars/{jar}")).json()["sweets"] == 4


async def test_a_hundred_times_the_same_command_is_one(head_office: Client) -> None:
    jar = await head_office.jar()
    answers = await asyncio.gather(
        *(head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 1}, key="storm") for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert (await head_office.get(f"/v1/jars/{jar}")).json()["sweets"] == 1


async def test_two_records_change_together(head_office: Client) -> None:
    source = await head_office.jar()
    await head_office.post(f"/v1/jars/{source}/drop-in", {"sweets": 10})
    answer = await head_office.post("/v1/jars/pour", {"source": source, "sweets": 4}, key="pour")
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert (await head_office.get(answer.headers["location"])).json()["sweets"] == 4
    assert (await head_office.get(f"/v1/jars/{source}")).json()["sweets"] == 6
    again = await head_office.post("/v1/jars/pour", {"source": source, "sweets": 4}, key="pour")
    assert (again.status_code, again.json()) == (201, answer.json())
    nothing = await head_office.post("/v1/jars/pour", {"source": str(uuid4()), "sweets": 4})
    assert nothing.status_code == 404


async def test_what_one_does_not_see_is_not_there(speaks: Speaks) -> None:
    mine, other = speaks("representative"), speaks("representative")
    jar = await mine.jar()
    hidden = await other.post(f"/v1/jars/{jar}/add", {"sweets": 1}, version=1)
    missing = await other.post(f"/v1/jars/{uuid4()}/add", {"sweets": 1}, version=1)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["code"] == missing.json()["code"] == "not_found"
    assert (await mine.post(f"/v1/jars/{jar}/add", {"sweets": 1}, version=1)).status_code == 200


async def test_the_back_office_enters_for_others_on_record(speaks: Speaks, head_office: Client) -> None:
    other = str(uuid4())
    office = speaks("back_office")
    answer = await office.post("/v1/jars", {"label": "for another"}, headers={"on-behalf-of": other})
    event = (await head_office.get(f"/v1/events?subject={answer.json()['id']}")).json()["items"][0]
    assert (event["metadata"]["actor"], event["metadata"]["on_behalf_of"]) == (str(office.person), other)
    assert event["data"]["owner_id"] == other
    refused = await speaks("representative").post("/v1/jars", {"label": "x"}, headers={"on-behalf-of": other})
    assert (refused.status_code, refused.json()["code"]) == (403, "on_behalf_of_not_allowed")
    malformed = await office.post("/v1/jars", {"label": "x"}, headers={"on-behalf-of": "me"})
    assert malformed.status_code == 400


async def test_events_carry_who_why_and_the_trace(head_office: Client) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await head_office.post(
        "/v1/jars", {"label": "traced"}, key='say "hi" \\', headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    )
    assert answer.headers["traceparent"].startswith(f"00-{trace}-")
    metadata = (await head_office.get(f"/v1/events?subject={answer.json()['id']}")).json()["items"][0]["metadata"]
    assert metadata["actor"] == str(head_office.person)
    assert metadata["correlation"].replace("-", "") == trace
    assert metadata["key"] == 'say "hi" \\'
    assert "on_behalf_of" not in metadata
