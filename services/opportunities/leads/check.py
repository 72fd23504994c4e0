"""Whether a customer is on file already, and whom to ask: the unit's name, never the record, its owner or amounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.opportunities.fields import Code, Command, Title
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import day_of
from shared.http.call import call_of
from shared.http.context import Parts, Who, keyed
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Now
from shared.http.route import Router
from shared.privacy.disclosure import FOUND, record

router = Router(prefix="/v1/opportunities", tags=["opportunities"])

MOST_UNITS = 20
SAME_NAME = f"""
select a.stream_id from {ACCOUNTS.table} as a
 where a.tenant_id = $1 and a.to_at is null
   and ($2::uuid is not null and a.stream_id = $2 or $3::text is not null and a.credit_code = $3
        or $4::text is not null and regexp_replace(lower(normalize(a.name, nfkc)), '\\s', '', 'g') = $4)
 limit 100
"""  # noqa: S608 - the view's own table
ON_FILE = f"""
select s.unit_id, u.name, min(s.captured_at) filter (where s.stock is not null) as open_since,
       min(s.captured_at) as since, bool_or(s.stock is not null) as open
  from {STANDINGS.table} as s
  left join {UNITS.table} as u on u.tenant_id = $1 and u.stream_id = s.unit_id and u.to_at is null
 where s.tenant_id = $1 and s.to_at is null and s.account_id = any($2::uuid[]) and s.status <> 'disposed'
   and (cardinality($3::text[]) = 0 or exists (
        select from jsonb_array_elements(s.lines) as line where line ->> 'product' = any($3)))
 group by 1, 2
 order by 5 desc, 4, 1
 limit {MOST_UNITS}
"""  # noqa: S608 - the view's own table


class CheckOpportunity(Command):
    """A customer by id, credit code or name, one of the three; and what for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "申城出租", "products": ["A6L"]}]})

    account_id: UUID | None = None
    credit_code: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    name: Title | None = Field(default=None, description="The whole name; width, case and spaces do not matter.")
    products: Annotated[tuple[Code, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _one(self) -> CheckOpportunity:
        if sum(value is not None for value in (self.account_id, self.credit_code, self.name)) != 1:
            raise PydanticCustomError("one_of_two", "give account_id, credit_code or name, one of the three")
        return self


class FiledWith(BaseModel):
    """A unit that has such a prospect, or had one."""

    unit_id: UUID
    unit: str | None
    since: date = Field(description="The day of record of the oldest, of the open ones if any is.")
    open: bool = Field(description="In stock: open, or ordered and not wholly delivered.")


class OpportunityOnFile(BaseModel):
    """Whether such a prospect is on file, and with which units: the open ones first. Never which, whose, how much."""

    on_file: bool
    open: bool
    units: list[FiledWith]


@router.post(
    "/check",
    operation_id="opportunities.check",
    responses=refuses(422, 429),
    dependencies=[Depends(keyed), Depends(limited("lookups"))],
)
async def check(command: CheckOpportunity, read: Now, who: Who, parts: Parts, request: Request) -> OpportunityOnFile:
    """Whether a customer's prospect is on file, and which unit to ask. On record."""
    await read.wait(ACCOUNTS, STANDINGS, UNITS)
    code = None if command.credit_code is None else _code(command.credit_code)
    name = None if command.name is None else await _same(parts.pool, command.name)
    rows = await parts.pool.fetch(SAME_NAME, who.tenant_id, command.account_id, code, name)
    accounts = [UUID(bytes=row["stream_id"].bytes) for row in rows]
    await _note(parts, who, request, accounts, _asked_by(command))
    found: Sequence[Any] = (
        await parts.pool.fetch(ON_FILE, who.tenant_id, accounts, list(command.products)) if accounts else ()
    )
    units = [
        FiledWith(
            unit_id=row["unit_id"],
            unit=row["name"],
            since=_day(row["open_since"] or row["since"], who),
            open=row["open"],
        )
        for row in found
    ]
    return OpportunityOnFile(on_file=bool(units), open=any(unit.open for unit in units), units=units)


def _day(at: datetime, who: Any) -> date:
    return day_of(at, who.zone)


def _asked_by(command: CheckOpportunity) -> str:
    return next(name for name in ("account_id", "credit_code", "name") if getattr(command, name) is not None)


def _code(given: str) -> str:
    """A credit code as it is stored: capitals without separators."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", given)).upper()


async def _same(pool: Any, name: str) -> str:
    """The name as names are compared, by the database's own rules."""
    said: str = await pool.fetchval("select regexp_replace(lower(normalize($1::text, nfkc)), '\\s', '', 'g')", name)
    return said


async def _note(parts: Any, who: Any, request: Request, ids: list[UUID], field: str) -> None:
    """Record that somebody asked, found or not. Raises Problem 503 when that is impossible."""
    call = call_of(request.scope)
    route = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
    try:
        await record(
            parts.pool, who, action=FOUND, subjects=ids, fields=[field], route=route, trace=call.trace.trace_id
        )
    except Exception as error:
        raise Problem(503, "audit_unavailable", headers={"Retry-After": "1"}) from error
