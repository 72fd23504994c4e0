"""`dakehu tenant …`: the operator's verbs about whole tenants. Each calls what does the work, imported when wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from services.verb import run_verb
from shared.settings import settings

if TYPE_CHECKING:
    from services.accounts.identity_provider import TrustProvider
    from shared.event_store.store import EventStore
    from shared.privacy.vault import Vault

app = typer.Typer(name="tenant", no_args_is_help=True, help="Open, suspend, archive and delete whole tenants.")

TenantId = Annotated[UUID, typer.Argument(help="the tenant's id, as `dakehu tenant list` shows it")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="the company's name")],
    administrator: Annotated[
        str, typer.Option(prompt="Name of the first tenant administrator", help="goes to the vault, not to the log")
    ],
    zone: Annotated[
        str, typer.Option(help="IANA name; days, weeks and months are those of this zone")
    ] = "Asia/Shanghai",
    currency: Annotated[str, typer.Option(help="ISO 4217")] = "CNY",
    tenant_id: Annotated[UUID | None, typer.Option("--id", help="a fixed id; a fresh one when left out")] = None,
    administrator_subject: Annotated[
        str | None, typer.Option(help="what the identity provider calls the administrator, in its tokens' `sub`")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="trust this identity provider at once, see `trust`")] = None,
    audience: Annotated[str, typer.Option(help="what its tokens' `aud` must hold")] = "dakehu",
) -> None:
    """Open a tenant: company, head office, and a first person who may arrange the rest. Harmless twice with --id."""
    from zoneinfo import ZoneInfoNotFoundError

    from services.tenants.deletion import receipts, receipts_file
    from services.tenants.opening import FIRST_SYSTEM, CannotOpen, Company, open_company

    async def work(store: EventStore, vault: Vault) -> int:
        if any(receipt["tenant_id"] == str(tenant_id) for receipt in receipts(receipts_file(settings()))):
            typer.echo("Not opened: a tenant of this id was deleted; an id is not given twice", err=True)
            return 1
        provider = None
        if issuer is not None:  # judged first: what cannot be trusted opens nothing
            by_subject = administrator_subject is not None
            if (provider := _provider(issuer, audience, by_subject=by_subject)) is None:
                return 1
        at = await store.all_tenants.fetchval("select clock_timestamp()")
        try:
            company = Company.new(
                name.strip(),
                zone=zone,
                currency=currency,
                administrator=administrator,
                administrator_subject=administrator_subject,
                at=at,
                tenant_id=tenant_id,
            )
            opened = await open_company(store, vault, company)
        except (CannotOpen, ZoneInfoNotFoundError, ValueError) as error:
            typer.echo(f"Not opened: {error}", err=True)
            return 1
        typer.echo("Opened." if opened else "It was open already; nothing was changed.")
        typer.echo(f"  tenant         {company.tenant_id}")
        typer.echo(f"  head office    {company.root_id}")
        typer.echo(f"  administrator  {company.person_id}")
        if provider is not None:
            return await _trust(store, company.tenant_id, provider)
        typer.echo("Next: let its people sign in, by trusting their identity provider:")
        reference = "" if administrator_subject is None else f" --person-reference {FIRST_SYSTEM}"
        typer.echo(f"  dakehu tenant trust {company.tenant_id} --issuer https://… --audience …{reference}")
        return 0

    _run(work)


@app.command()
def trust(
    tenant_id: TenantId,
    issuer: Annotated[str, typer.Option(help="exactly as in the tokens' `iss`; https in production")],
    audience: Annotated[str, typer.Option(help="what the tokens' `aud` must hold")] = "dakehu",
    person_claim: Annotated[str, typer.Option(help="the claim that names the person")] = "sub",
    person_reference: Annotated[
        str | None, typer.Option(help="it is their reference in this system; left out: their id here")
    ] = None,
    tenant_claim: Annotated[
        str | None, typer.Option(help="when the issuer vouches for several companies: the claim that says for which")
    ] = None,
    tenant_value: Annotated[str | None, typer.Option(help="its value for this tenant")] = None,
) -> None:
    """Let a tenant's people sign in with tokens of this issuer. Later the tenant's administrator can do it alone."""
    provider = _provider(
        issuer,
        audience,
        by_subject=False,
        person_claim=person_claim,
        person_reference=person_reference,
        tenant_claim=tenant_claim,
        tenant_value=tenant_value,
    )
    if provider is None:
        raise typer.Exit(1)
    _run(lambda store, vault: _trust(store, tenant_id, provider))


@app.command("list")
def list_() -> None:
    """Every tenant, how it stands and where its log ends."""
    from services.tenants.standing import tenants

    async def work(store: EventStore, vault: Vault) -> int:
        for tenant in await tenants(store):
            status = tenant.status if tenant.name is not None else "half opened"
            last = "" if tenant.last_at is None else f"{tenant.last_at:%Y-%m-%d %H:%M}Z"
            typer.echo(f"{tenant.tenant_id}  {status:<11} {tenant.position:>12}  {last:<17}  {tenant.name or ''}")
        return 0

    _run(work)


@app.command()
def suspend(
    tenant_id: TenantId, reason: Annotated[str, typer.Option(help="kept for ever in its log; nothing personal")]
) -> None:
    """Refuse every request of a tenant, reads too, within five seconds. Its views are folded on."""
    from services.tenants.standing import suspend as suspending

    _run(lambda store, vault: _say(suspending(store, tenant_id, reason), "Suspended.", "It was suspended already."))


@app.command()
def resume(tenant_id: TenantId) -> None:
    """Let a suspended tenant in again."""
    from services.tenants.standing import resume as resuming

    _run(lambda store, vault: _say(resuming(store, tenant_id), "Resumed.", "It was open already."))


@app.command()
def export(
    tenant_id: TenantId, file: Annotated[Path, typer.Option(help="where to; must not exist; readable by you only")]
) -> None:
    """Everything held of a tenant in one file: events, personal data in the clear, operations, who read what."""
    from services.tenants.archive import write_archive

    async def work(store: EventStore, vault: Vault) -> int:
        written = await write_archive(store, vault, tenant_id, file)
        typer.echo(f"Written to {written.path}, in the clear: keep it as such.")
        typer.echo(f"  head    {written.position}  {written.hash}")
        for kind, count in written.counts.items():
            typer.echo(f"  {kind:<28} {count}")
        return 0

    _run(work)


@app.command("verify-archive")
def verify_archive(
    file: Annotated[Path, typer.Argument(help="what `dakehu tenant export` wrote", exists=True)],
) -> None:
    """Prove an archive from its own lines: chain of hashes, counts, end. Ends with 1 when something is wrong."""
    from services.tenants.archive import check_archive

    found = check_archive(file)
    for fault in found.faults:
        typer.echo(fault, err=True)
    if found.faults:
        raise typer.Exit(1)
    typer.echo(f"Whole: tenant {found.tenant_id}, {found.counts['event']} events up to position {found.position}.")


@app.command()
def delete(
    tenant_id: TenantId,
    name: Annotated[
        str, typer.Option(prompt="This cannot be undone. Type the tenant's name", help="the tenant's name, to be sure")
    ],
    reason: Annotated[str, typer.Option(help="kept in the receipt; nothing personal")] = "contract ended",
) -> None:
    """Delete a suspended tenant with all its rows; keys first. Leaves a receipt. May be interrupted and repeated."""
    from services.tenants.deletion import delete_tenant, receipts_file

    async def work(store: EventStore, vault: Vault) -> int:
        file = receipts_file(settings())
        await delete_tenant(store, tenant_id, name=name, reason=reason, file=file, say=typer.echo)
        return 0

    _run(work)


def _provider(issuer: str, audience: str, *, by_subject: bool, **said: str | None) -> TrustProvider | None:
    """What is to be trusted; None when it cannot be, which is said."""
    from pydantic import ValidationError

    from services.accounts.identity_provider import TrustProvider
    from services.tenants.opening import FIRST_SYSTEM
    from shared.event_store.stream import Refused

    given: dict[str, str | None] = {"person_reference": FIRST_SYSTEM if by_subject else None, **said}
    try:
        command = TrustProvider.model_validate({"issuer": issuer, "audience": audience, **given})
        command.provider(https_only=settings().env == "production")
    except ValidationError as error:
        for fault in error.errors():
            typer.echo(f"Not trusted: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", err=True)
        return None
    except Refused as refused:
        typer.echo(f"Not trusted: {issuer}: {refused}", err=True)
        return None
    return command


async def _trust(store: EventStore, tenant_id: UUID, command: TrustProvider) -> int:
    from services.tenants.trusting import trust

    trusted = trust(store, tenant_id, command, https_only=settings().env == "production")
    return await _say(trusted, f"{command.issuer} may vouch for its people.", f"{command.issuer} was trusted already.")


async def _say(changing: Awaitable[bool], changed: str, unchanged: str) -> int:
    typer.echo(changed if await changing else unchanged)
    return 0


def _run(work: Callable[[EventStore, Vault], Awaitable[int]]) -> None:
    """Run it on the database, and say in one line what is in its way."""
    from services.tenants.deletion import CannotDelete
    from services.tenants.standing import NoSuchTenant
    from shared.event_store.stream import Refused
    from shared.privacy.vault import VaultError

    async def connected() -> int:
        try:
            async with _parts() as (store, vault):
                return await work(store, vault)
        except (NoSuchTenant, CannotDelete, FileExistsError, Refused, VaultError) as error:
            typer.echo(f"Not done: {error}", err=True)
            return 1

    run_verb(connected())


@asynccontextmanager
async def _parts() -> AsyncIterator[tuple[EventStore, Vault]]:
    """Store and vault as the worker has them: all tenants, each named in every statement."""
    from shared.event_store import connections
    from shared.event_store.store import EventStore
    from shared.postgres.url import database_url
    from shared.privacy.vault import Vault

    address = await database_url(settings())
    async with await EventStore.open(address, writers=1, reads_as=connections.WORK) as store:
        vault = Vault(store.pool, Vault.master_key(settings()))
        await vault.unseal()  # before anything is written with a key that is not this database's
        yield store, vault
