"""Rolling figures up: of each unit, the branch or region it belongs to, along the tree asked for. Counts nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from shared.identity.subtree import PLACES, nearest
from shared.records.asking import Reads, Sql

KINDS: Mapping[str, str] = {"branch": "branch", "region": "region", "office": "branch"}
"""Dimensions that roll up, and to which kind of unit."""

UNITS = "select u.stream_id as id, u.kind, u.parent_id from {tree} as u where {holds}"


Places = Mapping[str, Mapping[UUID, UUID]]
"""By dimension: the place of each unit that has one."""


async def places(reads: Reads, sql: Sql, group_by: Collection[str]) -> Places:
    """The places for those of these dimensions that roll up; without one nothing is read. `sql`: a statement anew."""
    dimensions = [dimension for dimension in group_by if dimension in KINDS]
    if not dimensions:
        return {}
    relation, holds = sql.tree("u")
    units: dict[UUID, tuple[str, UUID | None]] = {}
    row: Any
    for row in await reads.fetch(sql.text(UNITS, tree=relation, holds=holds), *sql.values):
        units[row["id"]] = (row["kind"], row["parent_id"])
    return {dimension: nearest(units, KINDS[dimension]) for dimension in dimensions}


def joined(sql: Sql, found: Places, unit: str) -> str:
    """The joins that give `<dimension>.place_id` for each dimension that rolls up."""
    return "".join(
        PLACES.format(name=dimension, units=sql(list(of)), places=sql(list(of.values())), unit=unit)
        for dimension, of in found.items()
    )
