"""The bytes one endpoint is sent for one event, as its agreement says. They are signed, so they are made once. No I/O.

What a person is called is in no event: where the agreement lists fields of persons, they stand in `data.persons` beside
the ids, as they are when it is sent. Who was erased stands there as `{"redacted": true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from shared.feed.envelope import ENVELOPE, rendered, schema_path
from shared.feed.reading import Shown
from shared.webhooks.endpoint import Endpoint

Persons = Mapping[str, Mapping[str, Any]]
"""By id: what the receiver may know of them."""
Older = Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]
NAMING = frozenset(
    (
        *("actor", "by", "cascaded_to", "duplicate_of", "given_to", "id", "lane", "manager_before", "on_behalf_of"),
        *("our_side", "owner_before", "participants", "persons", "responsible", "subject", "their_side", "unit_before"),
    )
)
"""Fields that hold ids, beside those whose name says so."""
FREE = frozenset(("external_refs", "posting_id", "cancelled_by"))
"""Fields that hold what others call something, or one of a few words."""
OLDER: Older = {}
"""By type and version: makes the data of the version before. Empty as long as no fact has a second form."""


def body(endpoint: Endpoint, shown: Shown, persons: Persons | None = None, *, older: Older = OLDER) -> bytes:
    """The envelope in full (`full`), with chosen fields of its data (`selected`), or with none (`thin`)."""
    said = dict(shown.body)
    pinned = endpoint.schema_versions.get(shown.type)
    if pinned is not None:
        _pin(said, pinned, older)
    if endpoint.payload != "full":
        said = {name: said[name] for name in ENVELOPE if name in said} | {"data": said["data"]}
    if endpoint.payload == "thin":
        said["data"] = {}
    elif endpoint.payload == "selected":
        said["data"] = picked(said["data"], endpoint.fields)
    if persons and endpoint.payload != "thin":
        named = set(ids(said))
        known = {id: what for id, what in persons.items() if id in named}
        said["data"] = {**said["data"], **({"persons": known} if known else {})}
    return rendered(said)


def picked(data: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Of some data what lies at these paths; dots lead down, what is not there is left out."""
    found: dict[str, Any] = {}
    for path in paths:
        *above, name = path.split(".")
        source: Any = data
        for step in above:
            source = source.get(step) if isinstance(source, Mapping) else None
        if isinstance(source, Mapping) and name in source:
            target = found
            for step in above:
                target = target.setdefault(step, {})
            target[name] = source[name]
    return found


def ids(value: Any) -> Iterator[str]:
    """Every id in the fields of an envelope that hold ids: whoever is a person among them is known to the vault alone.

    Not those that somebody wrote into a text, a reference of theirs or a key: names are told of who is named by a rule.
    """
    match value:
        case Mapping():
            for name, item in value.items():
                if name in FREE:
                    continue
                if holds_ids(name):
                    yield from _ids(item)
                if not isinstance(item, str):
                    yield from ids(item)
        case list() | tuple():
            for item in value:
                yield from ids(item)


def holds_ids(name: str) -> bool:
    """Whether a field of this name holds ids, one or a list."""
    return name not in FREE and (name in NAMING or name.endswith(("_id", "_ids", "_by")))


def _ids(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list | tuple) else (value,):
        if isinstance(item, str) and len(item) == 36 and item.count("-") == 4 and _is_id(item):
            yield item


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _pin(said: dict[str, Any], pinned: int, older: Older) -> None:
    """Its data in an older form, as far back as there is a way; the envelope says which it is."""
    while said["schema_version"] > pinned:
        step = older.get((said["type"], said["schema_version"]))
        if step is None:
            return
        version = said["schema_version"] - 1
        said |= {
            "data": step(said["data"]),
            "schema_version": version,
            "dataschema": schema_path(said["type"], version),
        }
