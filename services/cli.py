"""The command `dakehu`. Each verb is a few lines that call what does the work, imported only when it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from shared.settings import settings

app = typer.Typer(
    name="dakehu", no_args_is_help=True, add_completion=False, help="Key-account sales over one event log."
)


def say(text: str) -> None:
    """A line for whoever watches the terminal."""
    typer.echo(text)


def _run(work: Coroutine[Any, Any, int | None]) -> None:
    status = asyncio.run(work)
    if status:
        raise typer.Exit(status)


@app.command()
def run() -> None:
    """Start the database, the services, the worker and the front door; end with Ctrl-C."""
    from services import installation

    try:
        _run(installation.run(settings(), say))
    except installation.CannotStart as error:
        typer.echo(f"Cannot start: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def serve(part: Annotated[str, typer.Argument(help="accounts, opportunities, kpi, door or work")]) -> None:
    """Serve one part in this process, for installations that run each by itself."""
    from services.serve import PARTS, serve

    if part not in PARTS:
        raise typer.BadParameter(f"one of {', '.join(PARTS)}")
    serve(part, settings())


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from shared.postgres.migrate import migrate, newest_version
    from shared.postgres.url import database_url

    async def work() -> None:
        changed = await migrate(await database_url())
        say(f"{'Now' if changed else 'Already'} at {newest_version()}.")

    _run(work())


def main() -> None:
    """What the installed command calls."""
    app()
