"""The rules of one machine and its API keys. Pure: no I/O, no clock, no framework; the keys themselves are not here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, assert_never
from uuid import UUID

import msgspec
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.accounts.commands import Command, Name, like
from services.accounts.events import ApiKeyFact, ApiKeyIssued, ApiKeyRevoked, ApiKeyRotated, Function, MachineKey
from shared.event_store.stream import Refused, Stream
from shared.identity.principal import AUDITOR, DIRECTOR, HEAD_OFFICE, INTEGRATION, TENANT_ADMIN, Principal
from shared.identity.scopes import PERSONAL, SCOPES
from shared.identity.standing_fields import KEY_FIELD

MOST_LIVE = 2
"""Keys of one machine that are good at a time: the old and the new, while it is being rotated."""
USUAL_DAYS, MOST_DAYS = 365, 730
"""How long a key is good for."""


def _scope(text: str) -> str:
    if text not in SCOPES:
        raise PydanticCustomError("enum", "not a scope", {"expected": ", ".join(sorted(SCOPES))})
    return text


Scope = Annotated[
    str, Field(max_length=64), AfterValidator(_scope), WithJsonSchema({"type": "string", "enum": sorted(SCOPES)})
]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS, description="How many days the key is good for.")]


# -- commands -------------------------------------------------------------------------------------------


class IssueKey(Command):
    """Give a machine its first key: what it may do, as which functions, where."""

    model_config = like(name="ERP", functions=["integration"], scopes=["accounts:read", "opportunities:read"], days=365)

    name: Name = Field(description="Of the machine or system. Not of a person: it stays in the log.")
    functions: Annotated[tuple[Function, ...], Field(min_length=1, max_length=len(Function))]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(SCOPES))]
    unit_id: UUID | None = Field(default=None, description="Where functions that see a subtree see it.")
    days: Days = USUAL_DAYS


class RotateKey(Command):
    """Give a machine another key, good beside the present one until that is revoked."""

    model_config = like(days=365)

    days: Days = USUAL_DAYS


class RevokeKey(Command):
    """Take one key back, or all of them."""

    model_config = like(number=1)

    number: Annotated[int, Field(ge=1, le=10_000)] | None = Field(default=None, description="Null: all of them.")


def more_than_held(functions: Collection[str], scopes: Collection[str], principal: Principal) -> str | None:
    """The field by which a key would allow more than who makes it is allowed; None when it does not.

    Who sees everything may make a machine that reads and enters everything, or audits. A tenant administrator may make
    one that integrates, but not one that is shown personal data: that is for those who see customers themselves.
    """
    held = set(principal.functions)
    sees = principal.has(DIRECTOR, HEAD_OFFICE)
    if sees:
        held |= {INTEGRATION, AUDITOR}
    if principal.has(TENANT_ADMIN):
        held |= {INTEGRATION}
    if not set(functions) <= held:
        return "/functions"
    if not all(principal.may(scope) for scope in scopes):
        return "/scopes"
    return "/scopes" if PERSONAL in scopes and not sees else None


# -- stream ---------------------------------------------------------------------------------------------


class ApiKey(Stream):
    """One machine: what it may do, and its keys by number."""

    stream_type: ClassVar[str] = "api_key"
    standing_types: ClassVar = {
        "name": str,
        "functions": tuple[Function, ...],
        "unit_id": UUID | None,
        "scopes": tuple[str, ...],
    }

    @classmethod
    def issue(cls, id: UUID, command: IssueKey, *, opening: str, at: datetime) -> Self:
        return cls.begin(
            ApiKeyIssued,
            id=id,
            at=at,
            name=command.name,
            functions=tuple(dict.fromkeys(command.functions)),
            unit_id=command.unit_id,
            scopes=tuple(sorted(set(command.scopes))),
            opening=opening,
            expires_at=at + timedelta(days=command.days),
        )

    @property
    def keys(self) -> dict[int, MachineKey]:
        """All keys there ever were, by number."""
        found = {
            int(name.removeprefix(KEY_FIELD)): key for name, key in self.standing.items() if name.startswith(KEY_FIELD)
        }
        return dict(sorted(found.items()))

    def live(self, at: datetime) -> list[int]:
        """The numbers of the keys that are good."""
        return [number for number, key in self.keys.items() if not key.revoked and key.expires_at > at]

    def rotate(self, command: RotateKey, *, opening: str, at: datetime) -> None:
        """Add a key. Refused while two are good, and once all were revoked."""
        if len(self.live(at)) >= MOST_LIVE:
            raise Refused("two_keys_live", "two keys are good already: revoke the old one first")
        if all(key.revoked for key in self.keys.values()):
            raise Refused("all_keys_revoked", "all keys of this machine were revoked: issue it a new one")
        expires_at = at + timedelta(days=command.days)
        self.record(ApiKeyRotated, at=at, number=max(self.keys) + 1, opening=opening, expires_at=expires_at)

    def revoke(self, command: RevokeKey, *, at: datetime) -> None:
        """Take keys back. Repeating says nothing."""
        keys = self.keys
        if command.number is not None and command.number not in keys:
            raise Refused("unknown_key", "there is no key of this number", status=422, pointer="/number")
        wanted = keys if command.number is None else (command.number,)
        if numbers := tuple(number for number in wanted if not keys[number].revoked):
            self.record(ApiKeyRevoked, at=at, numbers=numbers)

    def allowed_actions(self, at: datetime) -> tuple[str, ...]:
        if all(key.revoked for key in self.keys.values()):
            return ()
        return ("revoke",) if len(self.live(at)) >= MOST_LIVE else ("rotate", "revoke")

    def when(self, fact: ApiKeyFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case ApiKeyIssued():
                key = MachineKey(fact.opening, fact.timestamp, fact.expires_at)
                first: dict[str, Any] = {f"{KEY_FIELD}1": key}
                self.set(
                    fact, name=fact.name, functions=fact.functions, unit_id=fact.unit_id, scopes=fact.scopes, **first
                )
            case ApiKeyRotated():
                self.set(
                    fact, **{f"{KEY_FIELD}{fact.number}": MachineKey(fact.opening, fact.timestamp, fact.expires_at)}
                )
            case ApiKeyRevoked():
                known = {f"{KEY_FIELD}{number}": self.keys.get(number) for number in fact.numbers}
                gone = {
                    name: msgspec.structs.replace(key, revoked=True) for name, key in known.items() if key is not None
                }
                self.set(fact, **gone)
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)
