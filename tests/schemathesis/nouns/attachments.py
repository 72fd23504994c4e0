"""What operations on attachments need. Tests nothing itself."""

from __future__ import annotations

import secrets

from tests.schemathesis.records import JSON, Made, Maker, NotMade, Ready, Records, on


def _adding(record: Made) -> JSON:
    return {"record_kind": "opportunity", "record_id": record.id, "file": "%PDF-1.7 " + secrets.token_hex(4)}


def _attached(r: Records) -> Made:
    said = _adding(r.prospect())
    answer = r._http["opportunities"].post(
        "/v1/attachments",
        files={"file": ("a.pdf", said.pop("file"))},
        data=said,
        headers={**r._said, "idempotency-key": secrets.token_hex(8)},
    )
    if answer.status_code != 201:
        raise NotMade(answer.text)
    return Made(answer.json()["id"], answer.json()["version"])


MADE: dict[str, Maker] = {
    "attachments.add": lambda r, _: Ready(body=_adding(r.prospect())),
    "attachments.read": lambda r, _: on("attachment_id", r.often("attachment", lambda: _attached(r))),
    "attachments.content": lambda r, _: on("attachment_id", r.often("attachment", lambda: _attached(r))),
    "attachments.concern": lambda r, _: on("attachment_id", _attached(r), {"person_ids": []}),
    "attachments.remove": lambda r, _: on("attachment_id", _attached(r), {"reason": "传错"}),
}
