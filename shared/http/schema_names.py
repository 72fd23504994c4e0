"""What the schemas of an OpenAPI document are called: names that generators make classes of, each its own.

Two models of one name in two folders would show their modules' paths, and generators drop one of two equal titles.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from shared.http.merged import renamed

AT = "#/components/schemas/"
BETWEEN = "__"
"""Between the modules of a path in the names FastAPI gives to models that are called alike."""


def named_apart(document: dict[str, Any]) -> dict[str, Any]:
    """The document with short names for models that are called alike, and no two schemas of one title."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    shorter = {name: _short(name) for name in schemas if BETWEEN in name}
    taken = Counter([*shorter.values(), *(name for name in schemas if name not in shorter)])
    shorter = {name: short for name, short in shorter.items() if taken[short] == 1}
    if shorter:
        document = renamed(document, {f"{AT}{name}": f"{AT}{short}" for name, short in shorter.items()})
        schemas = document["components"]["schemas"] = {
            shorter.get(name, name): schema for name, schema in document["components"]["schemas"].items()
        }
    titles = Counter(schema.get("title", name) for name, schema in schemas.items())
    for name, schema in schemas.items():
        if titles[schema.get("title", name)] > 1:
            schema["title"] = name
    return document


def _short(name: str) -> str:
    """`MeetingsTableGiven` of `services__kpi__meetings__commands__TableGiven`: its folder and its own name."""
    *_, folder, _, own = name.split(BETWEEN)
    return "".join(word.capitalize() for word in folder.split("_")) + own
