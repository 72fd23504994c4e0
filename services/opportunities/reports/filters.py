"""Which records a report is about, beside what the asker may see. An allow-list; no free text reaches SQL."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.opportunities.reports.asking import Sql
from services.opportunities.views.units import UNITS

SUBTREE = """{unit} in (
    with recursive below as (
        select {root}::uuid as unit_id
        union
        select u.stream_id from {units} as u join below on u.parent_id = below.unit_id
         where u.tenant_id = $1 and u.to_at is null)
    select unit_id from below)"""


@dataclass(frozen=True, slots=True)
class Filters:
    """`unit_id` means the unit and all below it (as the organisation is now)."""

    owner_id: UUID | None = None
    unit_id: UUID | None = None
    account_id: UUID | None = None
    channel: str | None = None
    product: str | None = None
    currency: str | None = None

    def predicate(self, sql: Sql, alias: str) -> str:
        """The condition on a row that has these columns and `lines`."""
        said = ["true"]
        for name in ("owner_id", "account_id", "channel", "currency"):
            if (value := getattr(self, name)) is not None:
                said.append(f"{alias}.{name} = {sql(value)}")
        if self.product is not None:
            said.append(f"{alias}.lines @> {sql([{'product': self.product}])}::jsonb")
        if self.unit_id is not None:
            said.append(SUBTREE.format(unit=f"{alias}.unit_id", root=sql(self.unit_id), units=UNITS.table))
        return " and ".join(said)
