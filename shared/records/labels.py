"""Names beside ids: of persons from the vault, of units, accounts and products from a service's views. Never stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from uuid import UUID

from shared.records.asking import Asking, Reads, Row, Sql

BLANK = "(blank)"
"""The label of a group whose key is missing: a deal without account, an account without sector."""


class Vault(Protocol):
    """Where the names of persons are, and what was written about them."""

    async def get(
        self, tenant_id: UUID, subject_ids: Collection[UUID], fields: Collection[str] | None = None
    ) -> Mapping[UUID, Mapping[str, str]]: ...


@dataclass(frozen=True, slots=True)
class GroupNames:
    """The group columns of a row: per dimension its key and its label."""

    dimensions: Sequence[str]
    names: Mapping[str, Mapping[str, str]]

    def columns(self, keys: Sequence[str | None]) -> Row:
        row: Row = {}
        for dimension, key in zip(self.dimensions, keys, strict=True):
            row[dimension] = key
            row[f"{dimension}_label"] = self.label(dimension, key)
        return row

    def label(self, dimension: str, key: str | None) -> str:
        return BLANK if key is None else self.names[dimension].get(key, key)


# The name at the instant asked about; of a thing that came later, its first.
NAMES_AT = """
select distinct on (n.stream_id) n.stream_id as id, n.name
  from {relation} as n
 where n.tenant_id = $1 and n.stream_id = any({ids}::uuid[])
 order by n.stream_id, (n.from_at <= {at}) desc,
          case when n.from_at <= {at} then n.from_at end desc nulls last, n.from_at
"""
PRODUCT_NAMES = """
select distinct on (n.code) n.code, n.name
  from {products} as n
 where n.tenant_id = $1 and n.code = any({codes}::text[])
 order by n.code, (n.from_at <= {at}) desc,
          case when n.from_at <= {at} then n.from_at end desc nulls last, n.from_at
"""


@dataclass(frozen=True, slots=True)
class Labels:
    """Looks names up for one report. `language` chooses the text of words; a subclass names its `statement`."""

    vault: Vault
    language: str = "zh-CN"

    statement: ClassVar[type[Sql]]

    async def people(self, tenant_id: UUID, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Names of persons; an erased or unknown person has none."""
        wanted = {id for id in ids if id is not None}
        if not wanted:
            return {}
        found = await self.vault.get(tenant_id, wanted, ("name",))
        return {id: fields["name"] for id, fields in found.items() if fields.get("name")}

    async def texts(
        self, tenant_id: UUID, ids: Collection[UUID], fields: Collection[str]
    ) -> Mapping[UUID, Mapping[str, str]]:
        """What was written about these records, by field."""
        return await self.vault.get(tenant_id, ids, fields) if ids else {}

    async def units(self, reads: Reads, asking: Asking, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        return await self._named(reads, asking, "units", ids)

    async def accounts(self, reads: Reads, asking: Asking, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        return await self._named(reads, asking, "accounts", ids)

    async def products(self, reads: Reads, asking: Asking, codes: Iterable[str | None]) -> Mapping[str, str]:
        wanted = sorted({code for code in codes if code is not None})
        if not wanted:
            return {}
        sql = self.statement(asking)
        rows = await reads.fetch(sql.text(PRODUCT_NAMES, codes=sql(wanted)), *sql.values)
        return {row["code"]: row["name"] for row in rows if row["name"]}

    async def of_groups(
        self, reads: Reads, asking: Asking, dimensions: Sequence[str], groups: Collection[Sequence[str | None]]
    ) -> GroupNames:
        """Labels of all keys that occur in these groups, dimension by dimension."""
        names: dict[str, Mapping[str, str]] = {}
        for index, dimension in enumerate(dimensions):
            keys = {group[index] for group in groups} - {None}
            names[dimension] = await self._dimension(reads, asking, dimension, {key for key in keys if key is not None})
        return GroupNames(dimensions, names)

    async def _dimension(self, reads: Reads, asking: Asking, dimension: str, keys: set[str]) -> Mapping[str, str]:
        match dimension:
            case "owner" | "person":
                people = await self.people(asking.tenant_id, {UUID(key) for key in keys})
                return {str(id): name for id, name in people.items()}
            case "org_unit" | "unit" | "office" | "branch" | "region":
                units = await self.units(reads, asking, {UUID(key) for key in keys})
                return {str(id): name for id, name in units.items()}
            case "account":
                accounts = await self.accounts(reads, asking, {UUID(key) for key in keys})
                return {str(id): name for id, name in accounts.items()}
            case "product":
                return await self.products(reads, asking, keys)
            case _:
                return {}

    async def _named(self, reads: Reads, asking: Asking, relation: str, ids: Iterable[Any]) -> Mapping[UUID, str]:
        wanted = sorted({id for id in ids if id is not None})
        if not wanted:
            return {}
        sql = self.statement(asking)
        statement = NAMES_AT.replace("{relation}", "{" + relation + "}")
        rows = await reads.fetch(sql.text(statement, ids=sql(wanted)), *sql.values)
        return {row["id"]: row["name"] for row in rows if row["name"]}
