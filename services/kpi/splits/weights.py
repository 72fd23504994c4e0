"""What a proposal goes by: who may get a part, what they did before and have open. Reads views; stores nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.splits.shares import Past, Receiver
from shared.days import start_of
from shared.event_store.stream import Refused
from shared.identity.principal import ACCOUNT_MANAGER, REPRESENTATIVE

SELLERS: Final = (REPRESENTATIVE, ACCOUNT_MANAGER)

# below: the unit and what stands under it, each with the unit directly below the first that it belongs to.
BELOW = """
with recursive below as (
    select {unit}::uuid as unit_id, null::uuid as part_id
    union
    select u.stream_id, coalesce(b.part_id, u.stream_id)
      from below b join {units} as u on u.parent_id = b.unit_id and {holds}
     where u.status = 'open'
)
select unit_id, part_id from below
"""
PEOPLE_OF = """
select p.stream_id as id, p.unit_id, p.functions
  from {people} as p
 where {holds} and p.status = 'active'
   and (p.unit_id = any({units}::uuid[]) or p.reports_to_unit_id = any({units}::uuid[]))
 order by p.stream_id
"""
# Units ordered and handed over, by who was credited. Reports come after hand-overs and go by them.
DONE = """
select f.owner_id, f.unit_id, f.step, sum(f.units)::int as units
  from {funnel} as f
 where f.tenant_id = $1 and f.at >= {since} and f.at < {until} and f.at <= {at}
   and f.step in ('ordered', 'delivered') and f.units <> 0
   and (f.unit_id = any({units}::uuid[]) or f.owner_id = any({persons}::uuid[]))
 group by 1, 2, 3
"""
# A prospect whose lines are not known counts as one unit.
STILL_OPEN = """
select s.owner_id, s.unit_id, sum(greatest(s.units, 1))::int as units
  from {stock} as s
 where {holds} and s.stock = 'open'
   and (s.unit_id = any({units}::uuid[]) or s.owner_id = any({persons}::uuid[]))
 group by 1, 2
"""
STEPS: Final[Mapping[str, str]] = {
    "orders": "ordered",
    "amount": "ordered",
    "deliveries": "delivered",
    "reported": "delivered",
}
"""What a measure's history is: an amount goes by units ordered, reports by hand-overs."""


async def parts_of(reads: Reads, asking: Asking, unit_id: UUID) -> dict[UUID, UUID | None]:
    """The unit and all below it; of each the unit directly below it that it belongs to (null: the unit itself)."""
    sql = Sql(asking)
    statement = sql.text(BELOW, unit=sql(unit_id), holds=sql.holds("u"))
    return {_plain(row["unit_id"]): _plain_or_none(row["part_id"]) for row in await reads.fetch(statement, *sql.values)}


async def receivers(
    reads: Reads,
    asking: Asking,
    unit_id: UUID,
    parts: Mapping[UUID, UUID | None],
    *,
    units: Collection[UUID] | None,
    persons: Collection[UUID] | None,
) -> list[Receiver]:
    """Who gets a part: these, or each unit directly below and everybody at the unit who sells.

    Raises Refused 422 `not_a_part`, `nobody_to_split_to`.
    """
    below = sorted({part for part in parts.values() if part is not None}, key=str)
    people = await _people(reads, asking, list(parts))
    if persons is None:
        chosen = [id for id, (at, functions) in people.items() if at == unit_id and functions & set(SELLERS)]
    else:
        chosen = list(dict.fromkeys(persons))
    require_parts(parts, people, units or (), chosen, "/units", "/persons")
    found = [Receiver(unit_id=id) for id in (below if units is None else dict.fromkeys(units))]
    found += [Receiver(person_id=id) for id in chosen]
    if not found:
        raise Refused("nobody_to_split_to", "nobody sells there, and no unit stands below", status=422)
    return found


def require_parts(
    parts: Mapping[UUID, UUID | None],
    people: Collection[UUID],
    units: Sequence[UUID] | Collection[UUID],
    persons: Sequence[UUID],
    at_unit: str,
    at_person: str,
) -> None:
    """Raises Refused 422 `not_a_part`: a unit not directly below, a person who neither works nor reports there."""
    direct = {part for part in parts.values() if part is not None}
    for id in units:
        if id not in direct:
            raise Refused("not_a_part", "no unit directly below", status=422, pointer=at_unit)
    for id in persons:
        if id not in people:
            raise Refused("not_a_part", "nobody of this unit", status=422, pointer=at_person)


async def people_of(reads: Reads, asking: Asking, units: Sequence[UUID]) -> Collection[UUID]:
    """Everybody who works at, or reports to, one of these units."""
    return (await _people(reads, asking, units)).keys()


async def past_of(
    reads: Reads,
    asking: Asking,
    parts: Mapping[UUID, UUID | None],
    given: Sequence[Receiver],
    measures: Collection[str],
    history: tuple[date, date],
) -> dict[tuple[str, Receiver], Past]:
    """What each receiver did from the first to the last day, and has open now, by measure: units of all products."""
    persons = [one.person_id for one in given if one.person_id is not None]
    done = await _done(reads, asking, list(parts), persons, history)
    still = await _open(reads, asking, list(parts), persons)
    found: dict[tuple[str, Receiver], Past] = {}
    for measure in measures:
        for one in given:
            history_units = sum(
                (
                    units
                    for (owner, unit, step), units in done.items()
                    if step == STEPS[measure] and _of(one, owner, unit, parts)
                ),
                Decimal(0),
            )
            open_units = sum(
                (units for (owner, unit), units in still.items() if _of(one, owner, unit, parts)), Decimal(0)
            )
            found[measure, one] = Past(max(history_units, Decimal(0)), max(open_units, Decimal(0)))
    return found


def _of(one: Receiver, owner: UUID | None, unit: UUID | None, parts: Mapping[UUID, UUID | None]) -> bool:
    if one.person_id is not None:
        return owner == one.person_id
    return unit is not None and parts.get(unit) == one.unit_id


async def _people(reads: Reads, asking: Asking, units: Sequence[UUID]) -> dict[UUID, tuple[UUID, set[str]]]:
    sql = Sql(asking)
    statement = sql.text(PEOPLE_OF, units=sql(list(units)), holds=sql.holds("p"))
    rows = await reads.fetch(statement, *sql.values)
    return {_plain(row["id"]): (_plain(row["unit_id"]), set(row["functions"])) for row in rows}


async def _done(
    reads: Reads, asking: Asking, units: Sequence[UUID], persons: Sequence[UUID], history: tuple[date, date]
) -> dict[tuple[UUID | None, UUID | None, str], Decimal]:
    sql = Sql(asking)
    first, last = history
    statement = sql.text(
        DONE,
        since=sql(start_of(first, asking.zone)),
        until=sql(start_of(last, asking.zone)),
        units=sql(list(units)),
        persons=sql(list(persons)),
    )
    found: defaultdict[tuple[UUID | None, UUID | None, str], Decimal] = defaultdict(Decimal)
    for row in await reads.fetch(statement, *sql.values):
        found[_plain_or_none(row["owner_id"]), _plain_or_none(row["unit_id"]), row["step"]] += row["units"]
    return found


async def _open(
    reads: Reads, asking: Asking, units: Sequence[UUID], persons: Sequence[UUID]
) -> dict[tuple[UUID | None, UUID | None], Decimal]:
    sql = Sql(asking)
    statement = sql.text(STILL_OPEN, units=sql(list(units)), persons=sql(list(persons)), holds=sql.holds("s"))
    return {
        (_plain_or_none(row["owner_id"]), _plain_or_none(row["unit_id"])): Decimal(row["units"])
        for row in await reads.fetch(statement, *sql.values)
    }


def _plain(id: UUID) -> UUID:
    """A UUID of Python's own class: asyncpg's compares slowly."""
    return UUID(bytes=id.bytes)


def _plain_or_none(id: UUID | None) -> UUID | None:
    return None if id is None else _plain(id)
