"""Whether one JSON Schema breaks who relied on another. Pure: knows no event, no route and no file.

A **reader** gets what the schema describes: nothing it read may be gone, left out or of another kind. A **sender**
gives it: whatever was taken is taken still, and nothing more is demanded. A **keeper** is a reader who also holds what
was written before: what old events lack cannot become certain, and no code they hold may go. New fields and new codes
break nobody: a reader passes over what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Schema = Mapping[str, Any]
Parts = Mapping[str, Schema]

LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
FIXED = ("pattern", "format", "multipleOf", "uniqueItems", "default")


class Who(Enum):
    """Who relies on a schema."""

    READER = auto()
    SENDER = auto()
    KEEPER = auto()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of one document's schemas, each with the parts its references lead to."""

    old_parts: Parts
    new_parts: Parts
    who: Who

    def breaks(self, old: Schema, new: Schema, at: str = "") -> list[str]:
        """What of `new` breaks who relied on `old`, each with its place; empty when nothing does."""
        return list(self._differences(old, new, at, frozenset()))

    # -- any schema ----------------------------------------------------------------------------------------

    def _differences(self, old: Schema, new: Schema, at: str, within: frozenset[tuple[str, str]]) -> Iterator[str]:
        names = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and "$ref" in new:
            if names in within:
                return
            within |= {names}
        before = _alternatives(old, self.old_parts)
        after = _alternatives(new, self.new_parts)
        wanted, offered = (before, after) if self.who is Who.SENDER else (after, before)
        for one in wanted:
            found = [other for other in offered if _fits(one, other, self.who)]
            pairs = [(one, other) if self.who is Who.SENDER else (other, one) for other in found]
            told = [list(self._within_kind(*pair, at, within)) for pair in pairs]
            if not told:
                kind = one.get("type", "anything")
                yield f"{at}: {'no longer takes' if self.who is Who.SENDER else 'may now be'} {kind}"
            elif all(told):
                yield from min(told, key=len)

    def _within_kind(self, old: Schema, new: Schema, at: str, within: frozenset[tuple[str, str]]) -> Iterator[str]:
        yield from self._codes(old, new, at)
        yield from self._bounds(old, new, at)
        if old.get("type") == "object":
            yield from self._fields(old, new, at, within)
        if "items" in old and "items" in new:
            yield from self._differences(old["items"], new["items"], f"{at}[]", within)

    def _codes(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        before, after = old.get("enum"), new.get("enum")
        if before is not None and after is not None:
            if self.who is not Who.READER and (gone := [code for code in before if code not in after]):
                yield f"{at}: the codes {gone} are gone"
        elif before is not None and self.who is not Who.SENDER:
            yield f"{at}: is no longer one of its codes"
        elif after is not None and self.who is Who.SENDER:
            yield f"{at}: takes only {after} now"

    def _bounds(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        if self.who is not Who.SENDER:
            if old.get("format") != new.get("format"):
                yield f"{at}: its form was {old.get('format')}, is {new.get('format')}"
            return
        for name in FIXED:
            if old.get(name) != new.get(name) and (name in new or name == "default"):
                yield f"{at}: {name} was {old.get(name)!r}, is {new.get(name)!r}"
        for name in LOWER_BOUNDS:
            if name in new and new[name] > old.get(name, float("-inf")) and (name in old or new[name] > 0):
                yield f"{at}: {name} was {old.get(name)}, is {new[name]}"
        for name in UPPER_BOUNDS:
            if name in new and new[name] < old.get(name, float("inf")):
                yield f"{at}: {name} was {old.get(name)}, is {new[name]}"

    # -- objects -------------------------------------------------------------------------------------------

    def _fields(self, old: Schema, new: Schema, at: str, within: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name in after:
                yield from self._differences(before[name], after[name], f"{at}.{name}", within)
            else:
                yield f"{at}.{name}: is gone"
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        if self.who is Who.SENDER:
            yield from (f"{at}.{name}: is required now" for name in sorted(now - was))
        else:
            yield from (f"{at}.{name}: may be left out now" for name in sorted((was - now) & set(after)))
        if self.who is Who.KEEPER:
            yield from (f"{at}.{name}: is required, and older events have none" for name in sorted(now - was))
        yield from self._others(old, new, at, within)

    def _others(self, old: Schema, new: Schema, at: str, within: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self._differences(before, after, f"{at}.*", within)
        elif self.who is Who.SENDER and before is not False and after is False:
            yield f"{at}: takes no other fields now"
        for pattern, schema in old.get("patternProperties", {}).items():
            if pattern not in new.get("patternProperties", {}):
                yield f"{at}.{pattern}: is gone"
            else:
                yield from self._differences(schema, new["patternProperties"][pattern], f"{at}.{pattern}", within)


def _alternatives(schema: Schema, parts: Parts) -> list[Schema]:
    """What a schema allows, each of one type: references followed, unions opened, `allOf` put together."""
    while "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return [found for one in schema[union] for found in _alternatives(one, parts)]
    if "allOf" in schema:
        return [_together(schema, parts)]
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    kind = schema.get("type")
    if isinstance(kind, list):
        return [{**schema, "type": one} for one in kind]
    if kind is None and "enum" in schema:
        return [{**schema, "type": "string"}]
    return [schema]


def _together(schema: Schema, parts: Parts) -> Schema:
    made: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for one in ({key: value for key, value in schema.items() if key != "allOf"}, *schema["allOf"]):
        for found in _alternatives(one, parts):
            made["properties"] |= found.get("properties", {})
            made["required"] += found.get("required", ())
    return made


def _fits(wanted: Schema, offered: Schema, who: Who) -> bool:
    """Whether what is wanted could be offered in this kind, wherever their details differ."""
    kinds = (wanted.get("type"), offered.get("type"))
    return kinds[0] == kinds[1] or kinds == ("integer", "number") or (kinds[1] is None and "enum" not in offered)
