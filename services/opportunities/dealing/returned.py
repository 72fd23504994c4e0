"""Solutions, prices and contracts that were not approved, for the day of who drafted or asked. Decides nothing."""

from __future__ import annotations

from services.opportunities.contracts.views import CONTRACTS
from services.opportunities.follow_ups.today.returned import Returned
from services.opportunities.negotiations.views import NEGOTIATIONS
from services.opportunities.reports.asking import Sql
from services.opportunities.solutions.views import SOLUTIONS
from services.opportunities.views.standings import STANDINGS
from shared.projections.view import View

SELECT = """
select '{kind}' as kind, r.stream_id as id, '{path}' || r.stream_id as path, '{action}' as action, o.title,
       o.account_id, r.opportunity_id, {returned_on} as returned_on, o.level, o.owner_id, {note} as note
  from {relation} as r
  join {standings} as o on o.stream_id = r.opportunity_id and {owned}
 where {holds} and {back} and {shown}
"""


def _kind(view: View, **parts: str) -> Returned:
    """`back`: the predicate that it came back to `{person}`; the others are columns of the answer."""
    relation = "{" + view.name.partition(".")[2] + "}"

    def select(sql: Sql, person: str) -> str:
        given = {**parts, "back": parts["back"].format(person=person)}
        return sql.text(
            SELECT.replace("{relation}", relation),
            owned=sql.holds("o"),
            holds=sql.holds("r"),
            shown=sql.shown_by("r.opportunity_id"),
            **given,
        )

    return Returned((view, STANDINGS), select)


RETURNED = (
    _kind(
        SOLUTIONS,
        kind="solution_returned",
        path="/v1/solutions/",
        action="draft",
        back="r.status = 'returned' and r.drafted_by = {person}",
        returned_on="r.decided_on",
        note="r.comment",
    ),
    _kind(
        NEGOTIATIONS,
        kind="price_refused",
        path="/v1/negotiations/",
        action="request-price",
        back="r.status = 'open' and r.price_status = 'refused' and r.price_requested_by = {person}",
        returned_on="r.price_decided_on",
        note="r.price_comment",
    ),
    _kind(
        CONTRACTS,
        kind="contract_returned",
        path="/v1/contracts/",
        action="draft",
        back="r.status = 'returned' and r.drafted_by = {person}",
        returned_on="r.decided_on",
        note="r.comment",
    ),
)
