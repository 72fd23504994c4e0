"""The contacts with a customer about one opportunity, the latest first: calls, messages, visits. Decides nothing.

What was said comes from the vault: of a contact under an id made of the opportunity and the fact's version.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from services.opportunities.reports.asking import Asking, Reads, Row, Sql
from services.opportunities.reports.labels import Labels

MOST = 500
"""Contacts shown: years of one deal."""
NARRATIVE = "narrative"

CONTACTS = """
select * from (
    select 'contact' as kind, m.version, null::uuid as visit_id, m.made_at as at,
           (m.made_at at time zone {zone})::date as day, m.way, m.reached, m.result, m.contacted_by as person
      from {contacts_made} as m
     where m.tenant_id = $1 and m.stream_id = {id} and m.made_at <= {at}
    union all
    select 'visit', null, c.stream_id, c.from_at, c.visited_on, c.way, c.reached, c.next_step, c.owner_id
      from {contacts} as c
     where {holds} and c.opportunity_id = {id}
) as made
 order by day desc, at desc, version desc
 limit {most}
"""


def contact_text(opportunity_id: UUID, version: int) -> UUID:
    """The vault's subject for what was said in the contact that is this fact of the opportunity."""
    return uuid5(opportunity_id, f"contact.{version}")


async def contacts(reads: Reads, asking: Asking, labels: Labels, opportunity_id: UUID) -> Row:
    """One row per contact or visit up to the instant asked about. Who sees it is the caller's to decide."""
    sql = Sql(asking)
    statement = sql.text(CONTACTS, id=f"{sql(opportunity_id)}::uuid", holds=sql.holds("c"), most=f"{sql(MOST)}::int")
    found = await reads.fetch(statement, *sql.values)
    people = await labels.people(asking.tenant_id, {row["person"] for row in found})
    subjects = [row["visit_id"] or contact_text(opportunity_id, row["version"]) for row in found]
    texts = await labels.texts(asking.tenant_id, subjects, (NARRATIVE,))
    return {
        "rows": [
            {
                "kind": row["kind"],
                "version": row["version"],
                "visit_id": row["visit_id"],
                "day": row["day"],
                "way": row["way"],
                "reached": row["reached"],
                "result": row["result"],
                "person_id": row["person"],
                "person": people.get(row["person"]),
                "narrative": texts.get(subject, {}).get(NARRATIVE),
            }
            for row, subject in zip(found, subjects, strict=True)
        ]
    }
