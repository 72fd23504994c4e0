"""Headers that every answer carries, problems and documents included. Reads the request, decides nothing."""

from __future__ import annotations

from shared.http.call import Call
from shared.http.cors import Cors, Headers
from shared.settings import Settings

ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Browsers heed it over TLS only; in development there is none, and a laptop's localhost must stay reachable."""
UNSTORED: Headers = [(b"cache-control", b"no-store"), (b"vary", b"accept-language, authorization")]
STRICT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
OF_PAGES = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    b" font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none';"
    b" frame-ancestors 'none'",
)
"""The pages of the documentation begin with a script of their own; all else they need is served here."""
PAGES = frozenset(("/docs", "/redoc"))


class AnswerHeaders:
    """Those of one service."""

    def __init__(self, settings: Settings) -> None:
        self.cors = Cors(settings.cors_origins)
        always = [*ALWAYS, HSTS] if settings.env == "production" else ALWAYS
        self._lasting = [*always, STRICT]
        self._unstored = [*always, *UNSTORED, STRICT]
        self._page = [*always, *UNSTORED, OF_PAGES]

    def complete(self, call: Call, local: str, headers: Headers) -> Headers:
        """All headers of the answer: these, those the call gathered, and what every answer carries."""
        made = [*headers, *call.headers]
        if local in PAGES:
            made += self._page
        else:
            stated = {name for name, _ in made}
            made += self._lasting if b"cache-control" in stated else self._unstored
            if STRICT[0] in stated:  # a page that brings its own policy: of two a browser heeds both
                made.remove(STRICT)
        if self.cors:
            made += self.cors.headers(call)
        made.append((b"traceparent", call.trace.parent.encode()))
        return made
