"""One endpoint as deliveries need it. Its facts and rules are the registry's; nothing here is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.webhooks.secrets import Kind

Status = Literal["unproven", "open", "paused", "removed"]
Payload = Literal["full", "selected", "thin"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in one tenant's log."""

    epoch: int
    position: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Somebody moved the cursor: by the fact of this version of the endpoint's stream, to this place."""

    version: int
    place: Place


@dataclass(frozen=True, slots=True)
class SecretKnown:
    """A signing secret as the log knows it: everything but the secret. `expires_at` None: good until it is retired."""

    number: int
    kind: Kind
    made_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go, which, and how. `version` is that of the endpoint's stream.

    `unit_id`: it sees the records of this unit and those below; None: of the whole company. `types`, `changed`: filters
    (None: all). `imported`: with imported history. `payload`: `full`; `selected`: the envelope and `fields` of `data`
    (dotted, of `changes` or `standing`, too); `thin`: the envelope alone. `personal`: fields of persons the agreement
    with the receiver lists (name, phone …). `schema_versions`: types whose data is sent in an older form. `rate`: most
    events a second; None: no limit. `ordered`: `subject`: in order for each account or opportunity; `endpoint`: one
    after the other. `start`: the place its flow begins after. `headers`: names of its own headers, their values sealed
    as of `headers_version`. `notices`: it is told what befalls other endpoints.
    """

    tenant_id: UUID
    endpoint_id: UUID
    version: int
    name: str
    url: str
    status: Status
    start: Place
    unit_id: UUID | None = None
    types: frozenset[str] | None = None
    changed: frozenset[str] | None = None
    imported: bool = False
    payload: Payload = "full"
    fields: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    schema_versions: Mapping[str, int] = field(default_factory=dict)
    rate: float | None = None
    ordered: Literal["subject", "endpoint"] = "subject"
    skip: Skip | None = None
    paused_by: str | None = None
    changed_at: datetime | None = None
    secrets: tuple[SecretKnown, ...] = ()
    headers: tuple[str, ...] = ()
    headers_version: int | None = None
    notices: bool = False
