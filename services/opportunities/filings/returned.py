"""Filings sent back for completion, for the day of who is responsible for the deal. Decides nothing."""

from __future__ import annotations

from services.opportunities.filings.views import FILINGS
from services.opportunities.follow_ups.today.returned import Returned
from services.opportunities.reports.asking import Sql
from services.opportunities.views.standings import STANDINGS

FILING = """
select 'filing_returned' as kind, r.stream_id as id, '/v1/filings/' || r.stream_id as path, 'change' as action, o.title,
       o.account_id, r.opportunity_id, r.returned_on, o.level, o.owner_id, r.return_reason as note
  from {filings} as r
  join {standings} as o on o.stream_id = r.opportunity_id and {owned}
 where {holds} and r.status = 'returned' and o.owner_id = {person} and {shown}
"""


def _filing(sql: Sql, person: str) -> str:
    return sql.text(
        FILING,
        owned=sql.holds("o"),
        holds=sql.holds("r"),
        person=person,
        shown=sql.shown_by("r.opportunity_id"),
    )


RETURNED = (Returned((FILINGS, STANDINGS), _filing),)
