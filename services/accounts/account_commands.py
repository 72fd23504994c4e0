"""What can be asked of an account: the HTTP bodies, field by field. No rule that needs the account's state."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.accounts.commands import (
    Command,
    DatedCommand,
    ExternalRefs,
    Mail,
    Name,
    Noted,
    Phone,
    Reason,
    Reference,
    System,
    Text,
    like,
)
from services.accounts.events import Attitude, Influence, Layer, Relationship, RemovalReason, TeamRole
from shared.event_store.stream import Refused

Kind = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^\S+$")]
Kinds = Annotated[tuple[Kind, ...], Field(max_length=20, description="The tenant's own: industry, national …")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]


class AccountFile(DatedCommand):
    """The parts of an account's file (002) that are known; every one may be left out."""

    kinds: Kinds = ()
    sector: Name | None = None
    credit_code: str | None = Field(default=None, max_length=40, description="GB 32100, check digit verified.")
    parent_id: UUID | None = Field(default=None, description="The account above: group → subsidiary → site.")
    external_refs: ExternalRefs = Field(default_factory=dict)
    channel: Kind | None = None
    grade: Kind | None = None
    relationship: Relationship | None = None
    region: Name | None = None
    city: Name | None = None
    address: Text | None = Field(default=None, description="Of the organisation.")
    website: Name | None = None
    founded_year: int | None = Field(default=None, ge=1000, le=9999)
    employees: int | None = Field(default=None, ge=0, le=10_000_000)
    revenue: Money | None = Field(default=None, description="A year, in revenue_currency.")
    revenue_currency: Currency | None = None
    fleet_units: int | None = Field(default=None, ge=0, le=10_000_000, description="Units it runs, any maker.")
    credit_standing: Text | None = None
    strategy: Text | None = None
    business_situation: Text | None = None
    bottlenecks: Text | None = None
    buying_history: Text | None = None
    bargaining_power: Text | None = None
    focus: Text | None = None
    habits: Text | None = None
    needs: Text | None = None


class OpenAccount(AccountFile):
    """Put a customer organisation on file."""

    model_config = like(name="华东物流有限公司", kinds=["industry"], sector="物流", credit_code="91110000600037341L")

    name: Name
    owner_id: UUID | None = Field(default=None, description="The one responsible person; default the caller.")
    unit_id: UUID | None = Field(default=None, description="Default: the owner's place of work.")


class ChangeAccount(AccountFile):
    """Change parts of the file: only the fields named; null empties one."""

    model_config = like(city="苏州", fleet_units=320, bottlenecks=None)

    name: Name | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"on"}:
            raise PydanticCustomError("nothing_named", "name at least one field to change")
        if "name" in self.model_fields_set and self.name is None:
            raise PydanticCustomError("kept", "an account keeps a name")
        return self

    def attributes(self) -> dict[str, Any]:
        """The fields named, as typed values."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"on"})}


class ReferAccount(Command):
    """Say what another system calls the account: one key per system, several systems."""

    model_config = like(system="erp", key="K-1007")

    system: System
    key: Reference | None = Field(default=None, description="Null: it is known there no more.")


OF_OPENING = frozenset({"owner_id", "unit_id", "on"})


class PutAccount(AccountFile):
    """An account as another system has it. What is not named stays as it is; null empties a field."""

    model_config = like(name="华东物流有限公司", city="苏州", fleet_units=320)

    name: Name | None = Field(default=None, description="Needed for a new one.")
    owner_id: UUID | None = Field(default=None, description="Of a new one; default the caller.")
    unit_id: UUID | None = Field(default=None, description="Of a new one; default the owner's place of work.")

    def file(self) -> frozenset[str]:
        """The fields named that an account on file takes: responsibility is assigned, not put."""
        return frozenset(self.model_fields_set - OF_OPENING - ({"name"} if self.name is None else set()))


class AssignOwner(DatedCommand):
    """Make another person responsible for the account."""

    model_config = like(owner_id="8d0b7a55-9c1e-5a77-b0f4-2d6f5c3e9a10", reason="辖区调整")

    owner_id: UUID
    unit_id: UUID | None = Field(default=None, description="Default: the new owner's place of work.")
    reason: Reason | None = None


class Member(Command):
    """A person's role in the support team."""

    person_id: UUID
    role: TeamRole


class SetSupportTeam(DatedCommand):
    """Say who supports the owner, and as what: the whole team."""

    model_config = like(members=[{"person_id": "8d0b7a55-9c1e-5a77-b0f4-2d6f5c3e9a10", "role": "technical_support"}])

    members: Annotated[tuple[Member, ...], Field(max_length=50)]


class Personal(DatedCommand):
    """What goes to the vault and never into a fact."""

    phone: Phone | None = None
    mail: Mail | None = None
    sex: Annotated[str, StringConstraints(max_length=20)] | None = None
    birth_date: Annotated[str, StringConstraints(max_length=20)] | None = None
    home_address: Name | None = None
    traits: Noted | None = None
    relations: Noted | None = None
    remark: Noted | None = None


PERSONAL_FIELDS = ("name", *(name for name in Personal.model_fields if name != "on"))


class AddKeyPerson(Personal):
    """Enter a person who matters at the customer."""

    model_config = like(name="王建国", layer="decision", post="采购总监", influence="high", attitude="neutral")

    name: Name
    layer: Layer
    post: Name | None = None
    influence: Influence | None = None
    attitude: Attitude | None = None

    def personal(self) -> dict[str, str]:
        """What goes to the vault."""
        return {name: text for name in PERSONAL_FIELDS if (text := getattr(self, name)) is not None}


class ChangeKeyPerson(Personal):
    """Change what is known about a key person: only the fields named; null empties one."""

    model_config = like(person_id="8d0b7a55-9c1e-5a77-b0f4-2d6f5c3e9a10", attitude="supportive", phone="13800000000")

    person_id: UUID
    name: Name | None = None
    layer: Layer | None = None
    post: Name | None = None
    influence: Influence | None = None
    attitude: Attitude | None = None

    @field_validator("name", "layer")
    @classmethod
    def _kept(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("kept", "a key person keeps a name and a layer")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"on", "person_id"}:
            raise PydanticCustomError("nothing_named", "name at least one field to change")
        return self

    def place(self) -> dict[str, Any]:
        """The fields named that facts hold."""
        named = self.model_fields_set & {"layer", "post", "influence", "attitude"}
        return {name: getattr(self, name) for name in sorted(named)}

    def personal(self) -> dict[str, str | None]:
        """The fields named that the vault holds; None empties one."""
        return {name: getattr(self, name) for name in PERSONAL_FIELDS if name in self.model_fields_set}


class RemoveKeyPerson(DatedCommand):
    """Say that a person matters no longer at this customer."""

    model_config = like(person_id="8d0b7a55-9c1e-5a77-b0f4-2d6f5c3e9a10", reason="left_account")

    person_id: UUID
    reason: RemovalReason | None = None


class CorrectFact(Command):
    """Say that a fact was recorded wrongly: fields it set, or its business time, were otherwise."""

    model_config = like(version=2, changes={"city": "无锡"}, reason="录错城市")

    version: int = Field(ge=1, description="The fact's version in this record's history.")
    changes: dict[str, Any] = Field(default_factory=dict, max_length=40)
    occurred_at: AwareDatetime | None = Field(default=None, ge=datetime(1900, 1, 1, tzinfo=UTC))
    reason: Reason

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.changes and self.occurred_at is None:
            raise PydanticCustomError("nothing_named", "give changes or occurred_at")
        return self

    def checked(self) -> dict[str, Any]:
        """The changes, each within the bounds its field has in the other commands. Raises Refused 422."""
        for name, value in self.changes.items():
            if name in AccountFile.model_fields or name == "name":
                try:
                    ChangeAccount.model_validate({name: value})
                except ValidationError as error:
                    said = error.errors()[0]["msg"]
                    raise Refused("invalid_value", said, status=422, pointer=f"/changes/{name}") from None
        return dict(self.changes)


class VoidFact(Command):
    """Take back a fact, or a correction, that never happened."""

    model_config = like(version=2, reason="录到了别的客户")

    version: int = Field(ge=1)
    reason: Reason
