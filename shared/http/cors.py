"""Which other origins' pages may call us: those of the setting, exactly. No wildcard, and never with cookies.

Own lines instead of Starlette's middleware: the edge answers everything else too, so problems, 401 and 429 carry these
headers as well, and a preflight nobody may send is refused as any request without a credential is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.http.call import Call

Headers = list[tuple[bytes, bytes]]

ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9-]+(\.[a-z0-9-]+)*)(:[0-9]{1,5})?")
"""As a browser sends it: scheme, host in lower case, port unless it is the usual one, nothing behind."""

METHODS = b"GET, HEAD, POST, PUT"
TAKEN = (
    b"accept-language, authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id,"
    b" on-behalf-of, traceparent, tracestate, view-as"
)
SHOWN = (
    b"content-disposition, etag, events-cursor, idempotency-replayed, link, location, operation-location, ratelimit,"
    b" ratelimit-policy, retry-after, traceparent, www-authenticate"
)
PREFLIGHT_SECONDS = b"600"

VARY = (b"vary", b"origin")


class Cors:
    """The origins of one installation."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins if ORIGIN.fullmatch(origin))

    def __bool__(self) -> bool:
        return bool(self._origins)

    def is_preflight(self, call: Call) -> bool:
        """Whether this asks, from an origin that may, what it may send."""
        return (
            call.scope["method"] == "OPTIONS"
            and b"access-control-request-method" in call.given
            and call.given.get(b"origin") in self._origins
        )

    def headers(self, call: Call) -> Headers:
        """What is added to the answer to this request."""
        origin = call.given.get(b"origin")
        if origin is None or origin not in self._origins:
            return [VARY]
        found = [VARY, (b"access-control-allow-origin", origin)]
        if self.is_preflight(call):
            found += [
                (b"access-control-allow-methods", METHODS),
                (b"access-control-allow-headers", TAKEN),
                (b"access-control-max-age", PREFLIGHT_SECONDS),
            ]
        else:
            found.append((b"access-control-expose-headers", SHOWN))
        return found
