"""Endpoints are made, changed, proven: the commands that reach out to their address before anything is recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.webhooks.commands import ChangeEndpoint, ProveEndpoint, RegisterEndpoint
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoint_as_told, how_many
from services.webhooks.events import WebhookProof, WebhookSecretKind, WebhookStatus
from services.webhooks.rights import require_grants, require_makes, require_tends, sees_endpoint
from services.webhooks.wishes import networks, place, require_address, require_headers, require_types, require_unit
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.webhooks import proving
from shared.webhooks.proving import Proof
from shared.webhooks.secrets import Secret, new_key, public_key, public_text, secret_text
from shared.webhooks.vaulted import SealedSecrets

router = Router(prefix="/v1/webhooks", tags=["webhooks"])
ON_RECORD = refuses(403, 404, 409, 412, 428)

MOST_ENDPOINTS = 1_000
"""Of one company: whoever delivers keeps all of them in mind, those of others too."""
FIRST_PROOF_SECONDS = 5.0
"""A new endpoint is asked at once, but nobody waits long: who is not ready yet is asked again by `prove`."""

ENDPOINTS = Commands(WebhookEndpoint, sees=sees_endpoint)


class Answered(BaseModel):
    """What the address answered."""

    status: int | None = Field(description="HTTP status; null when nobody answered.")
    fault: str | None = Field(description="Why nobody answered: refused_address, dns, connect, tls, timeout, protocol.")
    took_ms: float


class SecretMade(Receipt):
    """The receipt, and the secret: here and nowhere else."""

    number: int = Field(description="Of the secret.")
    secret: str | None = Field(description="`whsec_…`, shown this once; null when this is the first answer once more.")
    public_key: str | None = Field(description="`whpk_…` of a v1a secret: what verifies its signatures.")


class Registered(SecretMade):
    """The receipt, the first secret, and whether the address is proven already."""

    status: WebhookStatus
    answered: Answered | None = Field(description="What the address answered the first ping; null: not asked.")


@router.post("", status_code=201, operation_id="webhooks.register", responses=refuses(403, 409, 422))
async def register(command: RegisterEndpoint, ctx: Ctx) -> Registered:
    """Send events to another system. The secret is in this answer and nowhere else.

    The address is asked at once for its proof; nothing is delivered before it has given it.
    """
    require_makes(ctx)
    await require_grants(ctx, command.unit_id, command.personal)
    endpoint_id = ctx.new_id(WebhookEndpoint.stream_type)
    key, proofs, retried = new_key(), list[Proof](), await is_retry(ctx)

    async def decide(work: Work) -> WebhookEndpoint:
        await _require_wishes(ctx, command)
        if not retried and await how_many(ctx.kit.pool, ctx.tenant_id) >= MOST_ENDPOINTS:
            raise Problem(409, "too_many_endpoints", params={"limit": MOST_ENDPOINTS})
        start = await place(ctx, command.start, "/start")
        endpoint = WebhookEndpoint.register(endpoint_id, command, start=start, at=ctx.now)
        if not proofs and not retried:  # once, however often it is decided
            proofs.append(
                await proving.ping(
                    ctx.kit.sender,
                    command.url,
                    (Secret(endpoint_id, 1, command.secret.value, key, ctx.now),),
                    command.headers,
                    tenant_id=ctx.tenant_id,
                    endpoint_id=endpoint_id,
                    at=ctx.now,
                    allowed=await networks(ctx),
                    deadline=FIRST_PROOF_SECONDS,
                )
            )
        if any(proof.proven for proof in proofs):
            endpoint.prove(WebhookProof.PING, command.url, at=ctx.now)
        return work.add(endpoint)

    receipt = await ENDPOINTS.together(ctx, decide, status=201, location=f"{ctx.call.path}/{endpoint_id}")
    endpoint = await told(ctx, endpoint_id)
    made = await keep_secret(ctx, endpoint, 1, key)
    await _keep_headers(ctx, endpoint, 1, command.headers)
    return Registered(
        **receipt.model_dump(),
        **made,
        status=endpoint.status,
        answered=_answered(proofs[0]) if proofs else None,
    )


@router.post("/{endpoint_id}/change", operation_id="webhooks.change", response_model=Receipt, responses=ON_RECORD)
async def change(endpoint_id: UUID, command: ChangeEndpoint, ctx: CtxMatch) -> Receipt:
    """Change what an endpoint is sent, where and how; another address must be proven anew."""
    require_makes(ctx)

    async def decide(work: Work) -> WebhookEndpoint:
        endpoint = await work.load(ENDPOINTS, endpoint_id, matched=True)
        endpoint.change(command, at=ctx.now)
        said = endpoint.standing  # who changes anything answers for all that is sent from then on
        await require_grants(ctx, said["unit_id"], said["personal"])
        await _require_wishes(ctx, command)
        return endpoint

    receipt = await ENDPOINTS.together(ctx, decide)
    await _keep_headers(ctx, await told(ctx, endpoint_id), receipt.version, command.headers)
    return receipt


@router.post("/{endpoint_id}/prove", operation_id="webhooks.prove", response_model=Receipt, responses=ON_RECORD)
async def prove(endpoint_id: UUID, command: ProveEndpoint, ctx: Ctx) -> Receipt:
    """Ask the address to show that it wants events: it gives back a signed ping's challenge, or allows our origin."""
    require_tends(ctx.principal)
    how = WebhookProof(command.how)
    url: str | None = None
    if not await is_retry(ctx):
        endpoint = await Work(ctx).load(ENDPOINTS, endpoint_id)
        url = endpoint.standing["url"]
        if endpoint.status is not WebhookStatus.REMOVED:
            proof = await _asked(ctx, endpoint, how)
            if not proof.proven:
                said = _answered(proof).model_dump()
                raise Problem(422, "webhook_not_proven", params=said, extra={"answered": said})
    return await ENDPOINTS.act(
        ctx, endpoint_id, lambda endpoint, now: endpoint.prove(how, url or endpoint.standing["url"], at=now)
    )


# -- what secrets need, too -------------------------------------------------------------------------------


def sealed(ctx: CommandContext) -> SealedSecrets:
    """The sealed bytes of endpoints."""
    return SealedSecrets(ctx.kit.pool, ctx.kit.vault.keys)


async def told(ctx: CommandContext, endpoint_id: UUID) -> WebhookEndpoint:
    """An endpoint that is there, as it stands."""
    endpoint: WebhookEndpoint | None = await ctx.kit.repository(WebhookEndpoint).load(ctx.tenant_id, endpoint_id)
    assert endpoint is not None
    return endpoint


async def is_retry(ctx: CommandContext) -> bool:
    """Whether this command was answered before: then nobody is asked again."""
    return await ctx.kit.store.answered(ctx.tenant_id, ctx.principal.person_id, ctx.key) is not None


async def keep_secret(ctx: CommandContext, endpoint: WebhookEndpoint, number: int, key: bytes) -> dict[str, Any]:
    """Keep a secret that is on record, once, and show it once. A retry heals a try that died before it was kept."""
    known = endpoint.secrets[number]
    there = sealed(ctx)
    wanted = known.expires_at is None and endpoint.status is not WebhookStatus.REMOVED
    kept = wanted and await there.put(ctx.tenant_id, endpoint.id, number, known.kind.value, key)
    shown: dict[str, Any] = {"number": number, "secret": None, "public_key": None}
    if known.kind is WebhookSecretKind.V1:
        return shown | {"secret": secret_text(key) if kept else None}
    public = public_key(key) if kept else (await there.public_keys(ctx.tenant_id, endpoint.id)).get(number)
    return shown | {"public_key": None if public is None else public_text(public)}


async def _keep_headers(ctx: CommandContext, endpoint: WebhookEndpoint, version: int, values: dict[str, str]) -> None:
    """Keep the values of headers, if this version of the endpoint set them and they are still the ones."""
    if values and endpoint.standing["headers_version"] == version:
        await sealed(ctx).put_headers(ctx.tenant_id, endpoint.id, version, values)


async def _require_wishes(ctx: CommandContext, command: RegisterEndpoint | ChangeEndpoint) -> None:
    if command.url is not None:
        require_address(command.url, await networks(ctx))
    require_headers(command.headers)
    require_types(command.types, command.schema_versions)
    await require_unit(ctx, command.unit_id)


async def _asked(ctx: CommandContext, endpoint: WebhookEndpoint, how: WebhookProof) -> Proof:
    """Ask the address. Raises Problem 409 when the bytes of its secret or headers were never kept."""
    known = endpoint_as_told(ctx.tenant_id, endpoint)
    allowed = await networks(ctx)
    if how is WebhookProof.HANDSHAKE:
        return await proving.handshake(ctx.kit.sender, known.url, ctx.kit.settings.webhook_origin, allowed=allowed)
    signing = await sealed(ctx).of(known)
    if signing is None or not any(secret.good(ctx.now) for secret in signing.secrets):
        raise Problem(409, "webhook_secret_missing")
    return await proving.ping(
        ctx.kit.sender,
        known.url,
        signing.secrets,
        signing.headers,
        tenant_id=ctx.tenant_id,
        endpoint_id=endpoint.id,
        at=ctx.now,
        allowed=allowed,
    )


def _answered(proof: Proof) -> Answered:
    answer = proof.answer
    return Answered(status=answer.status, fault=answer.fault, took_ms=round(answer.took_ms, 1))
