"""What waits for a person: leads to answer, requests to decide. Knows no kind of request and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.opportunities.approvals.inbox import Which, inbox
from services.opportunities.approvals.registry import ALL, KINDS
from services.opportunities.follow_ups.today.own import late
from services.opportunities.follow_ups.today.sections import MOST, Found, Item, Part, Whose, one_of
from services.opportunities.leads.view import LEADS
from services.opportunities.policies.in_force import rules_in_force
from services.opportunities.reports.asking import Reads, Sql
from services.opportunities.views.standings import STANDINGS
from shared.records.paging import Page

# Not answered yet; or put off to a day that has come. The promise is in hours: its day is the tenant's.
LEADS_TO_ANSWER = """
select l.*, count(*) over ()::int as count
  from (select l.stream_id, l.account_id, l.account_name, l.owner_id, l.channel,
               case when l.status = 'follow_up' then l.follow_up_on
                    else ((l.received_at + coalesce(l.answer_hours, 0) * interval '1 hour') at time zone {zone})::date
               end as due_on
          from {leads} as l
         where {holds} and l.owner_id = {person}
           and (l.status = 'open' and l.contacted_at is null or l.status = 'follow_up' and l.follow_up_on <= {day})
       ) as l
 order by l.due_on, l.stream_id
 limit {most}
"""


async def leads(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Section leads: assigned to the person and not answered, or to be followed up by the day."""
    sql = Sql(whose.asking)
    statement = sql.text(
        LEADS_TO_ANSWER, holds=sql.holds("l"), person=f"{sql(whose.person_id)}::uuid", most=f"{sql(MOST)}::int"
    )
    rows = await reads.fetch(statement, *sql.values)
    items = [
        Item(
            kind="lead",
            id=row["stream_id"],
            path=f"/v1/leads/{row['stream_id']}",
            action="contact",
            title=row["account_name"],
            account_id=row["account_id"],
            owner_id=row["owner_id"],
            due_on=row["due_on"],
            days_overdue=late(row["due_on"], whose.asking.day),
            note=row["channel"],
        )
        for row in rows
    ]
    return {"leads": one_of(rows, items)}


async def approvals(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Section approvals: what the reader may decide, the oldest first. Of their own day alone."""
    if not whose.itself:
        return {}
    found, after = await inbox(
        reads,
        whose.kit,
        whose.asking,
        await rules_in_force(whose.kit, whose.asking.tenant_id),
        whose.labels,
        kinds=ALL,
        which=Which(),
        page=Page(2 * MOST),
    )
    items = [
        Item(
            kind=f"approval_{row['kind']}",
            id=row["id"],
            path=row["path"],
            action=next((posted.removeprefix(f"{row['path']}/") for posted in row["paths"].values()), None),
            title=row["title"],
            account_id=row["account_id"],
            opportunity_id=row["opportunity_id"],
            due_on=row["requested_on"],
            level=row["level_before"],
            owner_id=row["owner_id"],
        )
        for row in found
        if row["allowed"]
    ]
    return {"approvals": Found(items[:MOST], len(items), after is not None or len(items) > MOST)}


_REQUESTED = tuple({view.name: view for kind in KINDS.values() for view in kind.views}.values())
PARTS: Sequence[Part] = (
    Part(("leads",), leads, (LEADS,)),
    Part(("approvals",), approvals, (STANDINGS, *_REQUESTED)),
)
