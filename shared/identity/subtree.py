"""The tree of units: what is below a unit, in SQL, and which unit of a kind is above one. Decides no right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

Tree = Literal["then", "now"]
"""Reports roll up along the tree of the instant asked about (as known then), or along today's."""
TREE = "Along the organisation of the day asked about (then), or of today (now)."

BELOW = """{unit} in (
    with recursive below as (
        select {root}::uuid as unit_id
        union
        select u.stream_id from {units} as u join below on u.parent_id = below.unit_id where {holds})
    select unit_id from below)"""
TODAY = "u.tenant_id = $1 and u.to_at is null"

PLACES = """
  left join unnest({units}::uuid[], {places}::uuid[]) as {name}(unit_id, place_id) on {name}.unit_id = {unit}
"""
"""Joined to rows with a unit: the unit of a kind that `nearest` found above it."""


def below(unit: str, *, root: str, units: str, holds: str = TODAY) -> str:
    """The predicate that `unit` is `root` or below it. `holds` is of a row `u` of the relation `units`."""
    return BELOW.format(unit=unit, root=root, units=units, holds=holds)


def nearest(units: Mapping[UUID, tuple[str, UUID | None]], kind: str) -> dict[UUID, UUID]:
    """Of each unit, itself or the nearest unit above it of this kind; units without one are absent.

    `units` are (kind, parent) by id.
    """
    found: dict[UUID, UUID] = {}
    for unit in units:
        above: UUID | None = unit
        passed: set[UUID] = set()
        while above is not None and above in units and above not in passed:
            passed.add(above)
            if units[above][0] == kind:
                found[unit] = above
                break
            above = units[above][1]
    return found
