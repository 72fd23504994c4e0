"""Deliveries verify by each secret alone, by the public key alone, and not when a byte, an hour or a key is off."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest
from dakehu_client import NotVerified, Verifier
from dakehu_client.webhooks import public_keys
from standardwebhooks import Webhook

from shared.feed.envelope import envelope
from shared.webhooks.secrets import Secret, new_key, public_key, public_text, secret_text
from shared.webhooks.signing import sign

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
TENANT, ENDPOINT = uuid4(), uuid4()
ROW = {
    "position": 7, "stream_type": "opportunity", "stream_id": uuid4(), "version": 2, "type": "DealWon",
    "schema_version": 1, "data": {"note": "申城"}, "metadata": {}, "occurred_at": NOW, "recorded_at": NOW,
}  # fmt: skip
BODY = orjson.dumps(envelope(ROW, tenant_id=TENANT, epoch=1))
OLD, NEW, KEY = new_key(), new_key(), new_key()
SECRETS = [
    Secret(ENDPOINT, 1, "v1", OLD, NOW),
    Secret(ENDPOINT, 2, "v1", NEW, NOW),
    Secret(ENDPOINT, 3, "v1a", KEY, NOW),
]
HEADERS = dict(sign(SECRETS, "evt_1_7", NOW, BODY))


def verifier(*secrets: str, late: timedelta = timedelta(0)) -> Verifier:
    return Verifier(*secrets, clock=lambda: (NOW + late).timestamp())


ALONE = [secret_text(OLD), secret_text(NEW), public_text(public_key(KEY))]


@pytest.mark.parametrize("secret", ALONE, ids=["old", "new", "public"])
def test_each_secret_verifies_alone(secret: str) -> None:
    event = verifier(secret).verify({name.title(): value for name, value in HEADERS.items()}, BODY)
    assert (event.id, event.type, event.position, event.data) == ("evt_1_7", "DealWon", 7, {"note": "申城"})
    assert event.time == NOW


@pytest.mark.parametrize("secret", ALONE, ids=["old", "new", "public"])
def test_one_space_another_key_another_id_or_another_hour_does_not(secret: str) -> None:
    good = verifier(secret)
    stamp = str(int(HEADERS["webhook-timestamp"]) + 1)
    for headers, body in (
        (HEADERS, BODY + b" "),
        (HEADERS, BODY.replace(b":", b": ", 1)),
        ({**HEADERS, "webhook-id": "evt_1_8"}, BODY),
        ({**HEADERS, "webhook-timestamp": stamp}, BODY),
        ({**HEADERS, "webhook-timestamp": "soon"}, BODY),
        ({**HEADERS, "webhook-signature": "v1, v1a,!! v2,AAAA x"}, BODY),
        ({name: value for name, value in HEADERS.items() if name != "webhook-signature"}, BODY),
    ):
        with pytest.raises(NotVerified):
            good.verify(headers, body)
    for late in (timedelta(minutes=6), timedelta(minutes=-6)):
        with pytest.raises(NotVerified):
            verifier(secret, late=late).verify(HEADERS, BODY)
    for other in (secret_text(new_key()), public_text(public_key(new_key()))):
        with pytest.raises(NotVerified):
            verifier(other).verify(HEADERS, BODY)
    verifier(secret_text(new_key()), secret).verify(HEADERS, BODY)


def test_what_another_library_signs_verifies_too() -> None:
    at = datetime.now(UTC)
    signature = Webhook(secret_text(OLD)).sign("msg_1", at, '{"type": "ping", "challenge": "x"}')
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    said = Verifier(secret_text(OLD)).verified(headers, b'{"type": "ping", "challenge": "x"}')
    assert said == {"type": "ping", "challenge": "x"}


def test_secrets_are_what_they_say_they_are() -> None:
    for wrong in (
        (),
        ("abc",),
        ("whsec_!!",),
        ("whsec_",),
        ("whsec_" + base64.b64encode(b"short").decode(),),
        ("whpk_" + base64.b64encode(b"short").decode(),),
    ):
        with pytest.raises(ValueError, match=r".+"):
            Verifier(*wrong)
    document = {"keys": [{"kid": "x/3", "webhook_key": public_text(public_key(KEY))}]}
    verifier(*public_keys(document)).verify(HEADERS, BODY)
