"""What a receiver is told of persons: read from the vault when it is sent, noted in the read audit before it leaves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.privacy.disclosure import WRITE
from shared.privacy.vault import OTHER, PERSONS, STAFF, Vault
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.payload import Persons, ids

SENT = "sent"
ROUTE = "webhook"
TOLD_TO_EVERYBODY = frozenset(("data_subject", "erasure"))
"""Streams of what was decided about a person's data, of whatever unit: who may know the id need not know the person."""
REDACTED, RESTRICTED = {"redacted": True}, {"restricted": True}


async def persons(pool: Any, vault: Vault, endpoint: Endpoint, event: Any, *, sent: bool = True) -> Persons:
    """Of the persons an envelope names, the fields the endpoint's agreement lists. Nothing without an agreement.

    Customers' persons it is told of are in the read audit, the endpoint as their reader; not when nothing is `sent`.
    """
    if not endpoint.personal or endpoint.payload == "thin":
        return {}
    wanted = [UUID(id) for id in dict.fromkeys(ids(event))]
    subjects = {
        subject.id: subject
        for subject in (await vault.subjects(endpoint.tenant_id, wanted)).values()
        if subject.kind in PERSONS or (subject.erased and subject.kind == OTHER)
    }
    bounded = endpoint.unit_id is not None and event["subject_type"] in TOLD_TO_EVERYBODY
    fields = {} if bounded else await vault.get(endpoint.tenant_id, subjects, endpoint.personal)
    told = sorted(id for id in fields if subjects[id].kind != STAFF)
    if told and sent:
        named = sorted({name for id in told for name in fields[id]})
        trace = event["metadata"].get("trace")
        await pool.execute(
            WRITE, endpoint.tenant_id, endpoint.endpoint_id, None, None, True, SENT, told, named, ROUTE, None, trace
        )
    found: dict[str, Any] = {}
    for id, subject in subjects.items():
        if subject.erased:
            found[str(id)] = REDACTED
        elif subject.restricted:
            found[str(id)] = RESTRICTED
        elif id in fields:
            found[str(id)] = fields[id]
    return found
