"""Who sees what is about a person: assessments, commissions, training needs. Decides no right to act.

The person themself, HR of the unit or above, and who heads the unit or supervises the person, of lower posts alone:
nobody reads what is about their superior or their equal. Of commissions finance sees what HR does. Directors, head
office and auditors see all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from services.kpi.asking import Sql
from shared.http.kit import Kit
from shared.identity.principal import (
    BRANCH_MANAGER,
    DEPARTMENT_HEAD,
    DIRECTOR,
    FINANCE,
    FUNCTIONS,
    HEAD_OFFICE,
    HR,
    REGIONAL_MANAGER,
    Principal,
)
from shared.identity.sight import Seat, Sight

RANKS: Final[Mapping[str, int]] = {
    **dict.fromkeys(sorted(FUNCTIONS), 0),
    DEPARTMENT_HEAD: 1,
    BRANCH_MANAGER: 2,
    REGIONAL_MANAGER: 3,
    DIRECTOR: 4,
    HEAD_OFFICE: 4,
}
"""Posts by how far up they stand."""
PAYS: Final = (FINANCE,)
ANY_POST: Final = tuple(sorted(RANKS))


def post_of(functions: Collection[str]) -> str:
    """The post somebody of these functions has: the highest, of equals the first by name."""
    known = sorted((name for name in functions if name in RANKS), key=lambda name: (-RANKS[name], name))
    return known[0] if known else "representative"


def sees_personal(sight: Sight, standing: Mapping[str, Any], also: Collection[str] = ()) -> bool:
    """Whether this record about a person (`owner_id`, `unit_id`, `post`) is seen; `also`: by these as by HR."""
    if sight.everything or standing["owner_id"] == sight.person_id:
        return True
    return any(
        standing["post"] in posts and (standing["unit_id"] in seat.unit_ids or standing["owner_id"] in seat.staff)
        for seat, posts in _seats(sight, also)
        if standing["owner_id"] != seat.person_id
    )


async def sees(kit: Kit, principal: Principal, record: Any) -> bool:
    """The same of a record that is there."""
    return sees_personal(await kit.sight(principal), record.standing)


async def sees_pay(kit: Kit, principal: Principal, record: Any) -> bool:
    """The same of what is paid: finance of the unit sees it too."""
    return sees_personal(await kit.sight(principal), record.standing, PAYS)


def personal(sql: Sql, alias: str, also: Collection[str] = ()) -> str:
    """The same as a predicate on a relation with `owner_id`, `unit_id` and `post`."""
    sight = sql.asking.sight
    if sight.everything:
        return "true"
    ways = []
    if sight.person_id is not None:
        ways.append(f"{alias}.owner_id = {sql(sight.person_id)}::uuid")
    for seat, posts in _seats(sight, also):
        own, lower = sql(seat.person_id), sql(list(posts))
        units, staff = sql(_sorted(seat.unit_ids)), sql(_sorted(seat.staff))
        ways.append(
            f"({alias}.owner_id <> {own}::uuid and {alias}.post = any({lower}::text[])"
            f" and ({alias}.unit_id = any({units}::uuid[]) or {alias}.owner_id = any({staff}::uuid[])))"
        )
    return f"({' or '.join(ways)})" if ways else "false"


def _seats(sight: Sight, also: Collection[str]) -> Iterator[tuple[Seat, Collection[str]]]:
    """Seats that see what is about others, each with the posts of those."""
    for seat in sight.seats:
        if seat.has((HR, *also)):
            yield seat, ANY_POST
            continue
        rank = max((RANKS.get(name, 0) for name in seat.functions), default=0)
        if rank:
            yield seat, tuple(name for name in ANY_POST if RANKS[name] < rank)


def _sorted(ids: Collection[UUID]) -> list[UUID]:
    return sorted(ids)
