"""docs/events.md: every published fact with its fields, written from the classes. `make docs` writes it again.

Reads the classes of each service's events.py; knows nothing a reader of those files could not know.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from services.accounts import events as accounts
from services.kpi import events as kpi
from services.opportunities import events as opportunities
from services.webhooks import events as webhooks
from shared.event_store.facts import FactType, registry

SERVICES = {"accounts": accounts, "opportunities": opportunities, "kpi": kpi, "webhooks": webhooks}
BOTH = ("FactCorrected", "FactVoided")
HEAD = """# Events

Every fact that is stored and published, written from the classes by `make docs`. Names and fields are for ever; change
is by addition, or by a new schema version with an upcaster. Each event also carries `changes` (the standing fields it
set) and `standing` (all of them after it); `GET /v1/events` wraps it in its envelope: position, epoch, subject, both
times and metadata ([http.md](http.md)).
"""


def event_page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for name, module in SERVICES.items():
        parts.append(f"## {name}\n")
        types = registry(module).types
        parts += [_section(types[fact]) for fact in types if fact not in BOTH]
    parts.append("## Every service\n")
    types = registry(accounts).types
    parts += [_section(types[fact]) for fact in BOTH]
    parts.append("## Values\n")
    parts += [text for module in SERVICES.values() for text in _values(module)]
    return "\n".join(parts)


def _section(fact: FactType) -> str:
    hints = get_type_hints(fact.cls)
    version = "" if fact.schema_version == 1 else f" (schema version {fact.schema_version})"
    rows = "\n".join(f"| `{name}` | {_type(hints[name])} |" for name in fact.fields)
    fields = f"| field | type |\n|---|---|\n{rows}\n" if rows else "No fields of its own.\n"
    return f"### {fact.name}{version}\n\n{inspect.cleandoc(fact.cls.__doc__ or '')}\n\n{fields}"


def _values(module: ModuleType) -> Iterator[str]:
    package = module.__name__.removesuffix("events")
    for name, value in sorted(vars(module).items()):
        if inspect.isclass(value) and issubclass(value, msgspec.Struct) and value.__module__.startswith(package):
            hints = get_type_hints(value)
            rows = "\n".join(f"| `{field}` | {_type(hints[field])} |" for field in value.__struct_fields__)
            yield f"### {name}\n\n{inspect.cleandoc(value.__doc__ or '')}\n\n| field | type |\n|---|---|\n{rows}\n"


def _type(hint: Any) -> str:
    """A type in the words of the JSON a reader gets."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is type(None):
        return "null"
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"object of {_type(arguments[1])}"
    if origin in (Union, type(int | str)):
        return " or ".join(_type(argument) for argument in arguments)
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if members := getattr(hint, "__members__", None):
        return ", ".join(f"`{member.value}`" for member in members.values())
    words = {"UUID": "uuid", "str": "text", "int": "integer", "Decimal": "decimal text", "bool": "true or false"}
    words |= {"date": "day", "datetime": "instant", "Any": "any JSON"}
    return words.get(getattr(hint, "__name__", ""), str(hint))


def main() -> None:
    """Write the page."""
    (Path("docs") / "events.md").write_text(event_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
