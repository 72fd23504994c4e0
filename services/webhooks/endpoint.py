"""The rules of one webhook endpoint. Pure: no I/O, no clock, no framework; the secrets themselves are not here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, assert_never
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from services.webhooks.commands import MOST_LIVE, AddSecret, ChangeEndpoint, RegisterEndpoint, RetireSecret
from services.webhooks.events import (
    NUMBERED_FIELD,
    WebhookEndpointChanged,
    WebhookEndpointFact,
    WebhookEndpointPaused,
    WebhookEndpointProven,
    WebhookEndpointRegistered,
    WebhookEndpointRemoved,
    WebhookEndpointResumed,
    WebhookEndpointSkipped,
    WebhookEventSkipped,
    WebhookOrder,
    WebhookPause,
    WebhookPayload,
    WebhookPlace,
    WebhookProof,
    WebhookSecret,
    WebhookSecretAdded,
    WebhookSecretKind,
    WebhookSecretRetired,
    WebhookSkip,
    WebhookStatus,
)
from shared.event_store.stream import Refused, Stream

SETTINGS: dict[str, Any] = {
    "name": str,
    "url": str,
    "unit_id": UUID | None,
    "types": tuple[str, ...] | None,
    "changed": tuple[str, ...] | None,
    "imported": bool,
    "payload": WebhookPayload,
    "fields": tuple[str, ...],
    "personal": tuple[str, ...],
    "schema_versions": dict[str, int],
    "rate": float | None,
    "ordered": WebhookOrder,
    "headers": tuple[str, ...],
    "notices": bool,
}
"""What a command may change, and its type."""
NAMES = ("types", "changed", "fields", "personal", "headers")


class WebhookEndpoint(Stream):
    """One endpoint: what it is sent, whether it is proven, where it skipped to, its secrets by number."""

    stream_type: ClassVar[str] = "webhook_endpoint"
    standing_types: ClassVar = {
        **SETTINGS,
        "status": WebhookStatus,
        "paused_by": WebhookPause | None,
        "start": WebhookPlace,
        "skip": WebhookSkip | None,
        "headers_version": int | None,
    }

    # -- what stands -----------------------------------------------------------------------------------

    @property
    def status(self) -> WebhookStatus:
        return WebhookStatus(self.standing["status"])

    @property
    def url(self) -> str:
        url: str = self.standing["url"]
        return url

    @property
    def secrets(self) -> dict[int, WebhookSecret]:
        """All secrets there ever were, by number."""
        found = {
            int(name.removeprefix(NUMBERED_FIELD)): secret
            for name, secret in self.standing.items()
            if name.startswith(NUMBERED_FIELD)
        }
        return dict(sorted(found.items()))

    def good(self, at: datetime) -> list[int]:
        """The numbers of the secrets that sign."""
        return [
            number for number, secret in self.secrets.items() if secret.expires_at is None or secret.expires_at > at
        ]

    # -- commands --------------------------------------------------------------------------------------

    @classmethod
    def register(cls, id: UUID, command: RegisterEndpoint, *, start: WebhookPlace, at: datetime) -> Self:
        """A new endpoint with its first secret, unproven."""
        return cls.begin(
            WebhookEndpointRegistered, id=id, at=at, start=start, secret=command.secret, **_settings(command)
        )

    def change(self, command: ChangeEndpoint, *, at: datetime) -> None:
        """Change settings; another address is unproven. Header values count as changed whenever they are named.

        They are secrets of one server: refused when they would go to another without being named again.
        """
        self._require_there()
        wanted = {name: value for name, value in _settings(command).items() if name in command.model_fields_set}
        changed = {
            name: value for name, value in wanted.items() if name == "headers" or self.standing.get(name) != value
        }
        after = {**self.standing, **changed}
        if after["fields"] and after["payload"] != WebhookPayload.SELECTED:
            raise Refused("fields_of_selected", "fields are for `selected`", status=422, pointer="/fields")
        if after["payload"] == WebhookPayload.SELECTED and not after["fields"]:
            raise Refused("fields_of_selected", "`selected` names its fields", status=422, pointer="/fields")
        if self.standing["headers"] and "headers" not in changed and _server(after["url"]) != _server(self.url):
            raise Refused("headers_of_another", "its headers are for the server it has", status=422, pointer="/headers")
        if changed:
            self._record(WebhookEndpointChanged, at, attributes=msgspec.to_builtins(changed))

    def prove(self, how: WebhookProof, url: str, *, at: datetime) -> None:
        """Who answers at `url` wants events. Refused when the address was changed meanwhile."""
        self._require_there()
        if url != self.standing["url"]:
            raise Refused("address_changed", "another address was proven than the endpoint has")
        if self.status is WebhookStatus.UNPROVEN:
            self._record(WebhookEndpointProven, at, how=how, url=url)

    def pause(self, by: WebhookPause, *, reason: str | None, at: datetime) -> None:
        """Stop. Says nothing when it is stopped already, or removed and the system says so."""
        if by is WebhookPause.PERSON:
            self._require_there()
            self._require_proven()
        if self.status is WebhookStatus.OPEN:
            self._record(WebhookEndpointPaused, at, by=by, reason=reason)

    def resume(self, *, skip_to: WebhookPlace | None, reason: str | None, at: datetime) -> None:
        """Go on. Says nothing when it goes already and nothing is skipped."""
        self._require_there()
        self._require_proven()
        if skip_to is not None:
            self.skip(skip_to, reason=reason, at=at)
        if self.status is WebhookStatus.PAUSED:
            self._record(WebhookEndpointResumed, at)

    def skip(self, place: WebhookPlace, *, reason: str | None, at: datetime) -> None:
        """Go on after another place."""
        self._require_there()
        self._record(WebhookEndpointSkipped, at, place=place, reason=reason)

    def skip_event(self, flow_id: UUID, lane: UUID, position: int, *, reason: str, at: datetime) -> None:
        """Leave one event undelivered. That the lane stands at it, who asks has seen to."""
        self._require_there()
        self._record(WebhookEventSkipped, at, flow_id=flow_id, lane=lane, position=position, reason=reason)

    def remove(self, *, reason: str | None, at: datetime) -> None:
        """End it. Repeating says nothing."""
        if self.status is not WebhookStatus.REMOVED:
            self._record(WebhookEndpointRemoved, at, reason=reason)

    def add_secret(self, command: AddSecret, *, at: datetime) -> int:
        """Another secret, its number. Refused while ten are good that are not to be retired at once."""
        self._require_there()
        at = self._not_before(at)
        if command.overlap_seconds is not None:
            for number in self.good(at):
                self._retire(number, command.overlap_seconds, at)
        if len(self.good(at)) >= MOST_LIVE:
            raise Refused("too_many_secrets", "ten secrets are good: retire one first", limit=MOST_LIVE)
        number = max(self.secrets) + 1
        self._record(WebhookSecretAdded, at, number=number, kind=command.kind)
        return number

    def retire_secret(self, command: RetireSecret, *, at: datetime) -> None:
        """Let a secret end. Refused for the last that is good without end; repeating only shortens."""
        self._require_there()
        at = self._not_before(at)
        secrets = self.secrets
        if command.number not in secrets:
            raise Refused("unknown_secret", "there is no secret of this number", status=422, pointer="/number")
        if not any(secret.expires_at is None for number, secret in secrets.items() if number != command.number):
            raise Refused("last_secret", "without another secret nothing could be signed: add one first")
        self._retire(command.number, command.overlap_seconds, at)

    # -- facts applied ---------------------------------------------------------------------------------

    def when(self, fact: WebhookEndpointFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case WebhookEndpointRegistered():
                first: dict[str, Any] = {f"{NUMBERED_FIELD}1": WebhookSecret(fact.secret, fact.timestamp)}
                self.set(
                    fact,
                    **{name: getattr(fact, name) for name in SETTINGS},
                    start=fact.start,
                    status=WebhookStatus.UNPROVEN,
                    paused_by=None,
                    skip=None,
                    headers_version=fact.originator_version if fact.headers else None,
                    **first,
                )
            case WebhookEndpointChanged():
                changes = self.decode_changes(fact.attributes)
                if "headers" in changes:
                    changes["headers_version"] = fact.originator_version if changes["headers"] else None
                if "url" in changes:
                    changes |= {"status": WebhookStatus.UNPROVEN, "paused_by": self._paused_by_person()}
                self.set(fact, **changes)
            case WebhookEndpointProven():
                paused_by = self._paused_by_person()
                status = WebhookStatus.OPEN if paused_by is None else WebhookStatus.PAUSED
                self.set(fact, status=status, paused_by=paused_by)
            case WebhookEndpointResumed():
                self.set(fact, status=WebhookStatus.OPEN, paused_by=None)
            case WebhookEndpointPaused():
                self.set(fact, status=WebhookStatus.PAUSED, paused_by=fact.by)
            case WebhookEventSkipped():
                self.set(fact)
            case WebhookEndpointSkipped():
                place = fact.place
                self.set(fact, skip=WebhookSkip(fact.originator_version, place.epoch, place.position))
            case WebhookEndpointRemoved():
                self.set(fact, status=WebhookStatus.REMOVED, paused_by=None)
            case WebhookSecretAdded():
                self.set(fact, **{f"{NUMBERED_FIELD}{fact.number}": WebhookSecret(fact.kind, fact.timestamp)})
            case WebhookSecretRetired():
                before = self.standing.get(f"{NUMBERED_FIELD}{fact.number}")
                known = before or WebhookSecret(WebhookSecretKind.V1, fact.timestamp)
                ending = msgspec.structs.replace(known, expires_at=fact.expires_at)
                self.set(fact, **{f"{NUMBERED_FIELD}{fact.number}": ending})
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)

    def _paused_by_person(self) -> WebhookPause | None:
        """Another address ends what went wrong with the one before, not what somebody decided."""
        return WebhookPause.PERSON if self.standing.get("paused_by") is WebhookPause.PERSON else None

    def _retire(self, number: int, seconds: int, at: datetime) -> None:
        ends = at + timedelta(seconds=seconds)
        before = self.secrets[number].expires_at
        if before is None or before > ends:
            self._record(WebhookSecretRetired, at, number=number, expires_at=ends)

    def _record(self, fact: Any, at: datetime, **fields: Any) -> None:
        self.record(fact, at=self._not_before(at), **fields)

    def _not_before(self, at: datetime) -> datetime:
        """Of two servers' clocks one is behind: what is told later counts later."""
        return at if self.latest is None else max(at, self.latest)

    def _require_there(self) -> None:
        if self.status is WebhookStatus.REMOVED:
            raise Refused("endpoint_removed", "the endpoint was removed")

    def _require_proven(self) -> None:
        if self.status is WebhookStatus.UNPROVEN:
            raise Refused("endpoint_unproven", "nobody at the address has shown yet that they want events")


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def _settings(command: RegisterEndpoint | ChangeEndpoint) -> dict[str, Any]:
    """The settings a command names, as the facts hold them: header names without values, names once and in order."""
    said: dict[str, Any] = {name: getattr(command, name) for name in SETTINGS}
    said["headers"] = tuple(sorted(command.headers))
    for name in NAMES:
        if said[name] is not None:
            said[name] = tuple(sorted(set(said[name])))
    return said
