"""What a route may ask for: who is asking (`Who`), one command's context (`Ctx`, `CtxMatch`), its app (`Parts`).

Every dependency here takes the request alone and never waits, so that a hot route can call it directly.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid5

from fastapi import Depends, Request

from shared.http.call import Call, call_of
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.principal import Principal

F = TypeVar("F", bound=Callable[..., Any])

ETAG = re.compile(r'"(0|[1-9][0-9]{0,17})"')
KEY = re.compile(r"[\x20-\x7e]{1,255}")

HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Names this command; keep it when you retry and the first answer comes again. Kept 30 days, "
        "and with the events: random characters, never a name or a phone.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag you have read: the record's version in quotes.",
        "schema": {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,8})"$'},
        "example": '"3"',
    },
    "View-As": {
        "name": "View-As",
        "in": "header",
        "required": False,
        "description": "Operations only: the person through whose eyes to look. On record.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "On-Behalf-Of": {
        "name": "On-Behalf-Of",
        "in": "header",
        "required": False,
        "description": "The person this is entered for: one you see (back office, head), or stand in for.",
        "schema": {"type": "string", "format": "uuid"},
    },
}


def takes_headers(*names: str) -> Callable[[F], F]:
    """Note on a dependency which request headers it reads, for the OpenAPI document."""

    def noted(function: F) -> F:
        function.__dict__["request_headers"] = names
        return function

    return noted


class CommandContext:
    """One command on its way: who, under which key, on which version, when.

    `now` is when it arrived. `if_match` is the version the caller has read, `must_match` whether it had to say so.
    """

    __slots__ = ("_fingerprint", "call", "if_match", "key", "kit", "must_match", "now", "principal")

    def __init__(self, call: Call, *, must_match: bool) -> None:
        self.call = call
        self.kit = call.kit
        self.principal = call.who
        if self.principal.viewer_id is not None:
            raise Problem(403, "view_only")
        if self.principal.only_looks:
            raise Problem(403, "forbidden")
        self.key = idempotency_key(call.header(b"idempotency-key"))
        given = call.header(b"if-match")
        if given is None:
            self.if_match: int | None = None
        else:
            matched = ETAG.fullmatch(given.strip())
            if matched is None:
                raise Problem(400, "precondition_malformed")
            self.if_match = int(matched.group(1))
        self.must_match = must_match
        self.now: datetime = call.kit.clock()
        self._fingerprint: bytes | None = None

    @property
    def tenant_id(self) -> UUID:
        return self.principal.tenant_id

    @property
    def correlation(self) -> UUID:
        """The trace, as an id: all that follows from one request shares it."""
        return UUID(self.call.trace.correlation)

    @property
    def fingerprint(self) -> bytes:
        """What the key stands for: method, path, body and for whom, not If-Match. An upload's route gives its own
        words."""
        if self._fingerprint is None:
            call = self.call
            given = f"{call.scope['method']} {call.path}\n".encode() + call.body
            self.fingerprint = given
        assert self._fingerprint is not None
        return self._fingerprint

    @fingerprint.setter
    def fingerprint(self, given: bytes) -> None:
        # keyed: a body holds names and phones, which a plain digest of it would let anybody guess
        behalf = self.principal.on_behalf_of
        whose = b"" if behalf is None else f"{behalf}\n".encode()
        self._fingerprint = hmac.digest(self.kit.fingerprint_key, whose + given, "sha256")

    def require_dealing(self) -> None:
        """Raises Problem 403 for who keeps no customers: they put nobody on file and visit nobody."""
        if self.principal.keeps_no_customers:
            raise Problem(403, "forbidden")

    def new_id(self, stream_type: str) -> UUID:
        """The id of a stream this command opens: a retry makes the same."""
        return uuid5(self.tenant_id, f"{stream_type}:{self.principal.person_id}:{self.key}")

    def metadata(self) -> bytes:
        """The envelope of every event of this command."""
        principal = self.principal
        behalf = "" if principal.on_behalf_of is None else f'"on_behalf_of":"{principal.on_behalf_of}",'
        machine = '"machine":true,' if principal.machine else ""
        key = self.key.replace("\\", "\\\\").replace('"', '\\"')
        return (
            f'{{"actor":"{principal.person_id}",{machine}{behalf}"correlation":"{self.call.trace.correlation}",'
            f'"key":"{key}","trace":"{self.call.trace.parent}"}}'
        ).encode()

    def reply(self, version: int, *, replayed: bool = False, location: str | None = None) -> None:
        """Headers of the receipt."""
        headers = self.call.headers
        headers.append((b"etag", b'"%d"' % version))
        if replayed:
            headers.append((b"idempotency-replayed", b"true"))
        if location is not None:
            headers.append((b"location", location.encode()))


def idempotency_key(given: str | None) -> str:
    """The key, quoted (as the draft standard has it) or bare. Raises Problem."""
    if given is None or not given.strip():
        raise Problem(400, "idempotency_key_missing")
    key = given.strip()
    if len(key) > 2 and key[0] == '"' == key[-1]:
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if KEY.fullmatch(key) is None:
        raise Problem(400, "idempotency_key_malformed")
    return key


async def principal(request: Request) -> Principal:
    """Who is asking."""
    return call_of(request.scope).who


@takes_headers("Idempotency-Key")
async def keyed(request: Request) -> None:
    """For a POST that changes no record (it asks for something, on record): it names itself as every POST does."""
    idempotency_key(call_of(request.scope).header(b"idempotency-key"))


async def parts(request: Request) -> Kit:
    """The running parts of the app: store, pool, vault."""
    return call_of(request.scope).kit


@takes_headers("Idempotency-Key", "On-Behalf-Of")
async def command(request: Request) -> CommandContext:
    """The context of a command that opens a record, or may run on any version of one."""
    return CommandContext(call_of(request.scope), must_match=False)


@takes_headers("Idempotency-Key", "If-Match", "On-Behalf-Of")
async def command_on_version(request: Request) -> CommandContext:
    """The context of a command on an existing record: If-Match is required."""
    return CommandContext(call_of(request.scope), must_match=True)


Who = Annotated[Principal, Depends(principal)]
Parts = Annotated[Kit, Depends(parts)]
Ctx = Annotated[CommandContext, Depends(command)]
CtxMatch = Annotated[CommandContext, Depends(command_on_version)]
