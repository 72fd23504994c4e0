"""What breaks who relies on a schema, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from services.compatibility.breaking import Comparison, Who

READER, SENDER, KEEPER = Who.READER, Who.SENDER, Who.KEEPER
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
MAYBE = {"type": ["string", "null"]}


def breaks(old: Any, new: Any, who: Who, old_parts: Any = None, new_parts: Any = None) -> list[str]:
    return Comparison(old_parts or {}, new_parts or old_parts or {}, who).breaks(old, new, "it")


def record(*required: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required)}


@pytest.mark.parametrize(
    ("old", "new", "who", "told"),
    [
        (record(a=TEXT), record(), READER, "it.a: is gone"),
        (record(a=TEXT), record(), SENDER, "it.a: is gone"),
        (record("a", a=TEXT), record(a=TEXT), READER, "it.a: may be left out now"),
        (record(a=TEXT), record("a", a=TEXT), SENDER, "it.a: is required now"),
        (record(), record("a", a=TEXT), SENDER, "it.a: is required now"),
        (record(), record("a", a=TEXT), KEEPER, "it.a: is required, and older events have none"),
        (record(a=TEXT), record(a=WHOLE), READER, "it.a: may now be integer"),
        (record(a=TEXT), record(a=WHOLE), SENDER, "it.a: no longer takes string"),
        (TEXT, MAYBE, READER, "it: may now be null"),
        (MAYBE, TEXT, SENDER, "it: no longer takes null"),
        (TEXT, {"anyOf": [TEXT, WHOLE]}, KEEPER, "it: may now be integer"),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, SENDER, "it: the codes ['b'] are gone"),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, KEEPER, "it: the codes ['b'] are gone"),
        ({"enum": ["a"]}, TEXT, READER, "it: is no longer one of its codes"),
        (TEXT, {"enum": ["a"]}, SENDER, "it: takes only ['a'] now"),
        ({**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}, READER, "it: its form was date, is date-time"),
        (TEXT, {**TEXT, "maxLength": 5}, SENDER, "it: maxLength was None, is 5"),
        ({**WHOLE, "maximum": 9}, {**WHOLE, "maximum": 8}, SENDER, "it: maximum was 9, is 8"),
        (TEXT, {**TEXT, "minLength": 1}, SENDER, "it: minLength was None, is 1"),
        ({**WHOLE, "default": 1}, {**WHOLE, "default": 2}, SENDER, "it: default was 1, is 2"),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": MAYBE}, READER, "it[]: may now be null"),
        (record(), {**record(), "additionalProperties": False}, SENDER, "it: takes no other fields now"),
        (
            {"type": "object", "additionalProperties": TEXT},
            {"type": "object", "additionalProperties": MAYBE},
            READER,
            "it.*: may now be null",
        ),
    ],
)
def test_what_breaks(old: Any, new: Any, who: Who, told: str) -> None:
    assert breaks(old, new, who) == [told]


@pytest.mark.parametrize(
    ("old", "new", "who"),
    [
        (record(), record(a=TEXT), READER),
        (record(), record("a", a=TEXT), READER),
        (record(), record(a=TEXT), KEEPER),
        (record(), record(a=TEXT), SENDER),
        (record("a", a=TEXT), record(a=TEXT), SENDER),
        (MAYBE, TEXT, READER),
        (TEXT, MAYBE, SENDER),
        (TEXT, {"anyOf": [WHOLE, TEXT]}, SENDER),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, READER),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, KEEPER),
        ({"enum": ["a"]}, TEXT, SENDER),
        (TEXT, {"enum": ["a"]}, READER),
        ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 9}, SENDER),
        ({"type": "number"}, WHOLE, READER),
        (WHOLE, {"type": "number"}, SENDER),
        ({"const": "a"}, {"enum": ["a"]}, KEEPER),
    ],
)
def test_what_breaks_nobody(old: Any, new: Any, who: Who) -> None:
    assert breaks(old, new, who) == []


def test_parts_are_followed_whatever_they_are_called() -> None:
    old, new = {"Line": record(units=WHOLE)}, {"OrderLine": record(units=TEXT)}
    before, after = {"$ref": "#/$defs/Line"}, {"$ref": "#/components/schemas/OrderLine"}
    assert breaks(record(line=before), record(line=after), READER, old, new) == ["it.line.units: may now be string"]


def test_a_part_within_itself_comes_to_an_end() -> None:
    tree = {"Node": record("below", below={"type": "array", "items": {"$ref": "#/$defs/Node"}})}
    cut = {"Node": record(below={"type": "array", "items": {"$ref": "#/$defs/Node"}})}
    root = {"$ref": "#/$defs/Node"}
    assert breaks(root, root, READER, tree) == []
    assert breaks(root, root, READER, tree, cut) == ["it.below: may be left out now"]


def test_each_of_several_records_may_find_its_like() -> None:
    """Kinds of one union are told apart by their fields, not by their order."""
    won, lost = record("won", won={"const": True}, at=TEXT), record("lost", lost={"const": True})
    assert breaks({"oneOf": [won, lost]}, {"oneOf": [lost, won, record("x", x=TEXT)]}, SENDER) == []
    without = record("won", won={"const": True})
    assert breaks({"oneOf": [won, lost]}, {"oneOf": [lost, without]}, SENDER) == ["it.at: is gone"]
