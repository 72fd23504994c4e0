"""A real past event sent to an endpoint as a test, or only the request as it would be. Moves no cursor."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.webhooks.asking import question, seen
from services.webhooks.bodies import Decision, Position
from services.webhooks.commands import EventType
from services.webhooks.making import sealed
from services.webhooks.rights import EVENTS
from services.webhooks.wishes import networks
from shared.event_store.command import Head
from shared.feed.envelope import LEFT_SCOPE, event_id
from shared.feed.reading import Page, Question, Shown, read
from shared.http.context import CommandContext, Ctx
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.route import Router
from shared.identity.sight import Sight
from shared.privacy.disclosure import disclosure
from shared.webhooks import attempt_log, payload
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.outcome import EVERY_REQUEST
from shared.webhooks.persons import persons
from shared.webhooks.replaying import Wish, narrowed
from shared.webhooks.sending import Answer
from shared.webhooks.signing import NothingSigns, sign

router = Router(prefix="/v1/webhooks", tags=["webhooks"])

LOOKED_AT = 200_000
"""The last positions of the log among which an event is looked for."""
FIRST_LOOK, LONGEST_LOOK = 500, 20_000
"""Positions looked through at a time, backwards: a few first."""
PAGE = 1_000
BODY = "body"
"""The field by which a body with personal data is shown, on record."""
SEALED = "***"


class TestEndpoint(BaseModel):
    """Send one past event of those the endpoint is sent: of a position, of a type, or the newest."""

    __test__ = False  # no test of ours

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"type": "DealWon", "dry_run": True}]}
    )

    type: EventType | None = Field(default=None, description="The newest event of this type.")
    position: Annotated[Position, Field(ge=1)] | None = Field(default=None, description="Instead: this event.")
    dry_run: Decision = Field(default=False, description="Send nothing; show the request as it would be.")


class RequestShown(BaseModel):
    """The request, to the byte. Values of headers of its own are sealed and not shown."""

    method: str = "POST"
    url: str
    headers: dict[str, str]
    body: str | None = Field(description="Null to who does not see the record, or may not be shown personal data.")


class AnswerShown(BaseModel):
    """What came of it."""

    status: int | None
    fault: str | None
    error: str | None
    took_ms: float
    body: str | None = Field(description="The first 2 KB; never of an address inside.")


class Tested(BaseModel):
    """One event sent as a test, or not sent."""

    event_id: str
    position: int
    type: str
    subject: UUID
    attempt_id: UUID | None = Field(description="In the log of attempts; null of a dry run.")
    request: RequestShown
    answer: AnswerShown | None = Field(description="Null of a dry run.")


@router.post("/{endpoint_id}/test", operation_id="webhooks.test", responses=refuses(403, 404, 409))
async def test(endpoint_id: UUID, command: TestEndpoint, ctx: Ctx) -> Tested:
    """Send a real past event as a test, signed as ever, with the header `webhook-test` (测试推送). No cursor moves."""
    endpoint = await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    if endpoint.status == "unproven" and not command.dry_run:
        raise Problem(409, "endpoint_unproven")
    epoch, event = await _event(ctx, endpoint, command)
    id, body = event_id(epoch, event.position), await _body(ctx, endpoint, event, sent=not command.dry_run)
    headers, own = await _headers(ctx, endpoint, id, body)
    request = RequestShown(
        url=endpoint.url,
        headers=dict.fromkeys(own, SEALED) | headers,
        body=body.decode() if await _may_be_shown(ctx, endpoint, epoch, event) else None,
    )
    attempt_id, answer = None, None
    if not command.dry_run:
        answer = await ctx.kit.sender.post(endpoint.url, own | headers, body, allowed=await networks(ctx))
        attempt_id = await attempt_log.note_test(
            ctx.kit.pool, ctx.tenant_id, endpoint_id, id, event, answer, at=ctx.now
        )
    return Tested(
        event_id=id,
        position=event.position,
        type=event.type,
        subject=event.subject,
        attempt_id=attempt_id,
        request=request,
        answer=None if answer is None else _answered(answer),
    )


async def _event(ctx: CommandContext, endpoint: Endpoint, command: TestEndpoint) -> tuple[int, Shown]:
    """The event, and the epoch of its id. Raises Problem 409 when the endpoint is sent no such event."""
    head = await ctx.kit.store.head(ctx.tenant_id)
    asked = await question(ctx.kit, endpoint)
    if command.position is not None:
        found = await _at(ctx, asked, head.epoch, command.position)
    else:
        wanted = Wish(types=None if command.type is None else frozenset((command.type,)))
        found = await _newest(ctx, narrowed(asked, wanted), head)
    if found is None:
        raise Problem(409, "no_such_event")
    return head.epoch, found


async def _newest(ctx: CommandContext, asked: Question, head: Head) -> Shown | None:
    """The newest event such a reader is shown, of the last positions of the log."""
    end, span = head.position, FIRST_LOOK
    while end > max(0, head.position - LOOKED_AT) and asked.types != frozenset():
        after = place = max(0, end - span)
        newest = None
        while place < end:
            page = await _page(ctx, asked, head.epoch, after=place, upto=end)
            newest = next((event for event in reversed(page.events) if event.type != LEFT_SCOPE), newest)
            place = page.upto
        if newest is not None:
            return newest
        end, span = after, min(span * 4, LONGEST_LOOK)
    return None


async def _at(ctx: CommandContext, asked: Question, epoch: int, position: int) -> Shown | None:
    """The event of this position, if such a reader is shown it."""
    page = await _page(ctx, asked, epoch, after=position - 1, upto=position)
    return next((event for event in page.events if event.type != LEFT_SCOPE), None)


async def _page(ctx: CommandContext, asked: Question, epoch: int, *, after: int, upto: int) -> Page:
    kit = ctx.kit
    return await read(kit.pool, ctx.tenant_id, epoch, asked, kit.scopes, after=after, upto=upto, limit=PAGE)


async def _headers(
    ctx: CommandContext, endpoint: Endpoint, id: str, body: bytes
) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of the request, and those of the endpoint's own. Raises Problem 409 when nothing signs."""
    signing = await sealed(ctx).of(endpoint)
    if signing is None:
        raise Problem(409, "webhook_secret_missing")
    try:
        signed = sign(signing.secrets, id, ctx.now, body)
    except NothingSigns:
        raise Problem(409, "webhook_secret_missing") from None
    said = {**EVERY_REQUEST, "webhook-attempt": "1", "webhook-test": "true", **signed}
    return said, dict(signing.headers)


async def _body(ctx: CommandContext, endpoint: Endpoint, event: Shown, *, sent: bool) -> bytes:
    """The bytes as they are sent: by the endpoint's agreement, and not by what who tests may see. A dry run is shown
    alone, so it holds of persons what they may see."""
    kit = ctx.kit
    asked = disclosure.set(None if sent else disclosure.get())
    try:
        named = await persons(kit.pool, kit.vault, endpoint, event.body, sent=sent)
    finally:
        disclosure.reset(asked)
    return payload.body(endpoint, event, named)


async def _may_be_shown(ctx: CommandContext, endpoint: Endpoint, epoch: int, event: Shown) -> bool:
    """Whether who tests may see what is sent: who looks after endpoints need not see customers, nor read events."""
    if not ctx.principal.may(EVENTS):
        return False
    sight: Sight = await ctx.kit.sight(ctx.principal)
    if not sight.everything and not await _at(ctx, Question(sight), epoch, event.position):
        return False
    noting = disclosure.get()
    return not endpoint.personal or noting is None or noting.note(event.subject, BODY)


def _answered(answer: Answer) -> AnswerShown:
    return AnswerShown(
        status=answer.status,
        fault=answer.fault,
        error=answer.error,
        took_ms=round(answer.took_ms, 1),
        body=answer.body.decode("utf-8", "replace").replace("\0", "�") if answer.body else None,
    )
