"""What that company works on: accounts, opportunities in every state, visits. The same ids in every tenant.

Records called `only…` exist in the first tenant alone. Every name and text begins with the tenant's mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.accounts.account import Account
from services.accounts.account_commands import AssignOwner, OpenAccount
from services.accounts.events import KeyPersonAdded, Layer, SupportTeamChanged, TeamMember, TeamRole
from services.opportunities.opportunity.commands.closings import (
    ApproveDefeat,
    FreezeProspect,
    LoseContact,
    RequestDefeat,
)
from services.opportunities.opportunity.commands.orders import WinDeal
from services.opportunities.opportunity.commands.prospects import CaptureProspect, QualifyProspect, TransferOpportunity
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.level_policy import DEFAULT
from services.opportunities.policies.reason_catalogue import SHIPPED
from services.opportunities.products.product import AddProduct, Product
from services.opportunities.visits.commands import LogVisit, PlanVisit
from services.opportunities.visits.visit import Visit
from shared.event_store.stream import Stream
from tests.authorisation.company import BEGINNING, BRANCHES, id_of
from tests.authorisation.dealt import of_deal

PRODUCTS = ("A6L", "Q5")
OPENED = datetime(2024, 6, 3, 2, tzinfo=UTC)
CAPTURED = datetime(2025, 1, 15, 2, tzinfo=UTC)
JUDGED = datetime(2025, 2, 10, 2, tzinfo=UTC)
CLOSED = datetime(2025, 3, 20, 2, tzinfo=UTC)
MOVED = datetime(2025, 9, 1, 2, tzinfo=UTC)
"""When records changed hands."""
VISITED = datetime(2025, 4, 8, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Held:
    """Whose a record is and where: from the beginning, and since `MOVED` where that changed."""

    name: str
    owner: str
    unit: str
    account: str = ""
    state: str = "open"
    owner_later: str = ""
    unit_later: str = ""
    team: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()

    @property
    def id(self) -> UUID:
        return id_of(self.name)

    @property
    def only(self) -> bool:
        """Whether the second tenant has no such record."""
        return self.name.startswith("only")

    @property
    def owner_now(self) -> str:
        return self.owner_later or self.owner

    @property
    def unit_now(self) -> str:
        return self.unit_later or self.unit


def _accounts() -> Iterator[Held]:
    for branch in BRANCHES:
        yield Held(f"account.{branch}.a", f"{branch}.a", branch)
        yield Held(f"account.{branch}.b", f"{branch}.b", branch)
    yield Held("account.ka", "ka.rep", "b00")
    yield Held("account.ka2", "ka.rep2", "ka")
    yield Held("account.team", "t00.rep", "t00")
    yield Held("account.junior", "junior", "b02")
    yield Held("account.newest", "newest", "b11")
    yield Held("account.mover", "mover", "b02")
    yield Held("account.leaver", "leaver", "b21")
    yield Held("account.supported", "b10.a", "b10", team=("ka.tech", "b20.b"))
    yield Held("account.handed", "former", "b00", owner_later="b22.a", unit_later="b22")
    yield Held("only.account", "former", "b00", owner_later="b00.a", unit_later="b00")


ACCOUNTS: dict[str, Held] = {account.name: account for account in _accounts()}


def _opportunities() -> Iterator[Held]:
    for branch in BRANCHES:
        for who in "ab":
            for state in ("open", "hot", "won", "lost"):
                yield Held(f"deal.{branch}.{who}.{state}", f"{branch}.{who}", branch, f"account.{branch}.{who}", state)
    for name in ("ka", "ka2", "team", "junior", "newest", "mover", "leaver", "supported"):
        account = ACCOUNTS[f"account.{name}"]
        for state in ("hot", "lost"):
            yield Held(f"deal.{name}.{state}", account.owner, account.unit, account.name, state)
    # past credit: won and lost by the former owner, handed on since
    for state in ("hot", "won", "lost"):
        deal = Held(f"deal.handed.{state}", "former", "b00", "account.handed", state)
        yield replace(deal, owner_later="b22.a", unit_later="b22")
    for state in ("hot", "won", "lost", "asked", "frozen", "unreachable"):
        deal = Held(f"only.deal.{state}", "former", "b00", "only.account", state)
        yield replace(deal, owner_later="b00.a", unit_later="b00")


OPPORTUNITIES: dict[str, Held] = {deal.name: deal for deal in _opportunities()}


def _visits() -> Iterator[Held]:
    for branch in BRANCHES:
        account = f"account.{branch}.a"
        yield Held(f"visit.{branch}.logged", f"{branch}.a", branch, account, "logged", participants=(f"{branch}.b",))
        yield Held(f"visit.{branch}.planned", f"{branch}.b", branch, f"account.{branch}.b", "planned")
    yield Held("visit.ka", "ka.rep", "b00", "account.ka", "logged")
    yield Held("visit.guest", "b10.a", "b10", "account.supported", "logged", participants=("b21.a",))
    yield Held("visit.leaver", "leaver", "b21", "account.leaver", "logged")
    yield Held("only.visit.planned", "b00.a", "b00", "only.account", "planned")
    yield Held("only.visit.logged", "b00.a", "b00", "only.account", "logged")


VISITS: dict[str, Held] = {visit.name: visit for visit in _visits()}


def records(mark: str, *, first: bool) -> Iterator[Stream]:
    """All records of a tenant as they stand before the first test."""
    for code in PRODUCTS:
        yield Product.add(AddProduct(code=code, name=f"{mark}{code}"), id=id_of(f"product.{code}"), at=BEGINNING)
    for account in ACCOUNTS.values():
        if first or not account.only:
            yield account_of(account, mark)
    for deal in OPPORTUNITIES.values():
        if first or not deal.only:
            yield opportunity_of(deal, mark)
            if deal.state == "hot":
                yield from of_deal(deal.name, deal.id, id_of(deal.owner), mark, JUDGED)
    for visit in VISITS.values():
        if first or not visit.only:
            yield visit_of(visit)


def key_person(account: str) -> UUID:
    """The one key person of an account."""
    return id_of(f"key person of {account}")


def account_of(held: Held, mark: str, id: UUID | None = None) -> Account:
    opening = OpenAccount.model_validate({"name": f"{mark}{held.name}"})
    owner, unit = id_of(held.owner), id_of(held.unit)
    account = Account.open(id or held.id, opening, owner_id=owner, unit_id=unit, at=OPENED)
    person = key_person(held.name) if id is None else id_of(f"key person of {id}")
    place = {"layer": Layer.DECISION, "post": "主任", "influence": None, "attitude": None}
    account.record(KeyPersonAdded, at=OPENED, person_id=person, **place)
    if held.team:
        team = tuple(TeamMember(id_of(name), TeamRole.TECHNICAL_SUPPORT) for name in held.team)
        account.record(SupportTeamChanged, at=OPENED, support_team=team)
    if held.owner_later:
        command = AssignOwner(owner_id=id_of(held.owner_later))
        account.assign_owner(command, unit_id=id_of(held.unit_later), at=MOVED)
    return account


def opportunity_of(held: Held, mark: str, id: UUID | None = None) -> Opportunity:
    body = {
        "account_id": id_of(held.account), "title": f"{mark}{held.name}", "channel": "tender_notice",
        "lines": [{"product": PRODUCTS[0], "units": 10, "unit_price": "300000"}],
    }  # fmt: skip
    deal = Opportunity.capture(
        CaptureProspect.model_validate(body),
        id=id or held.id,
        owner_id=id_of(held.owner),
        unit_id=id_of(held.unit),
        at=CAPTURED,
    )
    by = id_of(held.owner)
    if held.state != "open":
        judgement = QualifyProspect.model_validate({"level": "H", "expected_on": "2026-03-10"})
        deal.qualify(judgement, by=by, at=JUDGED, levels=DEFAULT.codes)
    asking = RequestDefeat.model_validate({"reason": "other_brand.price"})
    day = date(2025, 3, 20)
    match held.state:
        case "won":
            deal.win(WinDeal(), at=CLOSED)
        case "lost" | "asked":
            deal.request_defeat(asking, by=by, at=CLOSED, day=day, catalogue=SHIPPED, automatic=False)
            if held.state == "lost":
                deal.approve_defeat(ApproveDefeat(), by=id_of("director"), at=CLOSED, catalogue=SHIPPED)
        case "frozen":
            deal.freeze(FreezeProspect(reason="预算", recall_on=date(2099, 1, 1)), by=by, at=CLOSED, day=day)
        case "unreachable":
            deal.lose_contact(LoseContact(reason="停机"), at=CLOSED, day=day)
    if held.owner_later:
        command = TransferOpportunity(owner_id=id_of(held.owner_later))
        deal.transfer(command, unit_id=id_of(held.unit_later), at=MOVED)
    return deal


def visit_of(held: Held, id: UUID | None = None) -> Visit:
    said = {
        "account_id": id_of(held.account), "purpose": "push_forward", "way": "on_site",
        "participants": [id_of(name) for name in held.participants],
    }  # fmt: skip
    given = {
        "id": id or held.id, "account_id": id_of(held.account), "owner_id": id_of(held.owner),
        "unit_id": id_of(held.unit),
    }  # fmt: skip
    if held.state == "planned":
        return Visit.plan(PlanVisit.model_validate({**said, "planned_on": "2026-04-01"}), at=VISITED, **given)
    return Visit.logged(LogVisit.model_validate(said), judged=(), at=VISITED, day=VISITED.date(), **given)
