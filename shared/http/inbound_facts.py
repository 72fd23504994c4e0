"""A fact that another system tells: its form, the record it names, and the command it stands for. Knows no rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from shared.http.by_ref import HOLDERS, Key, System
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.names import external_key

M = TypeVar("M", bound=BaseModel)


class Named(BaseModel):
    """A record: by what another system calls it, or by its id here."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"system": "erp", "key": "SO-10077"}]}
    )

    system: System | None = None
    key: Key | None = None
    id: UUID | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.system is None) != (self.key is None) or (self.id is None) == (self.key is None):
            raise PydanticCustomError("one_of_two", "give system and key, or id")
        return self

    @property
    def lane(self) -> str:
        """The same for rows that name it the same way."""
        return str(self.id) if self.system is None or self.key is None else external_key(self.system, self.key)


class Row(BaseModel):
    """What every row may say beside its fact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    idempotency_key: Annotated[str, StringConstraints(pattern="^[!-~]([ -~]{0,253}[!-~])?$")] | None = Field(
        default=None, description="Of this row, among lines alone; default the batch's key, a colon, and the line."
    )


def like(**example: Any) -> ConfigDict:
    """The configuration of a row's form, with its example."""
    return ConfigDict(json_schema_extra={"examples": [example]})


def as_command(row: BaseModel, command: type[M], **found: Any) -> M:
    """The command a row stands for: its fields that are the command's, and what was found for it."""
    names = command.model_fields.keys()
    said = {name: getattr(row, name) for name in names if name in type(row).model_fields}
    named = (row.model_fields_set & names) | found.keys()
    return command.model_construct(_fields_set=set(named), **{**said, **found})


async def held_by(ctx: CommandContext, scope: str, key: str) -> UUID:
    """The record that holds a claim. Raises Problem 404, as for one that is out of sight."""
    rows = await ctx.kit.pool.fetch(HOLDERS, ctx.tenant_id, scope, [key])
    if not rows:
        raise Problem(404, "not_found")
    return UUID(bytes=rows[0]["stream_id"].bytes)


async def found(ctx: CommandContext, scope: str, named: Named) -> UUID:
    """The record that is named. Raises Problem 404."""
    if named.system is None or named.key is None:
        assert named.id is not None
        return named.id
    return await held_by(ctx, scope, external_key(named.system, named.key))


@dataclass(frozen=True, slots=True)
class Fact:
    """One kind of fact: its form, whose scope it needs, which record it is about, and the command that records it."""

    form: type[Row]
    resource: str
    about: Callable[[Any], str]
    tell: Callable[[Any, CommandContext], Awaitable[Receipt]]

    @property
    def name(self) -> str:
        (name,) = get_args(self.form.model_fields["fact"].annotation)
        return str(name)
