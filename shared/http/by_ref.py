"""Records by what other systems call them: looked up in bulk, and put by reference. Knows no service's rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.names import external_key

MOST_ASKED = 1_000
ATTEMPTS = 5
"""How often it is looked again who holds a key that another took meanwhile."""

HOLDERS = "select key, stream_id from es.claims where tenant_id = $1 and scope = $2 and key = any($3::text[])"
LATEST = """
select distinct on (stream_id) stream_id, version, data -> 'standing' as standing
  from es.events where tenant_id = $1 and stream_id = any($2::uuid[])
 order by stream_id, version desc
"""

PUT: dict[int | str, dict[str, Any]] = {
    201: {"model": Receipt, "description": "There was none: it was created."},
    **refuses(403, 404, 409, 422),
}
"""What a put by reference answers beside 200, that it is known and says what was put."""

System = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.\-]+$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
InPath = Annotated[System, Path(description="The other system.")]
KeyInPath = Annotated[Key, Path(description="What it calls the record. One with a slash cannot stand in a path.")]


class Ref(BaseModel):
    """What a system calls a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: System
    key: Key


class LookUp(BaseModel):
    """References to be found."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"refs": [{"system": "erp", "key": "K-1007"}]}]}
    )

    refs: Annotated[list[Ref], Field(min_length=1, max_length=MOST_ASKED)]


class Found(BaseModel):
    """One reference asked for; null where there is no such record, or none in sight."""

    system: str
    key: str
    id: UUID | None
    version: int | None
    etag: str | None = Field(description="For If-Match.")


class LookedUp(BaseModel):
    """As many as were asked for, in their order."""

    items: list[Found]


Standings = dict[UUID, dict[str, Any]]
InSight = Callable[[Standings], Awaitable[set[UUID]]]
"""Which of the records of these standings the principal sees."""


class HeldMeanwhile(Exception):
    """Another command took the reference while this one was decided: look again who holds it."""


async def look_up(pool: Any, tenant_id: UUID, scope: str, asked: Sequence[Ref], in_sight: InSight) -> LookedUp:
    """Who is called so, as the log has it now: what was written before this was asked is found."""
    keys = [external_key(ref.system, ref.key) for ref in asked]
    held = {
        row["key"]: UUID(bytes=row["stream_id"].bytes)
        for row in await pool.fetch(HOLDERS, tenant_id, scope, sorted(set(keys)))
    }
    rows = await pool.fetch(LATEST, tenant_id, sorted(set(held.values()))) if held else ()
    versions = {UUID(bytes=row["stream_id"].bytes): row["version"] for row in rows}
    seen = await in_sight({UUID(bytes=row["stream_id"].bytes): dict(row["standing"]) for row in rows})
    items: list[Found] = []
    for ref, key in zip(asked, keys, strict=True):
        id = held.get(key)
        version = versions[id] if id in seen and id is not None else None
        shown = None if version is None else id
        etag = None if version is None else f'"{version}"'
        items.append(Found(system=ref.system, key=ref.key, id=shown, version=version, etag=etag))
    return LookedUp(items=items)


async def put(
    ctx: CommandContext,
    response: Response,
    claim: tuple[str, str],
    *,
    change: Callable[[UUID], Awaitable[Receipt]],
    create: Callable[[], Awaitable[Receipt]],
    at: str,
) -> Receipt:
    """Change the record that holds this claim (scope, key), or create it: 200, or 201 with its place below `at`.

    `create` raises HeldMeanwhile when another was faster. A retry is answered as the first time, whatever became of
    the record since.
    """
    scope, key = claim
    for _ in range(ATTEMPTS):
        rows = await ctx.kit.pool.fetch(HOLDERS, ctx.tenant_id, scope, [key])
        try:
            receipt = await (change(UUID(bytes=rows[0]["stream_id"].bytes)) if rows else create())
        except HeldMeanwhile:
            continue
        except Problem as no:
            if no.code != "conflict":
                raise
            continue
        headers = ctx.call.headers
        if any(name == b"location" for name, _ in headers):  # of a creation, now or when it was first asked
            response.status_code = 201
            headers[:] = [one for one in headers if one[0] != b"location"]
            headers.append((b"location", f"{at}/{receipt.id}".encode()))
        return receipt
    raise Problem(409, "conflict", headers={"Retry-After": "1"})


def held_meanwhile(scope: str, otherwise: Callable[[Claim], Refused]) -> Callable[[Claim], Refused]:
    """What a taken claim comes to in `create`: of this scope, look again."""

    def taken(claim: Claim) -> Refused:
        if claim.scope == scope:
            raise HeldMeanwhile(claim.key)
        return otherwise(claim)

    return taken
