"""What came back to a person: requests that were not approved, and what other nouns add. Decides nothing.

It stays until they have done something about it: a judgement, a contact, another request, or the end of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.opportunities.follow_ups.today.sections import MOST, Found, Item, Part, Whose, one_of
from services.opportunities.reports.asking import Reads, Sql
from services.opportunities.views.contacts import CONTACTS
from services.opportunities.views.requests import REQUESTS
from services.opportunities.views.standings import STANDINGS
from shared.projections.view import View

RETURNED = """
select r.*, count(*) over ()::int as count
  from ({kinds}) as r
 order by r.returned_on, r.kind, r.id
 limit {most}
"""


@dataclass(frozen=True, slots=True)
class Returned:
    """A kind of what comes back. `select` gives, for a person (an SQL expression), the columns

    kind text, id uuid, path text, action text, title text, account_id uuid, opportunity_id uuid, returned_on date,
    level text, owner_id uuid, note text; write it with `sql.text`, `sql.holds` and `sql.shown_by(opportunity id)`.
    """

    views: Sequence[View]
    select: Callable[[Sql, str], str]


REJECTED = """
select r.kind || '_rejected' as kind, s.stream_id as id, '/v1/opportunities/' || s.stream_id as path,
       'qualify' as action, s.title, s.account_id, s.stream_id as opportunity_id,
       (r.decided_at at time zone {zone})::date as returned_on, s.level, s.owner_id, r.finding as note
  from {standings} as s
  join {requests} as r on r.tenant_id = $1 and r.stream_id = s.stream_id and r.decision = 'rejected'
 where {holds} and s.stock = 'open' and s.review is null and s.owner_id = {person} and {shown}
   and r.decided_at <= {at}
   and coalesce(greatest(s.judged_at, s.contacted_at) < r.decided_at, true)
   and not exists (select from {contacts} as c
                    where {holds_c} and c.opportunity_id = s.stream_id and c.reached
                      and c.visited_on > (r.decided_at at time zone {zone})::date and c.visited_on <= {day})
   and not exists (select from {requests} as q
                    where q.tenant_id = $1 and q.stream_id = s.stream_id
                      and q.requested_at between r.decided_at and {at} and q.version > r.version)
"""


def _rejected(sql: Sql, person: str) -> str:
    return sql.text(REJECTED, holds=sql.holds("s"), holds_c=sql.holds("c"), person=person, shown=sql.shown("s"))


REQUESTS_REJECTED = Returned((STANDINGS, REQUESTS, CONTACTS), _rejected)
"""Defeats and freezes that the reviewer did not approve."""


def part(kinds: Sequence[Returned]) -> Part:
    """The section `returned` of all these kinds."""

    async def find(reads: Reads, whose: Whose) -> Mapping[str, Found]:
        sql = Sql(whose.asking)
        person = f"{sql(whose.person_id)}::uuid"
        selects = "\nunion all\n".join(f"({kind.select(sql, person)})" for kind in kinds)
        statement = sql.text(RETURNED, kinds=selects, most=f"{sql(MOST)}::int")
        rows = await reads.fetch(statement, *sql.values)
        items = [
            Item(
                kind=row["kind"],
                id=row["id"],
                path=row["path"],
                action=row["action"],
                title=row["title"],
                account_id=row["account_id"],
                opportunity_id=row["opportunity_id"],
                due_on=row["returned_on"],
                level=row["level"],
                owner_id=row["owner_id"],
                note=row["note"],
            )
            for row in rows
        ]
        return {"returned": one_of(rows, items)}

    return Part(("returned",), find, tuple({view.name: view for kind in kinds for view in kind.views}.values()))
