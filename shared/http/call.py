"""One request as the edge saw it: who, in which language and trace, with which body. Lives in the ASGI scope."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, cast

from shared.http.problem import Language, Problem, language_of
from shared.telemetry import Trace

if TYPE_CHECKING:
    from shared.http.kit import Kit
    from shared.identity.principal import Principal

SCOPE_KEY = "dakehu.call"

ONCE = frozenset(
    (
        b"authorization",
        b"idempotency-key",
        b"if-match",
        b"on-behalf-of",
        b"view-as",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"traceparent",
    )
)
"""Headers that mean something here, and would mean two things if given twice."""


class Call:
    """What the edge knows of a request. `headers` are added to the answer, `status` is what was answered.

    `exported`: rows of this answer that count against the principal's quota of the day. `counted`: a part of another
    request, whose limits it was counted under.
    """

    __slots__ = (
        "body",
        "counted",
        "exported",
        "given",
        "head_bytes",
        "headers",
        "kit",
        "path",
        "principal",
        "repeated",
        "scope",
        "status",
        "trace",
    )

    def __init__(self, scope: MutableMapping[str, Any], kit: Kit) -> None:
        self.scope = scope
        self.kit = kit
        self.path: str = scope["path"]
        self.body = b""
        self.counted = False
        self.exported = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.principal: Principal | None = None
        given: dict[bytes, bytes] = {}
        repeated: bytes | None = None
        size = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name in given and name in ONCE:
                repeated = name
            given[name] = value
        self.given = given
        self.head_bytes = size
        self.trace = Trace(self.header(b"traceparent"))
        self.repeated = repeated

    def header(self, name: bytes) -> str | None:
        """A request header as text, or None."""
        value = self.given.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def language(self) -> Language:
        """The language to answer in."""
        return language_of(self.header(b"accept-language") or "")

    @property
    def who(self) -> Principal:
        """The principal; on open paths there is none and this refuses."""
        if self.principal is None:
            raise Problem(401, "unauthenticated")
        return self.principal


def call_of(scope: MutableMapping[str, Any]) -> Call:
    """The call the edge put into this scope."""
    return cast(Call, scope[SCOPE_KEY])
