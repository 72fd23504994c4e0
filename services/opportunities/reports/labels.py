"""Names beside ids in this service's reports; with the texts of reasons and channels. Never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from services.opportunities.events import ReasonCategory, ReasonLeaf
from services.opportunities.policies.catalogues.words import CHANNELS
from services.opportunities.policies.reason_catalogue import all_catalogues
from services.opportunities.reports.asking import Asking, Reads, Sql
from shared.records import labels
from shared.records.labels import BLANK, GroupNames, Vault

REASONS = """
select r.categories from {reason_catalogues} as r where r.tenant_id = $1
 order by r.effective_from, r.published_at, r.version
"""


class Labels(labels.Labels):
    """See the base; with reasons and channels."""

    statement: ClassVar[type[Sql]] = Sql

    async def reasons(self, reads: Reads, asking: Asking) -> Mapping[str, str]:
        """Texts of every category and reason ever published; the latest text of a code wins."""
        sql = self.statement(asking)
        published = [
            msgspec.convert(row["categories"], tuple[ReasonCategory, ...])
            for row in await reads.fetch(sql.text(REASONS), *sql.values)
        ]
        texts: dict[str, str] = {}
        for categories in (*(known.categories for known in all_catalogues(None)), *published):
            for category in categories:
                texts[category.code] = self._text(category)
                texts |= {leaf.code: self._text(leaf) for leaf in category.reasons}
        return texts

    def _text(self, named: ReasonCategory | ReasonLeaf) -> str:
        return named.en if self.language == "en" else named.zh

    async def _dimension(self, reads: Reads, asking: Asking, dimension: str, keys: set[str]) -> Mapping[str, str]:
        match dimension:
            case "category" | "reason":
                return await self.reasons(reads, asking)
            case "channel":
                return {code: word.en if self.language == "en" else word.zh for code, word in CHANNELS.items()}
            case _:
                return await super()._dimension(reads, asking, dimension, keys)


__all__ = ["BLANK", "GroupNames", "Labels", "Vault"]
