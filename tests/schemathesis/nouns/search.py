"""What operations that front ends need ask for: exports. Tests nothing itself."""

from __future__ import annotations

import secrets

from tests.schemathesis.records import JSON, Made, Maker, NotMade, Ready, Records, on

ORDER: JSON = {"path": "/v1/operations", "query": "", "format": "csv"}


def _export(records: Records, service: str) -> Made:
    """An export that was ordered."""
    headers = {**records._said, "idempotency-key": secrets.token_hex(8)}
    answer = records._http[service].post("/v1/exports", json=ORDER, headers=headers)
    if answer.status_code != 202:
        raise NotMade(answer.text)
    return Made(str(answer.json()["id"]))


MADE: dict[str, Maker] = {
    "exports.start": lambda records, service: Ready(body=dict(ORDER)),
    "exports.get": lambda records, service: on("export_id", _export(records, service)),
    "exports.content": lambda records, service: on("export_id", _export(records, service)),
}
