"""Facts about webhook endpoints: the storage format and public language, for ever. No secret, nothing personal.

Each class says which standing fields it sets ("Sets: …").
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class WebhookStatus(StrEnum):
    UNPROVEN = "unproven"  # nothing is delivered: nobody has shown that they answer there and want it
    OPEN = "open"
    PAUSED = "paused"  # the cursor stands; nothing is lost
    REMOVED = "removed"


class WebhookPayload(StrEnum):
    FULL = "full"  # the envelope with all its data
    SELECTED = "selected"  # the envelope, and of its data the fields named
    THIN = "thin"  # the envelope alone: what it is about is asked for


class WebhookOrder(StrEnum):
    SUBJECT = "subject"  # in order for each account or opportunity, these beside one another
    ENDPOINT = "endpoint"  # one event after the other


class WebhookProof(StrEnum):
    PING = "ping"  # it gave back the challenge of a signed ping
    HANDSHAKE = "handshake"  # it allowed our origin when asked (CloudEvents' OPTIONS)


class WebhookPause(StrEnum):
    """Who stopped it, and why."""

    PERSON = "person"
    GONE = "gone"  # it answered 410: it wants nothing any more
    FAILING = "failing"  # nothing got through for too long


class WebhookSecretKind(StrEnum):
    V1 = "v1"  # HMAC-SHA256 with a key both sides have
    V1A = "v1a"  # Ed25519: the receiver has the public key alone


class WebhookPlace(msgspec.Struct, frozen=True):
    """A place in the company's log: events after it."""

    epoch: int
    position: int


class WebhookSkip(msgspec.Struct, frozen=True):
    """Deliveries go on after another place than where they stood. `version`: of the fact that says so."""

    version: int
    epoch: int
    position: int


class WebhookSecret(msgspec.Struct, frozen=True):
    """A signing secret by its number; the secret itself is in no event. `expires_at` null: good until retired."""

    kind: WebhookSecretKind
    made_at: datetime
    expires_at: datetime | None = None


# -- endpoint: stream type `webhook_endpoint` --------------------------------------------------------------


class WebhookEndpointRegistered(FirstFact):
    """Another system wants events. Sets: all its fields, status=unproven, paused_by, skip, headers_version, `secret.1`.

    `unit_id`: it is told of the records of this unit and those below; null: of the whole company. `types`, `changed`:
    which events (null: all; those that set one of these standing fields). `imported`: history taken in from files, too.
    `personal`: fields of persons its agreement lists. `schema_versions`: types whose data it takes in an older form.
    `rate`: most events a second. `headers`: names of headers it is sent, their values being secret. `notices`: it is
    told what befalls other endpoints.
    """

    name: str
    url: str
    unit_id: UUID | None
    start: WebhookPlace
    types: tuple[str, ...] | None
    changed: tuple[str, ...] | None
    imported: bool
    payload: WebhookPayload
    fields: tuple[str, ...]
    personal: tuple[str, ...]
    schema_versions: dict[str, int]
    rate: float | None
    ordered: WebhookOrder
    headers: tuple[str, ...]
    notices: bool
    secret: WebhookSecretKind


class WebhookEndpointChanged(Fact):
    """Parts of it are otherwise from now on. Deliveries go by that from where they stand.

    `attributes` holds only what changed, by the field names of `WebhookEndpointRegistered` (not start, secret), in JSON
    form. Another `url` is unproven until it is proven. Sets: exactly those; with headers: headers_version, with url:
    status=unproven and paused_by, which stays when it was a person.
    """

    attributes: dict[str, Any]


class WebhookEndpointProven(Fact):
    """Who answers at the address has shown that they want events. Sets: status (open, or paused when a person had
    paused it), paused_by."""

    how: WebhookProof
    url: str


class WebhookEndpointPaused(Fact):
    """Nothing is delivered until it is resumed; nothing is lost. Sets: status=paused, paused_by."""

    by: WebhookPause
    reason: str | None


class WebhookEndpointResumed(Fact):
    """Deliveries go on where they stood, or after the place of a skip. Sets: status=open, paused_by."""


class WebhookEndpointSkipped(Fact):
    """Deliveries go on after another place, back or ahead. Sets: skip."""

    place: WebhookPlace
    reason: str | None


class WebhookEventSkipped(Fact):
    """One event is left undelivered by somebody's decision; its lane goes on with the next. Sets: nothing.

    `flow_id`: the endpoint's own for what is sent as it happens, else of a replay. `lane`: the record whose order is
    kept. `position`: of the event.
    """

    flow_id: UUID
    lane: UUID
    position: int
    reason: str


class WebhookEndpointRemoved(Fact):
    """Nothing is delivered any more, and its secrets are gone. Sets: status=removed, paused_by."""

    reason: str | None


class WebhookSecretAdded(Fact):
    """Another secret signs beside those that are good. Sets: `secret.<number>`."""

    number: int
    kind: WebhookSecretKind


class WebhookSecretRetired(Fact):
    """A secret signs until then, and no longer. Sets: `secret.<number>`."""

    number: int
    expires_at: datetime


NUMBERED_FIELD = "secret."
"""Prefix of the standing fields that hold secrets, one field each."""

WebhookEndpointFact = (
    WebhookEndpointRegistered
    | WebhookEndpointChanged
    | WebhookEndpointProven
    | WebhookEndpointPaused
    | WebhookEndpointResumed
    | WebhookEndpointSkipped
    | WebhookEventSkipped
    | WebhookEndpointRemoved
    | WebhookSecretAdded
    | WebhookSecretRetired
)
