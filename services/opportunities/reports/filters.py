"""Which records a report is about, beside what the asker may see. An allow-list; no free text reaches SQL."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.opportunities.reports.asking import Sql


@dataclass(frozen=True, slots=True)
class Filters:
    """`unit_id` means the unit and all below it, along the tree of the question."""

    owner_id: UUID | None = None
    unit_id: UUID | None = None
    account_id: UUID | None = None
    channel: str | None = None
    product: str | None = None
    currency: str | None = None

    def predicate(self, sql: Sql, alias: str, *, credit: str | None = None) -> str:
        """The condition on a row that has these columns and `lines`; owner and unit are those of `credit`, if given."""
        said = ["true"]
        credited = credit or alias
        for of, name in ((credited, "owner_id"), (alias, "account_id"), (alias, "channel"), (alias, "currency")):
            if (value := getattr(self, name)) is not None:
                said.append(f"{of}.{name} = {sql(value)}")
        if self.product is not None:
            said.append(f"{alias}.lines @> {sql([{'product': self.product}])}::jsonb")
        if self.unit_id is not None:
            said.append(sql.below(f"{credited}.unit_id", self.unit_id))
        return " and ".join(said)
