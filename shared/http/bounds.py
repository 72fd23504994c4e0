"""How large the head of a request may be. What a body may look like is in body.py."""

from __future__ import annotations

from shared.http.call import Call
from shared.http.problem import Problem

MAX_TARGET_BYTES = 32_768
"""Path and query: one list of 2 000 characters, however they are escaped, and whatever else there is."""
MAX_PARAMETERS = 64
MAX_HEADERS = 64
MAX_HEADER_BYTES = 32_768


def check_head(call: Call) -> None:
    """Refuse an address that is too long (414), too many parameters (400), and too many or too long headers (431)."""
    scope = call.scope
    query: bytes = scope["query_string"]
    if len(query) + len(scope.get("raw_path") or scope["path"]) > MAX_TARGET_BYTES:
        raise Problem(414, "address_too_long", params={"limit": MAX_TARGET_BYTES})
    if query and query.count(b"&") >= MAX_PARAMETERS:
        raise Problem(400, "too_many_parameters", params={"limit": MAX_PARAMETERS})
    if len(scope["headers"]) > MAX_HEADERS or call.head_bytes > MAX_HEADER_BYTES:
        raise Problem(
            431,
            "headers_too_large",
            params={"limit": MAX_HEADER_BYTES, "headers": MAX_HEADERS},
            headers={"Connection": "close"},
        )
