"""What is signed here, others verify: by each secret alone, by the public key alone, and not when one space changed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cloudevents.v1.http import from_http

from shared.feed.envelope import envelope, event_id, rendered
from shared.webhooks.secrets import Kind, Secret, new_key, public_key, public_text, secret_text
from shared.webhooks.signing import NothingSigns, sign
from tests.webhooks.foreign import Case, javascript_verifies, public_key_verifies, python_verifies

TENANT, ENDPOINT = UUID(int=1), UUID(int=2)
BODY = rendered({"type": "DealWon", "timestamp": "2026-03-02T09:00:00Z", "data": {"客户": "上汽大众", "units": 12}})
ID = event_id(1_772_442_000_000_000, 17)


def secret(number: int, kind: Kind = "v1", *, ends: datetime | None = None) -> Secret:
    return Secret(ENDPOINT, number, kind, new_key(), datetime(2026, 1, 1, tzinfo=UTC), ends)


def test_the_vector_of_the_standard_is_met() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    one = Secret(ENDPOINT, 1, "v1", key, at)
    assert sign([one], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}') == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def cases(now: datetime) -> list[tuple[str, Case, bool]]:
    """During a rotation from the first to the second secret, a v1a beside them; what arrives, and whether it holds."""
    first, second, third = secret(1, ends=now + timedelta(hours=1)), secret(2), secret(3, "v1a")
    headers = sign([first, second, third], ID, now, BODY)
    one, other, stranger = (secret_text(key) for key in (first.key, second.key, new_key()))
    plain = sign([first, second], ID, now, BODY)
    ended = sign([Secret(ENDPOINT, 1, "v1", first.key, now, now), second], ID, now, BODY)
    shanghai = sign([second], ID, now.astimezone(ZoneInfo("Asia/Shanghai")), BODY)
    id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    return [
        ("the old secret", Case(one, headers, BODY), True),
        ("the new secret", Case(other, headers, BODY), True),
        ("without a v1a beside them", Case(other, plain, BODY), True),
        ("another's secret", Case(stranger, headers, BODY), False),
        ("the old secret, once it has ended", Case(one, ended, BODY), False),
        ("the new secret then", Case(other, ended, BODY), True),
        ("an instant told in another zone", Case(other, shanghai, BODY), True),
        ("one space more", Case(other, headers, BODY.replace(b":", b": ", 1)), False),
        ("one space more at the end", Case(other, headers, BODY + b" "), False),
        ("another id", Case(other, {**headers, "webhook-id": id.replace("17", "18")}, BODY), False),
        ("another time", Case(other, {**headers, "webhook-timestamp": str(int(stamp) + 1)}, BODY), False),
        ("long ago", Case(other, sign([second], ID, now - timedelta(minutes=6), BODY), BODY), False),
    ]


def test_the_python_library_verifies_each_secret_alone() -> None:
    for what, case, holds in cases(datetime.now(UTC)):
        assert python_verifies(case) is holds, what


def test_the_javascript_library_verifies_each_secret_alone(tmp_path: Path) -> None:
    told = cases(datetime.now(UTC))
    found = javascript_verifies([case for _, case, _ in told], tmp_path)
    assert {what: verified for (what, _, _), verified in zip(told, found, strict=True)} == {
        what: holds for what, _, holds in told
    }


def test_the_public_key_alone_verifies() -> None:
    now = datetime.now(UTC)
    old, new = secret(1, "v1a", ends=now + timedelta(hours=1)), secret(2, "v1a")
    headers = sign([old, new, secret(3)], ID, now, BODY)
    for one in (old, new):
        public = public_text(public_key(one.key))
        assert public_key_verifies(public, headers, BODY)
        assert not public_key_verifies(public, headers, BODY + b" ")
        assert not public_key_verifies(public, {**headers, "webhook-id": "evt_1_18"}, BODY)
    assert not public_key_verifies(public_text(public_key(new_key())), headers, BODY)
    assert not public_key_verifies(public_text(public_key(new.key)), sign([secret(3)], ID, now, BODY), BODY)


def test_a_retry_keeps_its_id_and_is_signed_for_its_own_time() -> None:
    one, now = secret(1), datetime.now(UTC)
    first, again = sign([one], ID, now, BODY), sign([one], ID, now + timedelta(seconds=30), BODY)
    assert first["webhook-id"] == again["webhook-id"]
    assert int(again["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 30
    assert first["webhook-signature"] != again["webhook-signature"]


def test_nothing_is_sent_unsigned_or_with_an_id_that_could_be_read_otherwise() -> None:
    now = datetime.now(UTC)
    with pytest.raises(NothingSigns):
        sign([], ID, now, BODY)
    with pytest.raises(NothingSigns):
        sign([secret(1, ends=now)], ID, now, BODY)
    for id in ("evt.1", "", "a b", "a\n"):
        with pytest.raises(ValueError, match="not an id"):
            sign([secret(1)], id, now, BODY)
    with pytest.raises(ValueError, match="zone"):
        sign([secret(1)], ID, datetime(2026, 3, 2), BODY)  # noqa: DTZ001 - just that
    assert "key=" not in repr(secret(1))


def test_a_cloudevents_sdk_parses_what_is_signed() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    row = {
        "position": 17,
        "stream_type": "opportunity",
        "stream_id": UUID(int=3),
        "version": 4,
        "type": "DealWon",
        "schema_version": 1,
        "data": {"won_on": "2026-03-02", "standing": {"level": "O"}},
        "metadata": {"actor": str(UUID(int=4))},
        "occurred_at": at,
        "recorded_at": at,
    }
    body = rendered(envelope(row, tenant_id=TENANT, epoch=1_772_442_000_000_000))
    event = from_http({"content-type": "application/cloudevents+json"}, body)
    assert (event["id"], event["type"], event["subject"]) == (ID, "DealWon", str(UUID(int=3)))
    assert (event["source"], event["specversion"]) == (f"urn:uuid:{TENANT}", "1.0")
    assert (datetime.fromisoformat(event["time"]), event["position"], event.get_data()) == (at, 17, row["data"])
