"""The command `dakehu`. Each verb is a few lines that call what does the work, imported only when it is wanted."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from services.tenants.command import app as tenant_verbs
from services.verb import run_verb
from shared.settings import settings

app = typer.Typer(
    name="dakehu", no_args_is_help=True, add_completion=False, help="Key-account sales over one event log."
)
app.add_typer(tenant_verbs)


def say(text: str) -> None:
    """A line for whoever watches the terminal."""
    typer.echo(text)


@app.command()
def run() -> None:
    """Start the database, the services, the worker and the front door; end with Ctrl-C."""
    from services.foreground import Terminal, leave_at_once_when_told

    leave_at_once_when_told()
    from services import installation

    terminal = Terminal(sys.stdout)
    try:
        run_verb(installation.run(settings(), lambda text: print(text, file=terminal, flush=True)))
    except installation.CannotStart as error:
        typer.echo(f"Cannot start: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def demo() -> None:
    """The same with a generated sales organisation, its tables printed; DEMO_SCALE multiplies, DEMO_EXIT=1 leaves."""
    from services.foreground import Terminal, leave_at_once_when_told

    leave_at_once_when_told()
    from services import installation
    from services.demo.run import run as run_demo

    try:
        run_verb(run_demo(settings(), Terminal(sys.stdout)))
    except installation.CannotStart as error:
        typer.echo(f"Cannot start: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def serve(part: Annotated[str, typer.Argument(help="accounts, opportunities, kpi, door or work")]) -> None:
    """Serve one part in this process, for installations that run each by itself."""
    from services.serve import PARTS, serve

    if part not in PARTS:
        raise typer.BadParameter(f"one of {', '.join(PARTS)}")
    if settings().env == "production":
        from services.fitness import SERVICE_ROLES, findings, refuse_when
        from shared.postgres.facts import ROLES

        needs = ROLES if part == "work" else SERVICE_ROLES
        if refuse_when(asyncio.run(findings(settings(), needs=needs)), lambda text: typer.echo(text, err=True)):
            raise typer.Exit(1)
    serve(part, settings())


@app.command()
def doctor() -> None:
    """Show the settings in effect, secrets unseen, and the database; name everything wrong. Ends with 1 on a fault."""
    from services.doctor import doctor as examine

    run_verb(examine(settings(), say))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from shared.postgres.migrate import CannotMigrate, migrate, newest_version
    from shared.postgres.url import database_url

    async def work() -> int:
        try:
            changed = await migrate(await database_url())
        except CannotMigrate as no:
            typer.echo(f"Cannot migrate: {no}", err=True)
            return 1
        say(f"{'Now' if changed else 'Already'} at {newest_version()}.")
        return 0

    run_verb(work())


@app.command()
def verify() -> None:
    """Prove that the log is whole and that every view equals its fold. Ends with 1 when something is wrong."""
    from services import maintenance

    run_verb(maintenance.verify(settings(), say))


@app.command()
def rebuild(
    view: Annotated[
        list[str] | None, typer.Argument(help="for instance opportunities.defeats; all when left out")
    ] = None,
) -> None:
    """Fold views anew from the log, while they are read."""
    from services import maintenance

    run_verb(maintenance.rebuild_views(settings(), view or [], say))


@app.command("drop-old-views")
def drop_old_views(
    yes: Annotated[bool, typer.Option("--yes", help="drop them, do not only name them")] = False,
) -> None:
    """Drop the tables of view versions this code does not read. Only when no older code is running."""
    from services import maintenance

    run_verb(maintenance.drop_old_views(settings(), say, sure=yes))


@app.command()
def restored(
    reason: Annotated[str, typer.Option(help="what was restored, and from when")],
    erasures: Annotated[
        Path | None, typer.Option(help="the list of who was erased; default DAKEHU_ERASURES_FILE, if it is there")
    ] = None,
) -> None:
    """Say that the database was restored: old cursors are refused, who was erased since the backup is erased again."""
    from services import maintenance

    run_verb(maintenance.restored(settings(), reason, say, erasures=erasures))


@app.command()
def rewrap() -> None:
    """Wrap the keys of all tenants by the master key there is now, DAKEHU_VAULT_KEY_BEFORE being the one before."""
    from services import maintenance

    run_verb(maintenance.rewrap(settings(), say))


@app.command("webhook-networks")
def webhook_networks(
    tenant_id: Annotated[UUID, typer.Argument(help="the tenant's id, as `dakehu tenant list` shows it")],
    add: Annotated[list[str] | None, typer.Option(help="a network to open: 10.20.0.0/16, fd12::/48, 10.1.2.3")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="a network to close, as it is shown")] = None,
    ports: Annotated[str, typer.Option(help="of those opened only these, separated by commas; else every port")] = "",
    note: Annotated[str | None, typer.Option(help="whose it is, why it is open")] = None,
) -> None:
    """Show, open and close networks of our own a tenant's webhooks may go to; without, public addresses alone."""
    from services.tenants.networks import webhook_networks as changing

    numbers = ports.replace(",", " ").split()
    if not all(number.isdecimal() for number in numbers):
        raise typer.BadParameter("ports are numbers: --ports 443,8443")
    wanted = [int(number) for number in numbers]
    try:
        run_verb(changing(settings(), tenant_id, say, add=add or (), remove=remove or (), ports=wanted, note=note))
    except ValueError as error:
        typer.echo(f"Not done: {error}", err=True)
        raise typer.Exit(1) from None


@app.command("import")
def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV, TSV, NDJSON or JSON")] = None,
    mapping: Annotated[Path | None, typer.Option(help="which column means what (YAML)")] = None,
    service: Annotated[str, typer.Option(help="accounts, opportunities, kpi or door: who takes it")] = "door",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would happen")] = False,
    undo: Annotated[UUID | None, typer.Option(help="take this import back instead, by its id")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="undo also what was recorded on its own records since")
    ] = False,
) -> None:
    """Import a file, or take an import back; ends with 0 when all was done and is shown, 2 when something was left."""
    from rich.console import Console

    from services.imports.command import import_file
    from services.imports.undo_command import undo_import
    from services.serve import APPS

    if service not in APPS:
        raise typer.BadParameter(f"one of {', '.join(APPS)}")
    if (undo is None) == (file is None):
        raise typer.BadParameter("name a file to import, or an import to --undo")
    if undo is not None:
        status = undo_import(undo, settings(), Console(), service=service, dry_run=dry_run, force=force)
        raise typer.Exit(status)
    if file is None or mapping is None:
        raise typer.BadParameter("name the mapping: --mapping sales.yaml")
    raise typer.Exit(import_file(file, mapping, settings(), Console(), service=service, dry_run=dry_run))


@app.command()
def bench(
    figures: Annotated[
        list[str] | None,
        typer.Argument(help="commands, appends, rebuild, visible, reads, authorisation, kpi, webhooks …; or all"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="two minutes instead of ten, on shorter logs")] = False,
) -> None:
    """Measure against the peers, on a database of its own; prints one JSON document. Needs the development packages."""
    from bench import run as measuring

    if unknown := set(figures or []) - set(measuring.FIGURES):
        raise typer.BadParameter(f"no figure is called {', '.join(sorted(unknown))}")
    run_verb(measuring.bench(figures or [], measuring.QUICK if quick else measuring.FULL))


@app.command("bench-monday")
def bench_monday(
    quick: Annotated[bool, typer.Option("--quick", help="a log a tenth as long, few steps")] = False,
) -> None:
    """Find what this machine holds of a Monday morning's mix of calls; prints JSON. Needs the development packages."""
    from bench.monday import FULL, QUICK, monday

    run_verb(monday(QUICK if quick else FULL))


@app.command()
def soak(seconds: Annotated[float, typer.Option(help="how long, in all")] = 60.0) -> None:
    """Append from many writers at once, read behind them, and prove that nothing was lost, doubled or reordered."""
    from bench.soak import soak as soaking

    run_verb(soaking(seconds, say))


def main() -> None:
    """What the installed command calls."""
    try:
        app()
    except ValidationError as error:
        if error.title != "Settings":
            raise
        for fault in error.errors():
            name = str(fault["loc"][0])
            typer.echo(f"{name if name.isupper() else f'DAKEHU_{name}'.upper()}: {fault['msg']}", err=True)
        sys.exit(1)
