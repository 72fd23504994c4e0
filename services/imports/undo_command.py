"""`dakehu import --undo`: asks for the undo of an import, follows it, tells what was taken back and what was left."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.imports.command import (
    MANY,
    POLL_SECONDS,
    SHOWN_PROBLEMS,
    SOME_PROBLEMS,
    TAKEN,
    CannotImport,
    accepted,
    patiently,
    speaking,
)
from shared.settings import Settings


def undo_import(
    import_id: UUID, settings: Settings, console: Console, *, service: str, dry_run: bool, force: bool
) -> int:
    """Take an import back. Returns 0 when all went and the views show it, 2 when something was left, else 1."""

    def work(client: httpx.Client) -> int:
        path = f"/v1/imports/{import_id}"
        if dry_run:
            found = accepted(client.get(f"{path}/undo-preview", params={"force": str(force).lower()}), 200)
            return _tell(found["records"], found["left"], console, would=True)
        asked = client.post(f"{path}/undo", json={"force": force}, headers={"idempotency-key": str(uuid4())})
        done = _follow(client, accepted(asked, 202), f"{path}/undo", console)
        if done["state"] != "done":
            raise CannotImport(f"The undo was not finished: {done['error'] or done['state']}")
        left = accepted(client.get(f"{path}/undo/problems", params={"limit": SHOWN_PROBLEMS}), 200)["items"]
        status = _tell(done["records"], left, console, would=False)
        if done["views"] == "behind":
            raise CannotImport("All was taken back, but the views do not show it yet: see GET /v1/views.")
        return status

    return speaking(settings, console, service, work)


def _follow(client: httpx.Client, shown: dict[str, Any], path: str, console: Console) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        records = bar.add_task("Taking back", total=None)
        while not shown["finished"]:
            time.sleep(POLL_SECONDS)
            shown = accepted(patiently(lambda: client.get(path)), 200)
            bar.update(records, completed=shown["done"], total=shown["total"])
    return shown


def _tell(records: list[dict[str, Any]], left: list[dict[str, Any]], console: Console, *, would: bool) -> int:
    verb = "would be " if would else ""
    if not records and not left:
        console.print("Nothing of this import stands any more: there is nothing to take back.", soft_wrap=True)
    for one in records:
        kind = MANY.get(one["kind"], "opportunities" if one["kind"] == "opportunity" else one["kind"])
        console.print(
            f"{kind}: {one['removed']} {verb}removed, {one['restored']} {verb}restored, {one['left']} {verb}left",
            highlight=False,
            soft_wrap=True,
        )
    for problem in left[:SHOWN_PROBLEMS]:
        said = problem.get("params", {})
        about = f"{problem.get('kind') or said.get('kind')} {problem.get('id') or said.get('id')}"
        console.print(
            f"  {about}: {problem['code']} ({problem['message']})", markup=False, highlight=False, soft_wrap=True
        )
    return SOME_PROBLEMS if any(one["left"] for one in records) else TAKEN
