"""Staff as HR knows them, and accounts as ERP and DMS do, by their own references. The rules are the record's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.accounts.account_commands import PutAccount
from services.accounts.commands import Code, DatedCommand, Mail, Name, Phone
from services.accounts.organisation import UNIT_CODE
from services.accounts.person import ChangeFunctions, Functions, JoinPerson, Leave, PostTo, ReportTo
from services.accounts.routes import people as staff
from services.accounts.routes.by_ref import put_by_ref
from shared.http.by_ref import Ref
from shared.http.context import CommandContext
from shared.http.inbound import Fact, Named, Row, as_command, found, held_by, inbound, like
from shared.http.receipt import Receipt
from shared.identity.standing_fields import PERSON_REF
from shared.names import comparable, external_key

C = TypeVar("C", bound=BaseModel)

PERSON = {"system": "hr", "key": "E-1042"}


class OfPerson(Row):
    """A fact of a member of staff."""

    person: Named


class PersonJoined(Row, DatedCommand):
    """Somebody works here; `person` is what the system calls them."""

    model_config = like(
        fact="joined", person=PERSON, name="李雷", functions=["representative"], unit="SH-01", on="2026-01-05"
    )

    fact: Literal["joined"]
    person: Ref
    name: Name
    functions: Functions
    unit: Code = Field(description="Place of work, by the unit's code.")
    phone: Phone | None = None
    mail: Mail | None = None


class PersonPosted(OfPerson, DatedCommand):
    """They work at another unit."""

    model_config = like(fact="posted", person=PERSON, unit="SH-02", on="2026-02-01")

    fact: Literal["posted"]
    unit: Code


class PersonReports(OfPerson, DatedCommand):
    """They report to a unit's head, or to a person."""

    model_config = like(fact="reports_to", person=PERSON, superior={"system": "hr", "key": "E-0007"})

    fact: Literal["reports_to"]
    unit: Code | None = None
    superior: Named | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.unit is None) == (self.superior is None):
            raise PydanticCustomError("one_of_two", "give unit or superior, one of the two")
        return self


class PersonFunctions(OfPerson, ChangeFunctions):
    """They do something else: all of it."""

    model_config = like(fact="functions_changed", person=PERSON, functions=["account_manager"])

    fact: Literal["functions_changed"]


class PersonLeft(OfPerson, Leave):
    """They work here no more."""

    model_config = like(fact="left", person=PERSON, reason="resigned")

    fact: Literal["left"]


class AccountKnown(Row, PutAccount):
    """The account as the other system has it: opened, or brought up to date."""

    model_config = like(
        fact="known",
        account={"system": "erp", "key": "K-1007"},
        owner=PERSON,
        name="华东物流有限公司",
        city="苏州",
        fleet_units=320,
    )

    fact: Literal["known"]
    account: Ref
    owner: Named | None = Field(default=None, description="Of a new one, instead of `owner_id`.")


async def _unit(ctx: CommandContext, code: str) -> UUID:
    return await held_by(ctx, UNIT_CODE, comparable(code))


async def _joined(row: PersonJoined, ctx: CommandContext) -> Receipt:
    given = {"unit_id": await _unit(ctx, row.unit), "external_refs": {row.person.system: row.person.key}}
    return await staff.join(as_command(row, JoinPerson, **given), ctx)


async def _posted(row: PersonPosted, ctx: CommandContext) -> Receipt:
    command = as_command(row, PostTo, unit_id=await _unit(ctx, row.unit))
    return await staff.post_to(await found(ctx, PERSON_REF, row.person), command, ctx)


async def _reports(row: PersonReports, ctx: CommandContext) -> Receipt:
    given: dict[str, UUID] = {}
    if row.superior is not None:
        given["person_id"] = await found(ctx, PERSON_REF, row.superior)
    if row.unit is not None:
        given["unit_id"] = await _unit(ctx, row.unit)
    return await staff.report_to(await found(ctx, PERSON_REF, row.person), as_command(row, ReportTo, **given), ctx)


async def _known(row: AccountKnown, ctx: CommandContext) -> Receipt:
    given = {} if row.owner is None else {"owner_id": await found(ctx, PERSON_REF, row.owner)}
    command = as_command(row, PutAccount, **given)
    return await put_by_ref(row.account.system, row.account.key, command, ctx, Response())


def _on_person(
    form: type[OfPerson], command: type[C], carry_out: Callable[[UUID, C, CommandContext], Awaitable[Receipt]]
) -> Fact:
    async def tell(row: Any, ctx: CommandContext) -> Receipt:
        return await carry_out(await found(ctx, PERSON_REF, row.person), as_command(row, command), ctx)

    return Fact(form, "/v1/people", _lane, tell)


def _lane(row: OfPerson | PersonJoined) -> str:
    return row.person.lane if isinstance(row.person, Named) else external_key(row.person.system, row.person.key)


people = inbound(
    "people",
    "Staff by HR's references (人员): joined, posted, reports_to, functions_changed, left",
    (
        Fact(PersonJoined, "/v1/people", _lane, _joined),
        Fact(PersonPosted, "/v1/people", _lane, _posted),
        Fact(PersonReports, "/v1/people", _lane, _reports),
        _on_person(PersonFunctions, ChangeFunctions, staff.change_functions),
        _on_person(PersonLeft, Leave, staff.leave),
    ),
)
accounts = inbound(
    "accounts",
    "Accounts by another system's references (客户): known",
    (Fact(AccountKnown, "/v1/accounts", lambda row: external_key(row.account.system, row.account.key), _known),),
)
ROUTERS = (people, accounts)
