"""Secrets of endpoints: added, retired, and the public keys by which anybody verifies. Keys are kept by making.py."""

from __future__ import annotations

import base64
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from services.webhooks.commands import AddSecret, RetireSecret
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoints_of
from services.webhooks.events import NUMBERED_FIELD
from services.webhooks.making import ENDPOINTS, ON_RECORD, SecretMade, keep_secret, sealed, told
from services.webhooks.rights import require_grants, require_makes
from shared.http.call import call_of
from shared.http.commands import Work
from shared.http.context import CommandContext, CtxMatch, Parts
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.current_tenant import as_tenant
from shared.webhooks.secrets import ED25519, new_key, public_text
from shared.webhooks.vaulted import SealedSecrets

router = Router(prefix="/v1/webhooks", tags=["webhooks"])
public_router = Router(tags=["webhooks"])

PUBLIC_SECONDS = 300
"""How long a receiver may keep public keys: a new secret is shown so long before it signs alone."""


@router.post("/{endpoint_id}/secrets", operation_id="webhooks.add_secret", responses=ON_RECORD)
async def add_secret(endpoint_id: UUID, command: AddSecret, ctx: CtxMatch) -> SecretMade:
    """Sign with another secret too. It is in this answer and nowhere else; the others sign until they are retired."""
    require_makes(ctx)
    key = new_key()

    async def decide(work: Work) -> WebhookEndpoint:
        endpoint = await _answered_for(work, ctx, endpoint_id)
        endpoint.add_secret(command, at=ctx.now)
        return endpoint

    receipt = await ENDPOINTS.together(ctx, decide)
    endpoint = await told(ctx, endpoint_id)
    number = next(
        int(name.removeprefix(NUMBERED_FIELD))
        for name in endpoint.changes_of(receipt.version)
        if name.startswith(NUMBERED_FIELD)
    )
    made = await keep_secret(ctx, endpoint, number, key)
    await _drop_ended(ctx, endpoint)
    return SecretMade(**receipt.model_dump(), **made)


@router.post(
    "/{endpoint_id}/retire-secret",
    operation_id="webhooks.retire_secret",
    response_model=Receipt,
    responses=ON_RECORD,
)
async def retire_secret(endpoint_id: UUID, command: RetireSecret, ctx: CtxMatch) -> Receipt:
    """Let a secret sign for a while yet, up to seven days, and no longer. The last one stays."""
    require_makes(ctx)

    async def decide(work: Work) -> WebhookEndpoint:
        endpoint = await _answered_for(work, ctx, endpoint_id)
        endpoint.retire_secret(command, at=ctx.now)
        return endpoint

    receipt = await ENDPOINTS.together(ctx, decide)
    await _drop_ended(ctx, await told(ctx, endpoint_id))
    return receipt


async def _answered_for(work: Work, ctx: CommandContext, endpoint_id: UUID) -> WebhookEndpoint:
    """The endpoint, of which the caller may give all that is sent: who has its secret can read it in another's name."""
    endpoint = await work.load(ENDPOINTS, endpoint_id, matched=True)
    await require_grants(ctx, endpoint.standing["unit_id"], endpoint.standing["personal"])
    return endpoint


async def _drop_ended(ctx: CommandContext, endpoint: WebhookEndpoint) -> None:
    """Destroy the keys of secrets that sign nothing any more."""
    good = endpoint.good(ctx.now)
    if ended := [number for number in endpoint.secrets if number not in good]:
        await sealed(ctx).drop(ctx.tenant_id, endpoint.id, ended)


# -- public keys ------------------------------------------------------------------------------------------


class PublicKey(BaseModel):
    """One public key, as a JSON Web Key (RFC 8037) and as Standard Webhooks writes it."""

    kid: str = Field(description="Endpoint and number of the secret.")
    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = "EdDSA"
    x: str = Field(description="The key in base64url.")
    webhook_key: str = Field(description="`whpk_` and the key in base64.")
    exp: int | None = Field(description="Until when it signs, in epoch seconds; null: until it is retired.")


class PublicKeys(BaseModel):
    """The keys whose `v1a` signatures are good now; empty for an endpoint that has none, or is not there."""

    keys: list[PublicKey]


@public_router.get("/.well-known/webhook-keys", operation_id="webhooks.public_keys", response_model=PublicKeys)
async def public_keys(
    request: Request,
    parts: Parts,
    response: Response,
    tenant: Annotated[UUID, Query(description="As in the `source` of every event: `urn:uuid:<tenant>`.")],
    endpoint: Annotated[UUID, Query(description="The endpoint's id.")],
) -> PublicKeys:
    """The public keys of an endpoint. For everybody: it takes ids that nobody guesses, and tells keys alone."""
    call = call_of(request.scope)
    parts.limits.open_to(call)
    response.headers["cache-control"] = "no-cache"  # none yet: the next one who asks may find them
    with as_tenant(tenant):
        found = await endpoints_of(parts.pool, tenant, [endpoint])
        if not found:
            parts.limits.guessed(call)
            return PublicKeys(keys=[])
        now = parts.clock()
        keys = await SealedSecrets(parts.pool, parts.vault.keys).public_keys(tenant, endpoint)
    shown = PublicKeys(
        keys=[
            PublicKey(
                kid=f"{endpoint}/{secret.number}",
                x=base64.urlsafe_b64encode(keys[secret.number]).decode().rstrip("="),
                webhook_key=public_text(keys[secret.number]),
                exp=None if secret.expires_at is None else int(secret.expires_at.timestamp()),
            )
            for secret in reversed(found[0].secrets)
            if secret.kind == ED25519
            and secret.number in keys
            and (secret.expires_at is None or secret.expires_at > now)
        ]
    )
    if shown.keys:
        response.headers["cache-control"] = f"public, max-age={PUBLIC_SECONDS}"
    return shown
