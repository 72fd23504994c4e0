"""One command from request to receipt: load, decide, append, answer. Holds no rule; those are the stream's.

Before any no is answered the key is looked up: a command that was carried out is answered as it was then, whatever has
happened since. On the happy path that look-up is part of the append.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from shared.event_store import fault_points
from shared.event_store.command import Claim, Command, Outcome, OutcomeUnknown, Overloaded, StreamAppend
from shared.event_store.stream import Refused, Stream
from shared.http.context import CommandContext
from shared.http.errors import refusal
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.telemetry import CONFLICTS, REPLAYS

S = TypeVar("S", bound=Stream)
T = TypeVar("T", bound=Stream)

ATTEMPTS = 5
"""How often a command without If-Match is decided anew when others change the record meanwhile."""

Taken = Callable[[Claim], Refused]
Claims = Sequence[Claim] | Callable[[Any], Sequence[Claim]]
"""Claims, or how to know them from the stream once it has decided."""

Sees = Callable[[CommandContext, Any], Awaitable[bool]]

LAST_POSITION = """
select max(position) from es.events where tenant_id = $1 and stream_id = $2 and version = $3
"""


def taken(claim: Claim) -> Refused:
    """What a taken claim is refused as, unless a service knows better."""
    return Refused("claim_taken", f"{claim.scope} is taken by another record", scope=claim.scope)


async def everyone(ctx: CommandContext, stream: Any) -> bool:
    """The sight rule of a stream type that all of a tenant may see."""
    return True


class Commands(Generic[S]):
    """The commands of one stream type. `sees` says whether the principal may see a record: if not it is a 404."""

    def __init__(self, stream: type[S], *, sees: Sees = everyone, taken: Taken = taken) -> None:
        self.stream = stream
        self.sees = sees
        self.taken = taken

    async def open(
        self,
        ctx: CommandContext,
        stream: S | Callable[[UUID, datetime], S],
        *,
        claims: Claims = (),
        location: str | None = None,
        code: str = "ok",
    ) -> Receipt:
        """Append a new stream, given or made from (id, now). 201, Location is `location` or the path plus its id."""
        try:
            opened = stream if isinstance(stream, Stream) else stream(ctx.new_id(self.stream.stream_type), ctx.now)
        except Refused as refused:
            return await _refuse(ctx, refused)
        made = opened
        append = ctx.kit.repository(self.stream).appends(made)
        outcome = await _append(ctx, 201, code, (append,), _claims(claims, made), ())
        if outcome.kind == "conflict":
            return await _answer_or(ctx, Problem(409, "already_exists"))
        return await self._settle(ctx, outcome, (made,), self.taken, location or f"{ctx.call.path}/{made.id}")

    async def act(
        self,
        ctx: CommandContext,
        id: UUID,
        decide: Callable[[S, datetime], object],
        *,
        claims: Claims = (),
        releases: Claims = (),
        code: str = "ok",
    ) -> Receipt:
        """Load the record, let it decide, append what it recorded. A command that changes nothing answers as it is."""

        async def one(work: Work) -> S:
            stream = await work.load(self, id, matched=True)
            decide(stream, ctx.now)
            return stream

        return await self.together(ctx, one, claims=claims, releases=releases, code=code)

    async def together(
        self,
        ctx: CommandContext,
        decide: Callable[[Work], Awaitable[S]],
        *,
        claims: Claims = (),
        releases: Claims = (),
        code: str = "ok",
        status: int = 200,
        location: str | None = None,
    ) -> Receipt:
        """Several streams in one append, all or nothing. `decide` loads and adds them; the receipt is of the returned.

        It is called again, with a new `Work`, when another command was faster.
        """
        if ctx.must_match and ctx.if_match is None:
            return await _answer_or(ctx, Problem(428, "precondition_required"))
        for attempt in range(ATTEMPTS + 1):
            work = Work(ctx, trust=attempt == 0)
            try:
                main = await decide(work)
            except (Refused, Problem) as no:
                if work.trusted:
                    continue  # decided on what this process remembered: decide again on what the log says
                return await (_refuse(ctx, no) if isinstance(no, Refused) else _answer_or(ctx, no))
            outcome = await _append(
                ctx, status, code, work.appends(main), _claims(claims, main), _claims(releases, main)
            )
            if outcome.kind != "conflict":
                return await self._settle(ctx, outcome, work.streams, self.taken, location)
            CONFLICTS.labels(ctx.kit.service).inc()
            if ctx.if_match is not None and not work.trusted and outcome.conflict_stream == main.id:
                return await _answer_or(ctx, stale(outcome.version or 0))
        return await _answer_or(ctx, Problem(409, "conflict", headers={"Retry-After": "1"}))

    async def _settle(
        self, ctx: CommandContext, outcome: Outcome, streams: Sequence[Stream], taken: Taken, location: str | None
    ) -> Receipt:
        """The receipt of an outcome that is not a conflict."""
        match outcome.kind:
            case "ok":
                for stream in streams:
                    ctx.kit.repository(type(stream)).keep(ctx.tenant_id, stream, give=True)
                return await _receipt(ctx, outcome, location)
            case "duplicate":
                return await _replay(ctx, outcome, location)
            case "key_reused":
                raise Problem(422, "idempotency_key_reused")
            case "claim_taken" if outcome.claim is not None:
                return await _refuse(ctx, taken(outcome.claim))
            case _:
                raise AssertionError(outcome.kind)


class Work:
    """The streams one command loads and adds, and what they come to.

    With `trust` streams are taken as this process remembers them; `trusted` says that some were. The append finds out
    if they have moved on, but a no may be wrong and is decided again.
    """

    def __init__(self, ctx: CommandContext, *, trust: bool = False) -> None:
        self.ctx = ctx
        self.trusted = False
        self._trust = trust
        self._streams: dict[UUID, Stream] = {}

    @property
    def streams(self) -> Sequence[Stream]:
        return list(self._streams.values())

    async def load(self, commands: Commands[T], id: UUID, *, matched: bool = False) -> T:
        """A record the principal sees. Raises Problem: 404, 412 when `matched` and If-Match is another version, 503."""
        known = self._streams.get(id)
        if known is not None:
            return cast(T, known)
        ctx = self.ctx
        stream: T | None = await ctx.kit.repository(commands.stream).load(ctx.tenant_id, id, trust=self._trust)
        self.trusted = self.trusted or self._trust
        if stream is None or not (commands.sees is everyone or await commands.sees(ctx, stream)):
            raise Problem(404, "not_found")
        if matched and ctx.if_match is not None and stream.version != ctx.if_match:
            raise stale(stream.version)
        if stream.read_only is not None:
            raise Problem(503, "newer_version", headers={"Retry-After": "30"})
        self._streams[id] = stream
        return stream

    def add(self, stream: T) -> T:
        """A new stream."""
        self._streams[stream.id] = stream
        return stream

    def appends(self, main: Stream) -> tuple[StreamAppend, ...]:
        """What to append: the main stream first, and always, even when it recorded nothing."""
        self._streams[main.id] = main
        kit = self.ctx.kit
        found = [kit.repository(type(main)).appends(main)]
        for stream in self._streams.values():
            if stream is not main and stream.pending_events:
                found.append(kit.repository(type(stream)).appends(stream))
        return tuple(found)


def stale(version: int) -> Problem:
    """412, with the version the record has now."""
    return Problem(
        412, "stale", params={"version": version}, headers={"ETag": f'"{version}"'}, extra={"version": version}
    )


def _claims(claims: Claims, stream: Stream) -> tuple[Claim, ...]:
    return tuple(claims(stream)) if callable(claims) else tuple(claims)


async def _append(
    ctx: CommandContext,
    status: int,
    code: str,
    appends: tuple[StreamAppend, ...],
    claims: tuple[Claim, ...],
    releases: tuple[Claim, ...],
) -> Outcome:
    command = Command(
        tenant_id=ctx.tenant_id,
        principal_id=ctx.principal.person_id,
        key=ctx.key,
        fingerprint=ctx.fingerprint,
        status=status,
        code=code,
        appends=appends,
        claims=claims,
        releases=releases,
        metadata=ctx.metadata(),
    )
    fault_points.reach("command.decided")
    try:
        outcome = await ctx.kit.store.append(command)
    except Overloaded as error:
        raise Problem(503, "overloaded", headers={"Retry-After": str(error.retry_after)}) from error
    except OutcomeUnknown as error:
        raise Problem(503, "outcome_unknown", headers={"Retry-After": str(error.retry_after)}) from error
    fault_points.reach("command.appended")
    return outcome


async def _receipt(ctx: CommandContext, answered: Any, location: str | None, *, replayed: bool = False) -> Receipt:
    """A receipt from an outcome or from the row kept under the key."""
    version = answered.version or 0
    position = answered.last_position
    if position is None:  # it recorded nothing: where the record's last event stands
        position = await ctx.kit.pool.fetchval(LAST_POSITION, ctx.tenant_id, answered.stream_id, version)
    if answered.status == 201 and location is None:
        location = f"{ctx.call.path}/{answered.stream_id}"
    ctx.reply(version, replayed=replayed, location=location)
    return Receipt(id=answered.stream_id, version=version, position=position or 0, code=answered.code)


async def _replay(ctx: CommandContext, answered: Any, location: str | None = None) -> Receipt:
    """The first answer once more: a receipt, or the refusal it was."""
    REPLAYS.labels(ctx.kit.service).inc()
    if answered.status >= 400:
        raise Problem(answered.status, answered.code, headers={"Idempotency-Replayed": "true"})
    return await _receipt(ctx, answered, location, replayed=True)


async def _answer_or(ctx: CommandContext, problem: Problem) -> Receipt:
    """Answer as before if this key was answered before, else with this problem."""
    answered = await ctx.kit.store.answered(ctx.tenant_id, ctx.principal.person_id, ctx.key)
    if answered is None:
        raise problem
    if answered.fingerprint != ctx.fingerprint:
        raise Problem(422, "idempotency_key_reused")
    return await _replay(ctx, answered)


async def _refuse(ctx: CommandContext, refused: Refused) -> Receipt:
    """Answer a rule's no, and remember it under the key."""
    outcome = await _append(ctx, refused.status, refused.code, (), (), ())
    if outcome.kind == "key_reused":
        raise Problem(422, "idempotency_key_reused")
    if outcome.kind == "duplicate":
        return await _replay(ctx, outcome)
    raise refusal(refused)
