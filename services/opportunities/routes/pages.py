"""One opportunity, visit or product with its whole history, names, and what can be done now. Reads the log itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.opportunities.events import Status
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.in_force import rules_in_force
from services.opportunities.policies.level_policy import NEW, ORDERED, computed_level
from services.opportunities.products.product import Product
from services.opportunities.products.routes import CATALOGUERS
from services.opportunities.products.view import PRODUCTS
from services.opportunities.routes.acting import sees, sees_visit
from services.opportunities.routes.names import Names, names
from services.opportunities.routes.rights import restricted_actions
from services.opportunities.visits.visit import Visit
from shared.event_store.command import StoredFact
from shared.event_store.stream import Stream
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Now, Paged, Reading, Report
from shared.http.route import Router
from shared.identity.approval import APPROVES, holds
from shared.privacy.masking import masked, masked_mail
from shared.projections.view import source
from shared.records.history import FactShown, history, people_in, plain

router = Router()

S = TypeVar("S", bound=Stream)

PRODUCT_LIST = f"""
select p.stream_id as id, p.version, p.code, p.name, p.name_en, p.series, p.list_price, p.currency, p.external_refs,
       p.active
  from {source(PRODUCTS, tenant="$1", known_at=None)} as p
 where p.tenant_id = $1 and p.to_at is null and p.code is not null and ($2::boolean is null or p.active = $2)
   and ($3::text is null or (p.code, p.stream_id) > ($3, $4::uuid))
 order by p.code, p.stream_id
 limit $5
"""  # noqa: S608 - the view's own table


class LineShown(BaseModel):
    """A line with what became of its units."""

    line: int
    product: str
    units: int
    unit_price: Decimal | None
    ordered: int
    delivered: int
    cancelled: int


class OpportunityShown(BaseModel):
    """One opportunity: where it stands, what can be done now, and its whole history."""

    id: UUID
    version: int
    captured_at: datetime
    status: Status
    delivered: bool = Field(description="Ordered, and every unit delivered or cancelled.")
    level: str | None = Field(description="Declared; null = N, not judged yet.")
    computed_level: str = Field(
        description="By the policy in force and the expected day; `overdue` when it has gone by."
    )
    level_policy: str
    days_left: int | None
    lines: Sequence[LineShown]
    standing: dict[str, Any] = Field(description="All standing fields; those that are null are left out.")
    texts: dict[str, str] = Field(
        description="Remark and contact, from the vault; phone and mail masked: POST /v1/persons/{id}/reveal."
    )
    allowed_actions: Sequence[str] = Field(description="Commands possible now for you: POST to the path plus this.")
    names: Names
    history: Sequence[FactShown]


class VisitShown(BaseModel):
    """One visit: what was planned, what it brought, its texts, and its whole history."""

    id: UUID
    version: int
    status: str | None = Field(description="planned, logged, cancelled; null when all was taken back.")
    standing: dict[str, Any]
    texts: dict[str, str] = Field(description="Preparation, narrative and the head's comment, from the vault.")
    names: Names
    allowed_actions: Sequence[str] = Field(description="Commands possible now for you: POST to the path plus this.")
    history: Sequence[FactShown]


class ProductShown(BaseModel):
    """One product of the catalogue."""

    id: UUID
    version: int
    code: str
    name: str
    name_en: str | None
    series: str | None
    list_price: Decimal | None
    currency: str
    external_refs: dict[str, str]
    active: bool


class ProductRecord(ProductShown):
    """One product with what may be done to it."""

    allowed_actions: Sequence[str] = Field(description="Commands possible now for you: POST to the path plus this.")


@router.get(
    "/v1/opportunities/{opportunity_id}",
    operation_id="opportunities.read",
    tags=["opportunities"],
    responses=refuses(404),
)
async def opportunity_page(opportunity_id: UUID, reading: Report, response: Response) -> OpportunityShown:
    """One opportunity with its whole history."""
    opportunity, stored = await _load(reading, Opportunity, opportunity_id)
    standing = opportunity.standing_at(reading.as_of)
    if not standing:
        raise Problem(404, "not_found")
    current = await _current(reading, opportunity)
    if not await sees(reading.kit, reading.principal, current.standing):
        raise Problem(404, "not_found")
    kit, tenant_id = reading.kit, reading.tenant_id
    texts = await _texts(reading, opportunity_id, standing.get("contact_id"))
    policy = (await rules_in_force(kit, tenant_id)).policy(reading.day)
    expected: date | None = standing.get("expected_on")
    lines = opportunity.shown_lines(standing)
    response.headers["ETag"] = f'"{opportunity.version}"'
    return OpportunityShown(
        id=opportunity_id,
        version=opportunity.version,
        captured_at=opportunity.captured_at,
        status=standing["status"],
        delivered=standing["status"] == Status.ORDERED
        and bool(lines)
        and all(line["units"] == line["delivered"] + line["cancelled"] for line in lines),
        level=standing.get("level"),
        computed_level=_computed(standing, policy, reading.day),
        level_policy=policy.code,
        days_left=None if expected is None else (expected - reading.day).days,
        lines=[LineShown(**line) for line in lines],
        standing=plain({name: value for name, value in standing.items() if value is not None}),
        texts=texts,
        allowed_actions=()
        if reading.principal.only_looks
        else opportunity.allowed_actions(await restricted_actions(kit, reading.principal, current)),
        names=await _names(reading, opportunity, stored),
        history=history(opportunity, stored),
    )


@router.get("/v1/visits/{visit_id}", operation_id="visits.read", tags=["visits"], responses=refuses(404))
async def visit_page(visit_id: UUID, reading: Now, response: Response) -> VisitShown:
    """One visit with its whole history."""
    visit, stored = await _load(reading, Visit, visit_id)
    principal = reading.principal
    if not await sees_visit(reading.kit, principal, visit.about):
        raise Problem(404, "not_found")
    response.headers["ETag"] = f'"{visit.version}"'
    return VisitShown(
        id=visit_id,
        version=visit.version,
        status=visit.status,
        standing=plain({name: value for name, value in visit.standing.items() if value is not None}),
        texts=(await reading.kit.vault.get(reading.tenant_id, [visit_id])).get(visit_id, {}),
        names=await _names(reading, visit, stored),
        allowed_actions=()
        if principal.only_looks or principal.viewer_id is not None
        else visit.allowed_actions(supervises=holds(await reading.kit.sight(principal), APPROVES)),
        history=history(visit, stored),
    )


@router.get("/v1/products", operation_id="products.list", tags=["products"], responses=refuses(422))
async def products(
    reading: Now,
    page: Paged,
    active: Annotated[bool | None, Query(description="true: on offer; false: withdrawn.")] = None,
) -> Listed[ProductShown]:
    """The product catalogue, by code: the codes that lines take."""
    await reading.wait(PRODUCTS)
    code, id = page.after(str, UUID) or (None, None)
    rows = await reading.pool.fetch(PRODUCT_LIST, reading.tenant_id, active, code, id, page.limit + 1)
    shown, following = page.of(rows, key=lambda row: (row["code"], row["id"]))
    return Listed(items=[ProductShown(**row) for row in shown], next=following)


@router.get("/v1/products/{product_id}", operation_id="products.read", tags=["products"], responses=refuses(404))
async def product_page(product_id: UUID, reading: Now, response: Response) -> ProductRecord:
    """One product."""
    product, _ = await _load(reading, Product, product_id)
    response.headers["ETag"] = f'"{product.version}"'
    principal = reading.principal
    keeps = principal.has(*CATALOGUERS) and not principal.only_looks and principal.viewer_id is None
    return ProductRecord(
        id=product_id,
        version=product.version,
        allowed_actions=product.allowed_actions() if keeps else (),
        **plain(product.standing),
    )


async def _load(reading: Reading, kind: type[S], id: UUID) -> tuple[S, Sequence[StoredFact]]:
    """The record and its events, as known when asked. Raises Problem 404."""
    kit = reading.kit
    stored = await kit.store.load(reading.tenant_id, id, until_position=reading.known_at)
    stream: S | None = kit.repository(kind).replay(stored)
    if stream is None:
        raise Problem(404, "not_found")
    return stream, stored


async def _current(reading: Reading, shown: S) -> S:
    """The record as it stands now: that decides who sees it, whatever was known earlier. Texts are those of now."""
    if reading.known_at is None:
        return shown
    current: S | None = await reading.kit.repository(type(shown)).load(reading.tenant_id, shown.id)
    return current or shown


async def _texts(reading: Reading, opportunity_id: UUID, contact_id: UUID | None) -> dict[str, str]:
    """The remark, and the contact's fields with `contact_` before their names."""
    subjects = [opportunity_id] if contact_id is None else [opportunity_id, contact_id]
    found = await reading.kit.vault.get(reading.tenant_id, subjects)
    texts = dict(found.get(opportunity_id, {}))
    if contact_id is not None:
        contact: dict[str, str | None] = dict(found.get(contact_id, {}))
        for name, hide in (("phone", masked), ("mail", masked_mail)):
            if name in contact:
                contact[name] = hide(contact[name])
        texts |= {f"contact_{name}": text for name, text in contact.items() if text is not None}
    return texts


def _computed(standing: Mapping[str, Any], policy: Any, day: date) -> str:
    if standing["status"] == Status.ORDERED:
        return ORDERED
    return NEW if standing.get("level") is None else computed_level(policy, standing.get("expected_on"), day)


PEOPLE = (
    "owner_id",
    "judged_by",
    "reviewed_by",
    "verified_by",
    "defeat_requested_by",
    "freeze_requested_by",
    "key_person_id",
)


async def _names(reading: Reading, stream: Stream, stored: Sequence[StoredFact]) -> Names:
    """Names of everybody and everything the record has ever named."""
    people: set[UUID | None] = set(people_in(stored))
    others: set[UUID | None] = set()
    products: set[str] = set()
    for entry in stream.ledger.values():
        for said in (entry.changes, entry.original_changes):
            people |= {said.get(name) for name in PEOPLE}
            people |= {*said.get("participants", ()), *(met.person_id for met in said.get("persons_met", ()))}
            others |= {said.get("unit_id"), said.get("account_id")}
            products |= {line.product for line in said.get("lines", ())}
    return await names(reading.kit, reading.tenant_id, people=people, others=others, products=products)
