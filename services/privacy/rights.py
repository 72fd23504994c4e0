"""Who may do what with a person's data, and what a request says of it. Answers nothing itself."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.accounts.account_commands import Personal
from services.accounts.commands import Mail, Phone, like
from services.accounts.events import ErasureReason, RestrictionGround
from services.privacy.places import person, records
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.lookups import standing
from shared.identity.principal import BACK_OFFICE, DIRECTOR, HEAD_OFFICE, HR, TENANT_ADMIN, Principal
from shared.identity.scopes import PERSONAL
from shared.privacy.vault import STAFF, Subject

OF_STAFF = (HR, HEAD_OFFICE, DIRECTOR, TENANT_ADMIN)
"""Restrict, export, correct and erase the data of our own people."""
OF_CUSTOMERS = (HEAD_OFFICE, DIRECTOR)
"""Export and erase the data of customers' persons."""
TENDS_CUSTOMERS = (*OF_CUSTOMERS, BACK_OFFICE)
"""Restrict and correct them: the back office for the records it sees."""


class Do(StrEnum):
    """What is to be done with a person's data."""

    LOOK = "look"
    TEND = "tend"  # restrict, lift, correct
    DISPOSE = "dispose"  # export, erase


async def require(kit: Kit, principal: Principal, id: UUID, do: Do) -> Subject:
    """The person, when the principal sees them and may do this. Raises Problem: 404, 403."""
    subject = await person(kit.pool, kit.vault, principal.tenant_id, id)
    if subject is None or not await sees(kit, principal, subject):
        raise Problem(404, "not_found")
    if do is Do.LOOK:
        return subject
    if subject.kind == STAFF:
        allowed: Collection[str] = OF_STAFF
    else:
        allowed = TENDS_CUSTOMERS if do is Do.TEND else OF_CUSTOMERS
    if principal.functions.isdisjoint(allowed):
        raise Problem(403, "forbidden")
    return subject


async def sees(kit: Kit, principal: Principal, subject: Subject) -> bool:
    """Staff are known to all; a customer's person to who sees the record, as it stands, they belong to."""
    sight = await kit.sight(principal)
    if subject.kind == STAFF or sight.everything:
        return True
    if subject.record_id is None:
        return False
    record = (await records(kit.pool, principal.tenant_id, [subject.record_id])).get(subject.record_id)
    if record is None:
        return False
    account_id = record.id if record.stream_type == "account" else record.account_id
    team = await _team(kit.pool, principal.tenant_id, account_id)
    return bool(sight.sees(owner_id=record.owner_id, unit_id=record.unit_id, team=team))


async def _team(pool: Any, tenant_id: UUID, account_id: UUID | None) -> set[UUID]:
    account = None if account_id is None else await standing(pool, tenant_id, account_id, "account")
    return {UUID(member["person_id"]) for member in (account or {}).get("support_team", ())}


def require_personal(principal: Principal) -> None:
    """Raises Problem 403 for a credential that is not good for personal data."""
    if not principal.may(PERSONAL):
        raise Problem(403, "scope_missing", params={"scope": PERSONAL}, extra={"scope": PERSONAL})


# -- bodies ----------------------------------------------------------------------------------------------

Purpose = Annotated[str, StringConstraints(min_length=2, max_length=200, pattern=r"\S")]
Shown = Annotated[
    str, StringConstraints(pattern="^(name|phone|mail|sex|birth_date|home_address|traits|relations|remark)$")
]


class Asked(BaseModel):
    """The body of a command on a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reveal(Asked):
    """Show fields as they are, unmasked; kept on record with the purpose."""

    model_config = like(fields=["phone"], purpose="约定送车时间")

    fields: Annotated[tuple[Shown, ...], Field(min_length=1, max_length=9)]
    purpose: Purpose = Field(description="Why; kept on record. Name no person here.")


class Check(Asked):
    """Whether somebody is on file already: one of the two."""

    model_config = like(phone="138 0013 8000")

    phone: Phone | None = None
    mail: Mail | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Check:
        if (self.phone is None) == (self.mail is None):
            raise PydanticCustomError("one_of_two", "give phone or mail, one of the two")
        return self


class CheckAccount(Asked):
    """Whether an organisation is on file already."""

    model_config = like(credit_code="91110000600037341L")

    credit_code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Restrict(Asked):
    """Keep a person's data and use them no more."""

    model_config = like(ground="contested")

    ground: RestrictionGround


class Export(Asked):
    """Everything that is held about one person."""

    model_config = like(purpose="本人要求查阅")

    purpose: Purpose | None = Field(default=None, description="Why; kept on record. Name no person here.")


class Correct(Personal):
    """Correct what the vault says of a person: only the fields named; null empties one."""

    model_config = like(phone="13900000000")

    on: None = Field(default=None, exclude=True)
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Correct:
        if not self.model_fields_set - {"on"}:
            raise PydanticCustomError("nothing_named", "name at least one field to correct")
        if "name" in self.model_fields_set and self.name is None:
            raise PydanticCustomError("kept", "a person keeps a name")
        return self

    def given(self) -> dict[str, str | None]:
        """The fields named."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"on"})}


class Erase(Asked):
    """Erase a person for good. Figures stay; who it was is nowhere any more."""

    model_config = like(reason="request")

    reason: ErasureReason
    confirm: bool = Field(default=True, description="false: only say what would be erased, and whom it may concern.")
