"""How a verb of the command line ends: with its status, or with one line that says what prevented it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import typer


def run_verb(work: Coroutine[Any, Any, int | None]) -> None:
    """Run it to its end. Raises typer.Exit unless all went well; a defect of ours comes through with its traceback."""
    try:
        status = asyncio.run(work)
    except Exception as error:
        from services.prevented import prevented

        if (said := prevented(error)) is None:
            raise
        typer.echo(said, err=True)
        status = 1
    if status:
        raise typer.Exit(status)
