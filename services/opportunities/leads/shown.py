"""Which leads, visitor counts and spend somebody sees, as predicates in SQL. Decides no right to act.

A lead that is nobody's is a pool: who has a function at its unit or above sees it, and the representatives posted
there. Once assigned it is seen as any record; once it became a prospect, as that prospect.
"""

from __future__ import annotations

from uuid import UUID

from services.opportunities.leads.view import LEADS
from services.opportunities.reports.asking import Sql
from shared.identity.principal import ACCOUNT_MANAGER, REPRESENTATIVE
from shared.identity.sight import Sight

CLAIM_FROM_POOL = frozenset((REPRESENTATIVE, ACCOUNT_MANAGER))
OWN = "(case when {l}.opportunity_id is not null then {follows} else ({own}) end)"
TODAY = """exists (
    select from {table} as m
     where m.tenant_id = $1 and m.stream_id = l.stream_id and m.to_at is null and {own})"""


def pools(sight: Sight) -> frozenset[UUID]:
    """The units whose unassigned leads a representative may claim: where they, or who they stand in for, are posted."""
    return frozenset(seat.unit_id for seat in sight.seats if seat.unit_id is not None and seat.has(CLAIM_FROM_POOL))


def shown(sql: Sql) -> str:
    """The same of rows `l` of the view of leads, by today's standing whatever day is asked about."""
    if sql.asking.sight.everything:
        return "true"
    if sql.asking.is_present:
        return _own(sql, "l")
    return TODAY.format(table=LEADS.table, own=_own(sql, "m"))


def _own(sql: Sql, row: str) -> str:
    ways = list(sql.ways(row))
    if units := sorted(pools(sql.asking.sight)):
        ways.append(f"({row}.owner_id is null and {row}.unit_id = any({sql(units)}::uuid[]))")
    return OWN.format(l=row, follows=sql.shown_by(f"{row}.opportunity_id"), own=" or ".join(ways) or "false")


def units_of(sight: Sight, *, own: bool) -> list[UUID]:
    """The units whose figures are seen; `own`: also where somebody is posted without a function that sees it all."""
    posted = {seat.unit_id for seat in sight.seats if seat.unit_id is not None} if own else set()
    return sorted(sight.unit_ids | posted)


def by_unit(sql: Sql, unit: str, *, own: bool) -> str:
    """The predicate that a figure of this unit is seen."""
    sight = sql.asking.sight
    return "true" if sight.everything else f"{unit} = any({sql(units_of(sight, own=own))}::uuid[])"
