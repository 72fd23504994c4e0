"""Records over HTTP, of any service: corrections, one record with its history. Holds no rule of any of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response

from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.http.reading import Reading
from shared.http.receipt import Receipt
from shared.identity.principal import Principal
from shared.records.corrections import CorrectFact, VoidFact, corrected_time
from shared.records.history import history, people_in, plain
from shared.records.record import Correctable

R = TypeVar("R", bound=Correctable)

Right = Callable[[CommandContext, R], Awaitable[None]]
Actions = Callable[[R], Iterable[str]]


# -- corrections -------------------------------------------------------------------------------------------


async def correct(
    ctx: CommandContext, commands: Commands[R], id: UUID, command: CorrectFact, *, right: Right[R] | None = None
) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact. `right` refuses who may not."""

    async def decide(work: Any) -> R:
        record: R = await work.load(commands, id, matched=True)
        if right is not None:
            await right(ctx, record)
        record.correct(
            command.version,
            command.changes,
            occurred_at=corrected_time(command, ctx, record),
            reason=command.reason,
            at=ctx.now,
        )
        return record

    return await commands.together(ctx, decide)


async def void(
    ctx: CommandContext, commands: Commands[R], id: UUID, command: VoidFact, *, right: Right[R] | None = None
) -> Receipt:
    """Take back a fact, or a correction, that never happened. `right` refuses who may not."""

    async def decide(work: Any) -> R:
        record: R = await work.load(commands, id, matched=True)
        if right is not None:
            await right(ctx, record)
        record.void(command.version, reason=command.reason, at=ctx.now)
        return record

    return await commands.together(ctx, decide)


# -- reading -----------------------------------------------------------------------------------------------


async def found(
    reading: Reading,
    response: Response,
    kind: type[R],
    id: UUID,
    *,
    actions: Actions[R],
    seen: Callable[[Kit, Principal, R], Awaitable[bool]],
    texts: Collection[UUID] | None = None,
) -> tuple[dict[str, Any], Mapping[str, Any], frozenset[UUID]]:
    """One record as of the day asked about, as known then; who sees it is decided by today. Raises Problem 404.

    The fields of the answer without its names, the standing these are of, and who acted. `actions`: what can be done
    now, of a record the caller may change; `texts`: subjects of the vault whose texts are shown, by default the record.
    """
    kit, principal = reading.kit, reading.principal
    stored = await kit.store.load(reading.tenant_id, id, until_position=reading.known_at)
    record: R | None = kit.repository(kind).replay(stored)
    standing = {} if record is None else record.standing_at(reading.as_of)
    if record is None or not standing:
        raise Problem(404, "not_found")
    current: R | None = record if reading.known_at is None else await kit.repository(kind).load(reading.tenant_id, id)
    if not await seen(kit, principal, current or record):
        raise Problem(404, "not_found")
    response.headers["ETag"] = f'"{record.version}"'
    words: dict[str, str] = {}
    for fields in (await kit.vault.get(reading.tenant_id, list(texts or (id,)))).values():
        words |= fields
    shown = {
        "id": id,
        "version": record.version,
        "standing": plain({name: value for name, value in standing.items() if value is not None}),
        "texts": words,
        "allowed_actions": () if principal.only_looks else tuple(actions(current or record)),
        "history": history(record, stored),
    }
    return shown, standing, frozenset(people_in(stored))
