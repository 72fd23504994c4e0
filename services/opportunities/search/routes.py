"""Finding records by what people remember of them: GET /v1/search. What is looked for is logged nowhere.

Accounts, opportunities and products by a part of their name, by how it is read (pinyin, initials) and by their codes;
colleagues, and with `personal:read` persons at customers, by their name or the end of their phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.opportunities.reports.asking import Asking
from services.opportunities.routes.asked import Ask, Asked
from services.opportunities.search.finding import (
    RECORDS,
    Term,
    accounts_seen,
    opportunities_seen,
    records,
)
from services.opportunities.search.views import SEARCHED
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from shared.http.call import call_of
from shared.http.context import Who
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.route import Router
from shared.http.tables import no_table
from shared.identity.scopes import PERSONAL
from shared.pinyin import folded
from shared.privacy.disclosure import FOUND, disclosure
from shared.privacy.masking import masked
from shared.privacy.sealing import PHONE, comparable
from shared.privacy.vault import CONTACT, KEY_PERSON, STAFF, Subject

router = Router(prefix="/v1", tags=["search"])

Kind = Literal["account", "opportunity", "product", "person", "key_person", "contact"]
KINDS: tuple[Kind, ...] = ("account", "opportunity", "product", "person", "key_person", "contact")
OF_PERSONS = {"person": STAFF, "key_person": KEY_PERSON, "contact": CONTACT}
DIGITS = re.compile(r"[+0-9 ()\-]{4,20}")
MOST_PERSONS = 200

PEOPLE_HERE = """
select p.stream_id, p.unit_id, p.status from {people} as p
 where p.tenant_id = $1 and p.to_at is null and p.stream_id = any($2::uuid[])
"""


class FoundRow(BaseModel):
    """Something that was found. `rank` 0: it is exactly that; higher: it begins with it, is read like it, holds it."""

    kind: Kind
    id: UUID
    name: str | None
    rank: int
    code: str | None = Field(default=None, description="Credit code, product code, or the reference that was found.")
    status: str | None = None
    account_id: UUID | None = None
    account: str | None = None
    opportunity_id: UUID | None = None
    opportunity: str | None = None
    owner_id: UUID | None = None
    owner: str | None = None
    unit_id: UUID | None = None
    unit: str | None = None
    phone: str | None = Field(default=None, description="Masked; of persons at customers.")


class Results(BaseModel):
    """What was found, the best first."""

    items: list[FoundRow]
    left_out: list[Kind] = Field(description="Kinds that were not looked for: the credential lacks `personal:read`.")


@router.get("/search", operation_id="search.find", response_model=Results, responses=refuses(422))
@no_table
async def search(
    request: Request,
    ask: Ask,
    who: Who,
    q: Annotated[
        str, Query(min_length=1, max_length=100, description="Part of a name, pinyin, initials, code, phone.")
    ],
    kinds: Annotated[str | None, Query(max_length=100, description="Only these, by comma.")] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> Any:
    """Records the caller sees, by what people remember: part of the name, pinyin, initials, a code, a phone's end."""
    wanted = _kinds(kinds)
    personal = who.may(PERSONAL)
    left_out = [] if personal else [kind for kind in wanted if kind in ("key_person", "contact")]
    if (disclosed := disclosure.get()) is not None:
        disclosed.action = FOUND
    if DIGITS.fullmatch(q.strip()) and any(kind in OF_PERSONS for kind in wanted):
        call = call_of(request.scope)
        call.kit.limits.spend("lookups", call, who)
    asking = await ask.of(SEARCHED, STANDINGS, ACCOUNTS)
    term = Term.of(q)
    found = await records(ask.pool, asking, term, wanted, limit)
    rows = [*await _named(ask, asking, found)]
    persons = [OF_PERSONS[kind] for kind in wanted if kind in OF_PERSONS and kind not in left_out]
    if persons and term.text:
        rows += await _persons(ask, asking, q, persons)
    rows.sort(key=lambda row: (row["rank"], KINDS.index(row["kind"]), len(row["name"] or ""), str(row["id"])))
    return Results(items=[FoundRow(**row) for row in rows[:limit]], left_out=left_out)


def _kinds(text: str | None) -> Sequence[Kind]:
    if text is None:
        return KINDS
    given = {part.strip() for part in text.split(",")}
    if not given or given - set(KINDS):
        raise Problem(422, "unknown_search_kind", errors=(At("/kinds", "unknown_kind", where="query"),))
    return [kind for kind in KINDS if kind in given]


async def _named(ask: Asked, asking: Asking, found: Sequence[Any]) -> list[dict[str, Any]]:
    """Records with the names of their owners, units and accounts."""
    people = await ask.labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    units = await ask.labels.units(ask.pool, asking, {row["unit_id"] for row in found})
    accounts = await ask.labels.accounts(ask.pool, asking, {row["account_id"] for row in found})
    return [
        {
            "kind": row["kind"],
            "id": row["stream_id"],
            "name": row["name"],
            "rank": row["rank"],
            "code": row["credit_code"] or row["code"],
            "status": row["status"] or (None if row["active"] is None else "active" if row["active"] else "retired"),
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
        }
        for row in found
    ]


async def _persons(ask: Asked, asking: Asking, q: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Colleagues, and persons of accounts and opportunities the asker sees, found by hashed pieces of name or phone."""
    kit, term = ask.read.kit, folded(q)
    terms: dict[str, list[str]] = {"name": [term]}
    digits = comparable(PHONE, q) if DIGITS.fullmatch(q.strip()) else ""
    if digits.isdigit():
        terms[PHONE] = [digits]
    found = await kit.vault.search(asking.tenant_id, terms, kinds, limit=MOST_PERSONS)
    seen: list[tuple[Subject, dict[str, Any]]] = []
    ids = {kind: [one.record_id for one in found if one.kind == kind] for kind in (KEY_PERSON, CONTACT)}
    accounts = await accounts_seen(ask.pool, asking, ids[KEY_PERSON])
    deals = await opportunities_seen(ask.pool, asking, ids[CONTACT])
    here = {
        row["stream_id"]: row
        for row in await ask.pool.fetch(
            PEOPLE_HERE.format(people=PEOPLE.table), asking.tenant_id, [one.id for one in found if one.kind == STAFF]
        )
    }
    units = await ask.labels.units(ask.pool, asking, {row["unit_id"] for row in here.values()})
    for one in found:
        if one.kind == STAFF and one.id in here:
            place = here[one.id]
            seen.append((one, {"kind": "person", "status": place["status"], "unit_id": place["unit_id"],
                               "unit": units.get(place["unit_id"])}))  # fmt: skip
        elif one.kind == KEY_PERSON and one.record_id in accounts:
            seen.append((one, {"kind": "key_person", "account_id": one.record_id,
                               "account": accounts[one.record_id]}))  # fmt: skip
        elif one.kind == CONTACT and one.record_id in deals:
            seen.append((one, {"kind": "contact", "opportunity_id": one.record_id,
                               "opportunity": deals[one.record_id]}))  # fmt: skip
    said = await kit.vault.get(asking.tenant_id, [one.id for one, _ in seen], ("name", PHONE))
    rows = []
    for one, row in seen:
        fields = said.get(one.id, {})
        name = fields.get("name")
        exact = (name is not None and folded(name) == term) or (
            PHONE in fields and digits != "" and comparable(PHONE, fields[PHONE]) == digits
        )
        phone = None if one.kind == STAFF else masked(fields.get(PHONE))
        rows.append({**row, "id": one.id, "name": name, "rank": 0 if exact else 3, "phone": phone})
    return rows


assert set(RECORDS) < set(KINDS)
