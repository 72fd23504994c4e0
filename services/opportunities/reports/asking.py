"""The statements of this service's reports: its views, and sight of rows by who is responsible today. No report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from services.opportunities.views import VIEWS
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.projections.view import View
from shared.records import asking
from shared.records.asking import Asking, Names, Reads, Row, money, rounded

SUPPORTED = f"""{{account}} = any(array(
    select stream_id from {ACCOUNTS.table}
     where tenant_id = $1 and to_at is null and support_team && {{{{persons}}}}))"""  # noqa: S608
SHOWN = """exists (
    select from {standings} as n
     where n.tenant_id = $1 and n.stream_id = {id} and n.to_at is null and {seen})"""


class Sql(asking.Sql):
    """See the base; with the stock of an instant, and rows shown by who is responsible today."""

    units: ClassVar[View] = UNITS
    supported: ClassVar[str] = SUPPORTED

    @classmethod
    def views(cls) -> Sequence[View]:
        return VIEWS

    def in_stock(self, alias: str) -> str:
        """The same for standings in stock, in the form the index of the stock serves."""
        at = self.named("at")
        standing = f"tstzrange({alias}.from_at, {alias}.to_at)"
        return f"{alias}.tenant_id = $1 and {alias}.stock is not null and {standing} @> {at}"

    def shown(self, alias: str) -> str:
        """Sight for rows, of a standing: by who is responsible today, whatever instant is asked about."""
        return self.counted(alias) if self.asking.is_present else self.shown_by(f"{alias}.stream_id")

    def shown_by(self, id: str) -> str:
        """The same of the opportunity with this id, whatever the row is."""
        if self.asking.sight.everything:
            return "true"
        return SHOWN.format(standings=STANDINGS.table, id=id, seen=self.counted("n"))


__all__ = ["Asking", "Names", "Reads", "Row", "Sql", "money", "rounded"]
