"""What recipes of solutions, bids, negotiations and contracts share: a colleague asks, the caller decides. No test."""

from __future__ import annotations

import secrets

from tests.schemathesis.records import JSON, Made, NotMade, Records


def deal(records: Records) -> JSON:
    """The deal a new record belongs to."""
    return {"opportunity_id": records.often("prospect of a record", records.prospect).id}


def asked(
    records: Records,
    path: str,
    body: JSON,
    version: int | None = None,
    behalf: str | None = None,
    service: str = "opportunities",
) -> Made:
    """A command of the colleague, for somebody if said: nobody approves what they asked for. Raises NotMade."""
    headers = {**records._asking, "idempotency-key": secrets.token_hex(8)}
    if version is not None:
        headers["if-match"] = f'"{version}"'
    if behalf is not None:
        headers["on-behalf-of"] = behalf
    answer = records._http[service].post(path, json=body, headers=headers)
    if answer.status_code not in (200, 201):
        raise NotMade(f"{path}: {answer.status_code} {answer.text}")
    receipt = answer.json()
    return Made(receipt["id"], receipt["version"])


def correction(changes: JSON) -> JSON:
    return {"version": 1, "changes": changes, "reason": "错"}
