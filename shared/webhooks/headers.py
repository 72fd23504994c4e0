"""Headers of their own that endpoints ask for: which may be sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME_CHARACTERS = 64
VALUE_CHARACTERS = 1_024
MOST = 20

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_OURS = re.compile(
    r"accept-encoding|connection|content-(?:encoding|length|type)|cookie|date|expect|forwarded|host|keep-alive|origin"
    r"|te|trailer|transfer-encoding|traceparent|tracestate|upgrade|user-agent|via"
    r"|(?:webhook|ce|proxy|sec|x-forwarded)-.*"
)


def unfit(headers: Mapping[str, str]) -> str | None:
    """The name of the first header that may not be sent, or the empty word when there are too many; None: all may.

    Not those that HTTP, the signature or the trace are made of, and no value that could end a line.
    """
    if len(headers) > MOST:
        return ""
    for name, value in headers.items():
        low = name.lower()
        ours = _OURS.fullmatch(low) is not None
        fits = len(name) <= NAME_CHARACTERS and len(value) <= VALUE_CHARACTERS
        if ours or not fits or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            return name
    return None if len({name.lower() for name in headers}) == len(headers) else ""
