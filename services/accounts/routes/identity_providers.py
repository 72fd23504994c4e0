"""Which identity providers may vouch for a tenant's people. The rules are in tenant.py and identity_provider.py."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from services.accounts.events import Function, IdentityProvider
from services.accounts.identity_provider import TrustProvider
from services.accounts.routes.organisation_reads import etag
from services.accounts.routes.rights import require
from services.accounts.tenant import Tenant
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Now
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.issuers import forget, note
from shared.identity.principal import AUDITOR, HEAD_OFFICE, OPERATIONS, TENANT_ADMIN

router = Router(prefix="/v1/identity-providers", tags=["identity"])

TRUSTS = (TENANT_ADMIN, HEAD_OFFICE, OPERATIONS)
"""Say who may vouch for the people of the tenant: persons only, never a machine."""

TENANTS = Commands(Tenant)


class ProviderShown(BaseModel):
    """An identity provider that is trusted."""

    id: UUID
    issuer: str
    audience: str
    jwks_uri: str | None
    algorithms: list[str]
    person_claim: str
    person_reference: str | None
    functions_claim: str | None
    functions: dict[str, list[Function]]
    scope_claim: str | None
    tenant_claim: str | None
    tenant_value: str | None
    allowed_actions: list[Literal["distrust"]]


@router.post(
    "",
    status_code=201,
    operation_id="identity_providers.trust",
    response_model=Receipt,
    responses=refuses(403, 409, 422),
)
async def trust(command: TrustProvider, ctx: Ctx) -> Receipt:
    """Let the tenant's people sign in with tokens of this issuer."""
    _require(ctx)
    provider_id = ctx.new_id("identity_provider")

    async def decide(work: Work) -> Tenant:
        tenant = await work.load(TENANTS, ctx.tenant_id)
        provider = command.provider(https_only=ctx.kit.settings.env == "production")
        tenant.trust(provider_id, provider, at=ctx.now)
        if tenant.pending_events and not await _answered(ctx):
            await _note(ctx, provider_id, provider)
        return tenant

    location = f"{ctx.call.path}/{provider_id}"
    receipt = await TENANTS.together(ctx, decide, status=201, location=location)
    return receipt.model_copy(update={"id": provider_id})


@router.post(
    "/{provider_id}/distrust",
    operation_id="identity_providers.distrust",
    response_model=Receipt,
    responses=refuses(403, 404, 409, 412, 428),
)
async def distrust(provider_id: UUID, ctx: CtxMatch) -> Receipt:
    """Take trust back: tokens of this issuer are refused from now on."""
    _require(ctx)

    async def decide(work: Work) -> Tenant:
        tenant = await work.load(TENANTS, ctx.tenant_id, matched=True)
        if provider_id not in tenant.identity_providers:
            raise Problem(404, "not_found")
        tenant.distrust(provider_id, at=ctx.now)
        return tenant

    receipt = await TENANTS.together(ctx, decide)
    await forget(ctx.kit.pool, ctx.tenant_id, provider_id)
    return receipt.model_copy(update={"id": provider_id})


@router.get("", operation_id="identity_providers.list", responses=refuses(403))
async def providers(read: Now, request: Request) -> Listed[ProviderShown]:
    """Who may vouch for the tenant's people; the ETag is what `distrust` takes as If-Match."""
    found, version, actions = await _trusted(read)
    etag(request, version)
    return Listed(items=[_shown(id, provider, actions) for id, provider in found.items()])


@router.get("/{provider_id}", operation_id="identity_providers.get", responses=refuses(403, 404))
async def provider(provider_id: UUID, read: Now, request: Request) -> ProviderShown:
    """One identity provider; the ETag is what `distrust` takes as If-Match."""
    found, version, actions = await _trusted(read)
    if provider_id not in found:
        raise Problem(404, "not_found")
    etag(request, version)
    return _shown(provider_id, found[provider_id], actions)


def _require(ctx: CommandContext) -> None:
    require(ctx.principal, *TRUSTS)
    if ctx.principal.machine:
        raise Problem(403, "persons_only")


async def _answered(ctx: CommandContext) -> bool:
    """Whether this is a retry: then nothing may change, whatever has happened since."""
    return await ctx.kit.store.answered(ctx.tenant_id, ctx.principal.person_id, ctx.key) is not None


async def _note(ctx: CommandContext, provider_id: UUID, provider: IdentityProvider) -> None:
    if not await note(ctx.kit.pool, ctx.tenant_id, provider_id, provider):
        raise Refused("issuer_of_others", "other tenants are told apart by another claim, or none", pointer="/issuer")


async def _trusted(read: Now) -> tuple[dict[UUID, IdentityProvider], int, list[Literal["distrust"]]]:
    require(read.principal, *TRUSTS, AUDITOR)
    tenant: Tenant | None = await read.kit.repository(Tenant).load(read.tenant_id, read.tenant_id)
    if tenant is None:
        raise Problem(404, "not_found")
    may = read.principal.has(*TRUSTS) and not read.principal.machine
    return tenant.identity_providers, tenant.version, ["distrust"] if may else []


def _shown(id: UUID, provider: IdentityProvider, actions: list[Literal["distrust"]]) -> ProviderShown:
    fields = {name: getattr(provider, name) for name in provider.__struct_fields__}
    return ProviderShown(id=id, allowed_actions=actions, **fields)
