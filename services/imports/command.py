"""`dakehu import`: sends a file with its mapping and look-ups, follows the import, tells what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.identity.tokens import read_dev_token
from shared.settings import Settings

TAKEN: Final = 0
FAILED: Final = 1
SOME_PROBLEMS: Final = 2

POLL_SECONDS = 0.2
TRIES = 20
SHOWN_PROBLEMS = 20
MANY = {"unit": "units", "person": "people", "account": "accounts", "product": "products"}
TIMEOUT = httpx.Timeout(120.0, connect=5.0)


class CannotImport(Exception):
    """The file cannot be sent, or the import failed; the text says why."""


def import_file(
    file: Path, mapping: Path, settings: Settings, console: Console, *, service: str = "door", dry_run: bool = False
) -> int:
    """Import a file. Returns 0 when all rows were taken and the views show them, 2 when some have problems, else 1."""

    def work(client: httpx.Client) -> int:
        return _tell(client, _follow(client, _send(client, file, mapping, dry_run=dry_run), console), console)

    return speaking(settings, console, service, work)


def speaking(settings: Settings, console: Console, service: str, work: Callable[[httpx.Client], int]) -> int:
    """The exit status of what is done with a service; what prevents it is told."""
    try:
        token = read_dev_token(settings.data)
    except OSError:
        console.print(f"No token in {settings.data}: is `dakehu run` running there?", style="red", soft_wrap=True)
        return FAILED
    port = settings.port if service == "door" else getattr(settings, f"{service}_port")
    with httpx.Client(
        base_url=f"http://{settings.host}:{port}",
        headers={"authorization": f"Bearer {token}", "accept-language": "en"},
        timeout=TIMEOUT,
    ) as client:
        try:
            return work(client)
        except CannotImport as error:
            console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        except httpx.HTTPError as error:
            console.print(f"{client.base_url} cannot be reached: {error}", style="red", markup=False, soft_wrap=True)
    return FAILED


def _send(client: httpx.Client, file: Path, mapping: Path, *, dry_run: bool) -> dict[str, Any]:
    """The import as it was accepted."""
    key = str(uuid4())
    with ExitStack() as stack:
        try:
            parts = [("file", (file.name, stack.enter_context(file.open("rb"))))]
            text = mapping.read_bytes()
            parts.append(("mapping", (mapping.name, stack.enter_context(mapping.open("rb")))))
            for name in sorted(_beside(text)):
                if (path := file.parent / name).is_file():
                    parts.append(("lookup", (name, stack.enter_context(path.open("rb")))))
        except OSError as error:
            raise CannotImport(f"{error.filename}: {error.strerror}") from error
        answer = client.post(
            "/v1/imports", params={"dry_run": str(dry_run).lower()}, files=parts, headers={"idempotency-key": key}
        )
    return accepted(answer, 202)


def _beside(mapping: bytes) -> set[str]:
    """Names of the look-up files a mapping mentions, as far as it can be read; the service judges it."""
    try:
        document = yaml.safe_load(mapping)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return set()
    return {name for name in _files(document) if "/" not in name and "\\" not in name}


def _files(part: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(part, dict):
        if isinstance(lookup := part.get("lookup"), dict) and isinstance(lookup.get("file"), str):
            found.add(lookup["file"])
        for inner in part.values():
            found |= _files(inner)
    elif isinstance(part, list):
        for inner in part:
            found |= _files(inner)
    return found


def _follow(client: httpx.Client, started: dict[str, Any], console: Console) -> dict[str, Any]:
    """The import when it is over, a bar meanwhile."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        rows = bar.add_task(f"Importing {started['file']}", total=None)
        shown = started
        while not shown["finished"]:
            time.sleep(POLL_SECONDS)
            shown = accepted(patiently(lambda: client.get(f"/v1/imports/{started['id']}")), 200)
            folding = shown["total"] is not None and shown["done"] == shown["total"]
            bar.update(
                rows,
                completed=shown["done"],
                total=shown["total"],
                description="Waiting for the views" if folding else f"Importing {started['file']}",
            )
    return shown


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """A service that is away for a moment does not end the waiting."""
    for left in reversed(range(TRIES)):
        try:
            answer = ask()
        except httpx.TransportError:
            if not left:
                raise
        else:
            if answer.status_code < 500 or not left:
                return answer
        time.sleep(POLL_SECONDS * 5)
    raise AssertionError("unreachable")


def _tell(client: httpx.Client, done: dict[str, Any], console: Console) -> int:
    """Say what came of it; the exit status."""
    if done["state"] == "failed":
        for problem in _problems(client, done):
            console.print(f"  {_line(problem)}", markup=False, highlight=False, soft_wrap=True)
        raise CannotImport(f"The import failed: {done['error']}")
    if done["state"] == "cancelled":
        raise CannotImport(
            f"The import was cancelled after {done['done']} rows; take them back with dakehu import --undo {done['id']}"
        )
    would = "would be " if done["dry_run"] else ""
    console.print(
        f"{done['total']} rows: {done['created']} {would}created, {done['changed']} {would}changed, "
        f"{done['unchanged']} unchanged, {done['problems']} with problems.",
        soft_wrap=True,
    )
    opened = {kind: count for kind, count in (done["opened"] or {}).items() if count}
    if opened:
        told = ", ".join(f"{count} {kind if count == 1 else MANY.get(kind, kind)}" for kind, count in opened.items())
        console.print(f"{would.capitalize()}opened: {told}", soft_wrap=True)
    if not done["dry_run"] and (done["created"] or done["changed"] or opened):
        console.print(f"To take it back: dakehu import --undo {done['id']}", highlight=False, soft_wrap=True)
    if done["problems"]:
        problems = _problems(client, done)
        for problem in problems:
            console.print(f"  {_line(problem)}", markup=False, highlight=False, soft_wrap=True)
        if done["problems"] > len({problem["line"] for problem in problems}):
            console.print(
                f"  … all of them: GET /v1/imports/{done['id']}/problems", markup=False, highlight=False, soft_wrap=True
            )
        return SOME_PROBLEMS
    if done["views"] == "behind":
        raise CannotImport("All rows were taken, but the views do not show them yet: see GET /v1/views.")
    return TAKEN


def _problems(client: httpx.Client, done: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/imports/{done['id']}/problems", params={"limit": SHOWN_PROBLEMS})
    return list(accepted(answer, 200)["items"])


def _line(problem: dict[str, Any]) -> str:
    where = f"line {problem['line']}" if problem["line"] is not None else problem["params"].get("path", "file")
    column = f", {problem['column']}" if problem["column"] else ""
    value = problem["params"].get("value")
    shown = f": {value!r}" if value else ""
    return f"{where}{column}: {problem['code']} ({problem['message']}){shown}"


def accepted(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The document answered. Raises CannotImport with every mistake the service found."""
    if answer.status_code == status:
        return dict(answer.json())
    try:
        told = answer.json()
        lines = [f"{told['title']}: {told['detail']}", *(f"  {part['detail']}" for part in told.get("errors", ()))]
    except (ValueError, KeyError):
        lines = [f"HTTP {answer.status_code}"]
    raise CannotImport("\n".join(lines))
