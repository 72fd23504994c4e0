"""Why somebody may need training: defeats through our own people, by person and reason. Stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.kpi.asking import Asking, Labels, Reads, Row, Sql

OWN_PEOPLE: Final = "own"
"""The category of the shipped reason catalogue that asks for training (本店人员, defeat reasons 3)."""

# A defeat counts once per reason of the category it names; the needs are those as they stand at the same instant.
FINDINGS = """
select d.owner_id, d.unit_id, r.reason,
       count(*) filter (where d.reason = r.reason)::int as defeats,
       count(*)::int as mentions,
       max((d.at at time zone {zone})::date) as last_on,
       (select count(*)::int from {training_needs} as n
         where {needs_hold} and n.owner_id = d.owner_id and n.reason = r.reason
           and n.status in ('proposed', 'planned')) as open_needs
  from {defeat_reasons} as d
 cross join lateral unnest(d.reasons) as r(reason)
 where d.tenant_id = $1 and d.at <= {at} and starts_with(r.reason, {category}) and d.owner_id is not null
   and {counted} and {wanted}
 group by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Defeats:
    """Which defeats: approved from a day to another, of a unit and all below it, of a person, of a category."""

    since: date | None = None
    until: date | None = None
    unit_id: UUID | None = None
    owner_id: UUID | None = None
    category: str = OWN_PEOPLE

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        day = f"(d.at at time zone {sql.named('zone')})::date"
        if self.since is not None:
            said.append(f"{day} >= {sql(self.since)}::date")
        if self.until is not None:
            said.append(f"{day} <= {sql(self.until)}::date")
        if self.unit_id is not None:
            said.append(sql.below("d.unit_id", self.unit_id))
        if self.owner_id is not None:
            said.append(f"d.owner_id = {sql(self.owner_id)}::uuid")
        return " and ".join(said)


async def findings(reads: Reads, asking: Asking, labels: Labels, *, which: Defeats) -> Row:
    """One row per person, unit at the time, and reason of the category; the most mentioned first."""
    sql = Sql(asking)
    statement = sql.text(
        FINDINGS,
        needs_hold=sql.holds("n"),
        category=sql(f"{which.category}."),
        counted=sql.counted("d", account="null::uuid"),
        wanted=which.predicate(sql),
    )
    found = await reads.fetch(statement, *sql.values)
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    rows = [{**dict(row), "owner": people.get(row["owner_id"]), "unit": units.get(row["unit_id"])} for row in found]
    rows.sort(key=lambda row: (-row["mentions"], -row["defeats"], row["reason"], str(row["owner_id"])))
    return {"rows": rows}
