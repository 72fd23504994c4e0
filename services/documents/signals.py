"""What an endpoint is sent that is no event of the log: the ping that proves it, and what befell other endpoints.

It comes in the envelope's form without a place in the log, signed as events are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from services.documents.envelopes import FIELDS
from services.documents.examples import INSTANT as AT
from services.documents.examples import TENANT, of_name
from services.documents.published import Schema
from shared.feed.envelope import source
from shared.webhooks.proving import PING
from shared.webhooks.standing import Kind
from shared.webhooks.telling import TYPE_PREFIX

NOTICE = "webhook.notice"
SHARED = ("specversion", "id", "source", "subject", "time", "timestamp", "datacontenttype")


@dataclass(frozen=True, slots=True)
class Signal:
    """One of them: what it is called in documents, its schema, and what is sent."""

    name: str
    summary: str
    form: Schema
    example: dict[str, Any]


def _signal(name: str, summary: str, types: tuple[str, ...], data: Schema, example: dict[str, Any]) -> Signal:
    fields = {field: FIELDS[field] for field in SHARED}
    form = {
        "description": summary,
        "type": "object",
        "properties": {**fields, "type": {"enum": list(types)}, "data": data},
        "required": [*SHARED, "type", "data"],
    }
    sent = {
        "specversion": "1.0",
        "id": f"{name.rpartition('.')[2]}_{of_name(name).hex[:24]}",
        "source": source(TENANT),
        "type": types[0],
        "subject": str(of_name("endpoint")),
        "time": AT,
        "timestamp": AT,
        "datacontenttype": "application/json",
        "data": example,
    }
    return Signal(name, summary, form, sent)


SIGNALS = (
    _signal(
        PING,
        'Answer 2xx with the challenge, as text or as `{"challenge": …}`: then events come',
        (PING,),
        {"type": "object", "properties": {"challenge": {"type": "string"}}, "required": ["challenge"]},
        {"challenge": "o1TzmUZ2mB5sX0aVQb7c9dJk3eWnRf4G"},
    ),
    _signal(
        NOTICE,
        "What befell another endpoint: to those that ask for `notices`",
        tuple(f"{TYPE_PREFIX}{kind}" for kind in get_args(Kind)),
        {
            "type": "object",
            "description": "Which endpoint, and what is known: the last status or fault, since when, how far behind",
            "properties": {"endpoint_id": {"type": "string", "format": "uuid"}},
            "required": ["endpoint_id"],
        },
        {"endpoint_id": str(of_name("endpoint")), "status": 503},
    ),
)
