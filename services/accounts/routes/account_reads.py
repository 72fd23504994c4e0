"""Reading the account file: the list as of any day, and one account with history and key persons. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.accounts.account import Account
from services.accounts.business_time import standing_at
from services.accounts.credit_code import credit_code
from services.accounts.events import KEY_PERSON_FIELD, Attitude, Influence, KeyPerson, Layer, Relationship, TeamRole
from services.accounts.routes.in_sight import shown
from services.accounts.routes.organisation_reads import etag
from services.accounts.routes.shown import HistoryEntry, builtins, history
from services.accounts.routes.unit_names import unit_names
from services.accounts.views.accounts import ACCOUNTS
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import AsOfText, Listed, Paged, Reading, Report
from shared.http.route import Router
from shared.identity.approval import HANDS_OVER, holds
from shared.identity.sight import Sight
from shared.identity.subtree import below
from shared.names import comparable
from shared.privacy.masking import masked, masked_mail
from shared.projections.view import source

router = Router(prefix="/v1/accounts", tags=["accounts"])

LIST = """
select a.stream_id as id, a.name, a.kinds, a.sector, a.credit_code, a.owner_id, a.owner_since, a.unit_id, a.parent_id,
       a.channel, a.grade, a.relationship, a.region, a.city, a.external_refs, a.opened_at, a.layers, a.name_key
  from {accounts} a
 where a.tenant_id = $1 and {standing} and {sight} and {filters}
 order by {order}
 limit {limit}
"""
NAMES_SEEN = f"""
select a.stream_id, a.name from {ACCOUNTS.table} a
 where a.tenant_id = $1 and a.stream_id = any($2::uuid[]) and a.to_at is null and {{sight}}
"""  # noqa: S608 - constants only
SORTS = {
    "name": ("a.name_key, a.stream_id", "(a.name_key, a.stream_id) > ({0}, {1}::uuid)"),
    "opened_at": ("a.opened_at, a.stream_id", "(a.opened_at, a.stream_id) > ({0}, {1}::uuid)"),
    "-opened_at": ("a.opened_at desc, a.stream_id desc", "(a.opened_at, a.stream_id) < ({0}, {1}::uuid)"),
}
"""Sort orders by their name: the ORDER BY and what comes after a row."""


PERSONAL_SHOWN = ("name", "phone", "mail", "traits", "relations", "remark")
"""What the page of an account shows of its key persons; home, birth and sex are only exported to themselves."""


class AccountRow(BaseModel):
    """An account as of the day asked for."""

    id: UUID
    name: str
    kinds: list[str]
    sector: str | None
    credit_code: str | None
    owner_id: UUID | None
    owner_name: str | None = Field(default=None, description="From the vault; null when erased.")
    owner_since: datetime | None
    unit_id: UUID | None
    unit_name: str | None = None
    parent_id: UUID | None
    parent_name: str | None = Field(default=None, description="Null out of your sight.")
    channel: str | None
    grade: str | None
    relationship: Relationship | None
    region: str | None
    city: str | None
    external_refs: dict[str, str]
    layers: list[Layer] = Field(description="Layers in which key persons are known.")
    opened_at: datetime


class TeamMemberShown(BaseModel):
    person_id: UUID
    name: str | None
    role: TeamRole


class KeyPersonShown(BaseModel):
    """A key person: the place from the facts, who it is from the vault, phone and mail masked."""

    person_id: UUID
    layer: Layer
    post: str | None
    influence: Influence | None
    attitude: Attitude | None
    name: str | None
    phone: str | None
    mail: str | None
    traits: str | None
    relations: str | None
    remark: str | None


class AccountRecord(BaseModel):
    """One account with all that is on file, who matters there, and how it came about."""

    id: UUID
    version: int
    name: str
    kinds: list[str]
    sector: str | None
    credit_code: str | None
    owner_id: UUID | None
    owner_name: str | None
    unit_id: UUID | None
    unit_name: str | None
    parent_id: UUID | None
    parent_name: str | None = Field(description="Null out of your sight.")
    external_refs: dict[str, str]
    channel: str | None
    grade: str | None
    relationship: Relationship | None
    region: str | None
    city: str | None
    address: str | None
    website: str | None
    founded_year: int | None
    employees: int | None
    revenue: Decimal | None
    revenue_currency: str | None
    fleet_units: int | None
    credit_standing: str | None
    strategy: str | None
    business_situation: str | None
    bottlenecks: str | None
    buying_history: str | None
    bargaining_power: str | None
    focus: str | None
    habits: str | None
    needs: str | None
    support_team: list[TeamMemberShown]
    key_persons: list[KeyPersonShown]
    findings: list[str] = Field(description="What the file lacks: no_owner, no_key_person, no_decision_layer.")
    allowed_actions: list[str]
    history: list[HistoryEntry]


@router.get("", operation_id="accounts.list", response_model=Listed[AccountRow])
async def accounts(
    read: Report,
    page: Paged,
    as_of: AsOfText = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="Part of the name.")] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    sector: Annotated[str | None, Query(max_length=200)] = None,
    owner_id: UUID | None = None,
    unit_id: Annotated[UUID | None, Query(description="The unit and all below it, as the organisation is now.")] = None,
    parent_id: UUID | None = None,
    channel: Annotated[str | None, Query(max_length=40)] = None,
    grade: Annotated[str | None, Query(max_length=40)] = None,
    relationship: Relationship | None = None,
    code: Annotated[str | None, Query(alias="credit_code", max_length=40)] = None,
    external_ref: Annotated[str | None, Query(max_length=250, description="`system:reference`.")] = None,
    sort: Literal["name", "opened_at", "-opened_at"] = "name",
) -> Listed[AccountRow]:
    """Accounts the caller sees, on any day."""
    await read.wait(ACCOUNTS, PEOPLE, UNITS)
    given: list[Any] = [read.tenant_id]

    def put(value: Any) -> str:
        given.append(value)
        return f"${len(given)}"

    known = None if read.known_at is None else put(read.known_at)
    standing = "a.to_at is null"
    if as_of is not None:
        standing = f"tstzrange(a.from_at, a.to_at) @> {put(read.as_of)}::timestamptz"
    seen, seen_by = shown(await read.sight(), len(given) + 1, "a", present=as_of is None and known is None)
    given.extend(seen_by)
    filters = ["true"]
    for column, value in (
        ("sector", sector), ("owner_id", owner_id), ("parent_id", parent_id), ("channel", channel), ("grade", grade),
        ("relationship", relationship), ("credit_code", None if code is None else credit_code(code)),
    ):  # fmt: skip
        if value is not None:
            filters.append(f"a.{column} = {put(value)}")
    if q is not None:
        filters.append(f"strpos(a.name_key, {put(comparable(q))}) > 0")
    if kind is not None:
        filters.append(f"{put(kind)} = any(a.kinds)")
    if unit_id is not None:
        filters.append(below("a.unit_id", root=put(unit_id), units=UNITS.table))
    if external_ref is not None:
        filters.append(f"a.external_refs @> {put(reference(external_ref))}::jsonb")
    order, beyond = SORTS[sort]
    place = page.after(str if sort == "name" else datetime, UUID)
    if place is not None:
        filters.append(beyond.format(*(put(value) for value in place)))
    sql = LIST.format(
        accounts=source(ACCOUNTS, known_at=known), standing=standing, sight=seen, filters=" and ".join(filters),
        order=order, limit=put(page.limit + 1),
    )  # fmt: skip
    fetched = await read.pool.fetch(sql, *given)
    rows, following = page.of(
        fetched, lambda row: (row["name_key"] if sort == "name" else row["opened_at"].isoformat(), row["id"])
    )
    named = await people_names(read.kit, read.tenant_id, (row["owner_id"] for row in rows))
    units = await unit_names(read.pool, read.tenant_id, (row["unit_id"] for row in rows), read.as_of)
    above = await _names_seen(read, (row["parent_id"] for row in rows))
    items = [
        AccountRow(
            owner_name=named.get(row["owner_id"]),
            unit_name=units.get(row["unit_id"]),
            parent_name=above.get(row["parent_id"]),
            **dict(row),
        )
        for row in rows
    ]
    return Listed(items=items, next=following)


async def _names_seen(read: Reading, ids: Iterable[UUID | None]) -> Mapping[UUID | None, str]:
    """Names of these accounts as far as the caller sees them today."""
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    seen, seen_by = shown(await read.sight(), 3, "a", present=True)
    rows = await read.pool.fetch(NAMES_SEEN.format(sight=seen), read.tenant_id, wanted, *seen_by)
    return {row["stream_id"]: row["name"] for row in rows}


@router.get("/{account_id}", operation_id="accounts.get", response_model=AccountRecord, responses=refuses(404))
async def account(account_id: UUID, read: Report, request: Request) -> AccountRecord:
    """One account with history, key persons and what may be done next. `as_of` shows the file of that day.

    The ETag is what commands take as If-Match.
    """
    found = await visible(read, account_id)
    version = found.version
    standing = standing_at(found, read.as_of)
    if not standing:
        raise Problem(404, "not_found")
    etag(request, version)
    persons = sorted(
        (value for name, value in standing.items() if name.startswith(KEY_PERSON_FIELD) and value is not None),
        key=lambda person: (list(Layer).index(person.layer), str(person.person_id)),
    )
    team = standing.get("support_team", ())
    vault = await read.kit.vault.get(
        read.tenant_id,
        [p.person_id for p in persons] + [m.person_id for m in team] + [standing["owner_id"] or account_id],
        PERSONAL_SHOWN,
    )
    parent = standing["parent_id"] and await read.kit.repository(Account).load(read.tenant_id, standing["parent_id"])
    if parent and not _seen(await read.sight(), parent):
        parent = None  # one out of sight is not named
    units = await unit_names(read.pool, read.tenant_id, [standing["unit_id"]], read.as_of)
    file = {name: value for name, value in standing.items() if not name.startswith(KEY_PERSON_FIELD)}
    return AccountRecord(
        **builtins(file)
        | {
            "id": account_id,
            "version": version,
            "owner_name": vault.get(standing["owner_id"], {}).get("name"),
            "unit_name": units.get(standing["unit_id"]),
            "parent_name": parent.standing["name"] if parent else None,
            "support_team": [
                TeamMemberShown(person_id=m.person_id, role=m.role, name=vault.get(m.person_id, {}).get("name"))
                for m in team
            ],
            "key_persons": [key_person(person, vault.get(person.person_id, {})) for person in persons],
            "findings": list(found.findings()),
            "allowed_actions": await allowed_actions(found, read),
            "history": await history(read, found),
        }
    )


async def visible(read: Reading, account_id: UUID) -> Account:
    """The account as it was known then, if the caller sees it as it stands. Raises Problem 404."""
    repository = read.kit.repository(Account)
    found: Account | None = await (
        repository.load(read.tenant_id, account_id)
        if read.known_at is None
        else repository.load_until(read.tenant_id, account_id, read.known_at)
    )
    if found is None:
        raise Problem(404, "not_found")
    current = found if read.known_at is None else await repository.load(read.tenant_id, account_id)
    if not _seen(await read.sight(), current or found):
        raise Problem(404, "not_found")
    return found


def _seen(sight: Sight, account: Account) -> bool:
    standing = account.standing
    team = [member.person_id for member in standing.get("support_team", ())]
    return sight.sees(owner_id=standing["owner_id"], unit_id=standing["unit_id"], team=team)


async def allowed_actions(account: Account, read: Reading) -> list[str]:
    """What the caller may try now."""
    if read.principal.only_looks:
        return []
    hands_over = holds(await read.sight(), HANDS_OVER)
    return [action for action in account.allowed_actions() if action != "assign-owner" or hands_over]


def key_person(person: KeyPerson, personal: dict[str, str]) -> KeyPersonShown:
    """The place of a key person with what the vault says; phone and mail masked, home and birth not shown at all."""
    return KeyPersonShown(
        person_id=person.person_id,
        layer=person.layer,
        post=person.post,
        influence=person.influence,
        attitude=person.attitude,
        name=personal.get("name"),
        phone=masked(personal.get("phone")),
        mail=masked_mail(personal.get("mail")),
        traits=personal.get("traits"),
        relations=personal.get("relations"),
        remark=personal.get("remark"),
    )


def reference(text: str) -> dict[str, str]:
    """`system:reference` as a filter. Raises Problem 422."""
    system, colon, there = text.partition(":")
    if not (system and colon and there):
        raise Problem(422, "invalid_filter", errors=(At("/external_ref", "invalid_filter", where="query"),))
    return {system: there}
