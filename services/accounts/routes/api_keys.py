"""API keys of machines: issue, rotate, revoke, list. The rules are in api_key.py; no key is kept anywhere.

A key is in the answer that made it and nowhere else: a retry with the same Idempotency-Key answers the receipt alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.accounts.api_key import ApiKey, IssueKey, RevokeKey, RotateKey, more_than_held
from services.accounts.events import Function
from services.accounts.routes.organisation_reads import etag
from services.accounts.routes.personal import replayed
from services.accounts.routes.rights import open_unit, require
from services.accounts.routes.unit_names import unit_names
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed, Now
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.api_keys import NewKey, new_key
from shared.identity.principal import AUDITOR, DIRECTOR, HEAD_OFFICE, OPERATIONS, SEES_SUBTREE, TENANT_ADMIN
from shared.identity.standing_fields import KEY_FIELD

router = Router(prefix="/v1/api-keys", tags=["identity"])
ON_RECORD = refuses(403, 404, 409, 412, 428)

ISSUES_KEYS = (TENANT_ADMIN, HEAD_OFFICE, DIRECTOR, OPERATIONS)
"""Make keys for machines: persons only, a key begets no key. What a key may do is bounded by what its issuer may."""
MOST_CLIENTS = 1_000

KEYS = Commands(ApiKey)

CLIENTS = """
select client_id, opening, last_used_at from identity.api_key_hashes
 where tenant_id = $1 and ($2::uuid is null or client_id = $2)
 order by noted_at desc limit $3
"""


class IssuedKey(Receipt):
    """The receipt, and the key itself: here and nowhere else."""

    key: str | None = Field(description="The key. Shown this once; null when this is the first answer once more.")
    number: int
    expires_at: datetime


class KeyShown(BaseModel):
    """One key, by how it begins."""

    number: int
    opening: str
    issued_at: datetime
    expires_at: datetime
    revoked: bool
    live: bool = Field(description="Neither revoked nor over.")
    last_used_at: datetime | None = Field(description="To about a minute.")


class ClientShown(BaseModel):
    """A machine: what it may do, and its keys."""

    id: UUID = Field(description="Its principal: the actor of what it does.")
    version: int
    name: str
    functions: list[Function]
    unit_id: UUID | None
    unit_name: str | None = None
    scopes: list[str]
    keys: list[KeyShown]
    live: bool
    last_used_at: datetime | None
    unused_since: datetime = Field(description="The last use of any of its keys; never used: when it was issued.")
    allowed_actions: list[str]


@router.post("", status_code=201, operation_id="api_keys.issue", responses=refuses(403, 409, 422))
async def issue(command: IssueKey, ctx: Ctx) -> IssuedKey:
    """Give a machine its first key. The key is in this answer and nowhere else."""
    _require(ctx)
    await _require_held(ctx, command.functions, command.scopes, command.unit_id)
    made, client_id = new_key(), ctx.new_id("api_key")

    async def decide(work: Work) -> ApiKey:
        if command.unit_id is not None:
            await open_unit(ctx, command.unit_id)
        return work.add(ApiKey.issue(client_id, command, opening=made.opening, at=ctx.now))

    return await _making(ctx, made, client_id, await _noted(ctx, made, client_id, KEYS.together, decide, status=201))


@router.post("/{client_id}/rotate", operation_id="api_keys.rotate", responses=ON_RECORD)
async def rotate(client_id: UUID, command: RotateKey, ctx: CtxMatch) -> IssuedKey:
    """Give a machine another key; the present one is good until you revoke it. Two are good at most."""
    _require(ctx)
    made = new_key()

    async def decide(work: Work) -> ApiKey:
        client = await work.load(KEYS, client_id, matched=True)
        said = client.standing
        await _require_held(ctx, said["functions"], said["scopes"], said["unit_id"])  # who makes a key, has it
        client.rotate(command, opening=made.opening, at=ctx.now)
        return client

    return await _making(ctx, made, client_id, await _noted(ctx, made, client_id, KEYS.together, decide))


@router.post("/{client_id}/revoke", operation_id="api_keys.revoke", response_model=Receipt, responses=ON_RECORD)
async def revoke(client_id: UUID, command: RevokeKey, ctx: CtxMatch) -> Receipt:
    """Take a key back, or all keys of a machine: refused everywhere within five seconds."""
    _require(ctx)
    return await KEYS.act(ctx, client_id, lambda client, now: client.revoke(command, at=now))


@router.get("", operation_id="api_keys.list", responses=refuses(403))
async def clients(
    read: Now, live: Annotated[bool | None, Query(description="Only machines with a key that is good, or none.")] = None
) -> Listed[ClientShown]:
    """The machines of the tenant, what they may do, and since when they are unused."""
    found = [client async for client in _clients(read)]
    return Listed(items=[client for client in found if live is None or client.live is live])


@router.get("/{client_id}", operation_id="api_keys.get", responses=refuses(403, 404))
async def client(client_id: UUID, read: Now, request: Request) -> ClientShown:
    """One machine; the ETag is what commands take as If-Match."""
    async for shown in _clients(read, client_id):
        etag(request, shown.version)
        return shown
    raise Problem(404, "not_found")


def _require(ctx: CommandContext) -> None:
    require(ctx.principal, *ISSUES_KEYS)
    if ctx.principal.machine:
        raise Problem(403, "persons_only")


async def _require_held(
    ctx: CommandContext, functions: Collection[str], scopes: Collection[str], unit_id: UUID | None
) -> None:
    """Raises Problem 403 for who would make a key that allows more than they are allowed, or sees more units."""
    field = more_than_held(functions, scopes, ctx.principal)
    if field is None and unit_id is not None and not SEES_SUBTREE.isdisjoint(functions):
        sight = await ctx.kit.sight(ctx.principal)
        field = None if sight.everything or unit_id in sight.seats[0].unit_ids else "/unit_id"
    if field is not None:
        raise Problem(403, "grants_more_than_held", errors=(At(field, "grants_more_than_held"),))


async def _noted(ctx: CommandContext, made: NewKey, client_id: UUID, append: Any, decide: Any, **given: Any) -> Receipt:
    """Append with the key's hash on file before its fact; without its fact the hash goes again."""
    directory = ctx.kit.sign_in.api_keys
    known = await ctx.kit.store.answered(ctx.tenant_id, ctx.principal.person_id, ctx.key) is not None
    if not known:
        await directory.put(ctx.kit.pool, made, ctx.tenant_id, client_id)
    try:
        receipt: Receipt = await append(ctx, decide, **given)
    except (Refused, Problem) as no:
        if not known and getattr(no, "status", 0) < 500:  # else it may have been appended after all
            await directory.drop(ctx.kit.pool, made, ctx.tenant_id)
        raise
    if replayed(ctx) and not known:
        await directory.drop(ctx.kit.pool, made, ctx.tenant_id)
    return receipt


async def _making(ctx: CommandContext, made: NewKey, client_id: UUID, receipt: Receipt) -> IssuedKey:
    """The answer with the key, when it was this request that made it."""
    client: ApiKey | None = await ctx.kit.repository(ApiKey).load(ctx.tenant_id, client_id)
    assert client is not None
    set_then = client.ledger[receipt.version].original_changes
    number = next(int(name.removeprefix(KEY_FIELD)) for name in set_then if name.startswith(KEY_FIELD))
    key = None if replayed(ctx) else made.text
    return IssuedKey(**receipt.model_dump(), key=key, number=number, expires_at=client.keys[number].expires_at)


async def _clients(read: Now, only: UUID | None = None) -> AsyncIterator[ClientShown]:
    """The machines as the log has them, the newest first."""
    require(read.principal, *ISSUES_KEYS, AUDITOR)
    rows = await read.pool.fetch(CLIENTS, read.tenant_id, only, MOST_CLIENTS)
    used = {row["opening"]: row["last_used_at"] for row in rows}
    may = read.principal.has(*ISSUES_KEYS) and not read.principal.machine
    now = read.kit.clock()
    for client_id in dict.fromkeys(UUID(bytes=row["client_id"].bytes) for row in rows):
        found: ApiKey | None = await read.kit.repository(ApiKey).load(read.tenant_id, client_id)
        if found is not None:
            shown = _shown(found, used, now, may=may)
            units = await unit_names(read.pool, read.tenant_id, [shown.unit_id], now)
            shown.unit_name = units.get(shown.unit_id)
            if more_than_held(shown.functions, shown.scopes, read.principal) is not None:
                shown.allowed_actions = [action for action in shown.allowed_actions if action != "rotate"]
            yield shown


def _shown(client: ApiKey, used: dict[str, datetime | None], now: datetime, *, may: bool) -> ClientShown:
    live = client.live(now)
    keys = [
        KeyShown(
            number=number,
            opening=key.opening,
            issued_at=key.issued_at,
            expires_at=key.expires_at,
            revoked=key.revoked,
            live=number in live,
            last_used_at=used.get(key.opening),
        )
        for number, key in client.keys.items()
    ]
    last = max((key.last_used_at for key in keys if key.last_used_at is not None), default=None)
    return ClientShown(
        id=client.id,
        version=client.version,
        keys=keys,
        live=bool(live),
        last_used_at=last,
        unused_since=last or keys[0].issued_at,
        allowed_actions=list(client.allowed_actions(now)) if may else [],
        **{name: client.standing[name] for name in ("name", "functions", "unit_id", "scopes")},
    )
