"""The statements of this service's reports: its views, and who is looking. No report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from services.kpi.views import VIEWS
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.units import UNITS
from services.kpi.words import CHANNELS, word
from shared.projections.view import View
from shared.records import asking, labels
from shared.records.asking import Asking, Reads, Row, money, rounded

SUPPORTED = f"""{{account}} = any(array(
    select stream_id from {ACCOUNTS.table}
     where tenant_id = $1 and to_at is null and support_team && {{{{persons}}}}))"""  # noqa: S608


class Sql(asking.Sql):
    """See the base. `counted` is sight of figures: by owner and unit of the row, as they were at its time."""

    units: ClassVar[View] = UNITS
    supported: ClassVar[str] = SUPPORTED

    @classmethod
    def views(cls) -> Sequence[View]:
        return VIEWS


class Labels(labels.Labels):
    """See the base; with channels."""

    statement: ClassVar[type[asking.Sql]] = Sql

    async def _dimension(self, reads: Reads, asking: Asking, dimension: str, keys: set[str]) -> Mapping[str, str]:
        if dimension == "channel":
            return {code: word(CHANNELS, code, self.language) for code in keys}
        return await super()._dimension(reads, asking, dimension, keys)


__all__ = ["Asking", "Labels", "Reads", "Row", "Sql", "money", "rounded"]
