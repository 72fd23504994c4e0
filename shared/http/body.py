"""What a JSON body may look like before any model sees it. Cheap on the usual body, exact on the odd one."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from shared.http.problem import At, Problem

MAX_DEPTH = 32
"""Levels of nesting: no command of ours needs ten."""
MAX_ITEMS = 2_000
"""Items of one list or object."""


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_parse = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_not_json, parse_int=float).decode


def check_json(body: bytes) -> None:
    """Refuse (422) what is not JSON, too deep, too long, has a name twice, NUL or lone surrogates."""
    opened = body.count(b"[") + body.count(b"{")
    if opened <= MAX_DEPTH and b"\\u" not in body and body.count(b",") < MAX_ITEMS:
        try:
            # every name costs a colon: as many colons as names left means that no name was lost as a duplicate
            if body.count(b":") == _names(orjson.loads(body)):
                return
        except orjson.JSONDecodeError:
            pass
    if opened > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise Problem(422, "too_deep", params={"limit": MAX_DEPTH})
    try:
        found = _parse(body.decode())
    except _Twice:
        raise Problem(422, "duplicate_name") from None
    except UnicodeDecodeError:
        raise Problem(422, "invalid_text") from None
    except (ValueError, RecursionError) as error:
        position = getattr(error, "pos", None)
        raise Problem(
            422, "invalid_json", errors=(At("", "invalid_json", params={"position": position}),) if position else ()
        ) from None
    if body.count(b",") >= MAX_ITEMS or b"\\u" in body:
        _walk(found, "")


def _names(value: object) -> int:
    """How many names the objects in this value have, all levels."""
    if type(value) is dict:
        return len(value) + sum(_names(item) for item in value.values() if type(item) in _CONTAINERS)
    if type(value) is list:
        return sum(_names(item) for item in value if type(item) in _CONTAINERS)
    return 0


_CONTAINERS = frozenset((dict, list))


def _depth(body: bytes) -> int:
    """How deep brackets nest, texts left out."""
    depth = deepest = 0
    inside = escaped = False
    for byte in body:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                return deepest
        elif byte in b"]}":
            depth -= 1
    return deepest


def _walk(value: object, pointer: str) -> None:
    match value:
        case str():
            if not is_clean(value):
                raise Problem(422, "invalid_text", errors=(At(pointer, "invalid_text"),))
        case list():
            if len(value) > MAX_ITEMS:
                raise Problem(
                    422,
                    "too_long",
                    errors=(At(pointer, "too_long", params={"limit": MAX_ITEMS}),),
                    params={"limit": MAX_ITEMS},
                )
            for index, item in enumerate(value):
                _walk(item, f"{pointer}/{index}")
        case dict():
            if len(value) > MAX_ITEMS:
                raise Problem(422, "too_long", params={"limit": MAX_ITEMS})
            for name, item in value.items():
                if not is_clean(name):
                    raise Problem(422, "invalid_text", errors=(At(pointer, "invalid_text"),))
                _walk(item, f"{pointer}/{escape(name)}")
        case _:
            pass


def is_clean(text: str) -> bool:
    """Whether PostgreSQL can keep this text: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escape(name: str) -> str:
    """A name inside a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
