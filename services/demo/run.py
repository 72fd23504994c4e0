"""`dakehu demo`: a whole installation with a living sales organisation in it, its tables printed. Holds no rule."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.bootstrap import ZONE
from services.demo.client import Client
from services.demo.load import Loaded, Loader, Mint
from services.demo.tables import print_tables
from services.foreground import Terminal
from services.installation import Installation, Stopped, installation
from shared.identity.tokens import SAMPLE_TENANT, development_key, mint_token, read_dev_token
from shared.settings import Settings

SEED = 20_250_101
TOKENS_SHOWN = (
    ("总监 director", "director"),
    ("大区经理 regional manager", "R-EAST-manager"),
    ("部长 department head", "B-SH-head"),
    ("大客户经理 account manager", "B-SH-account"),
    ("内勤 back office", "B-SH-office"),
    ("代表 representative", "B-SH-rep1"),
    ("总部派驻代表 representative of head office, posted to Shanghai", "KA-rep1"),
    ("财务 finance", "finance"),
    ("客服 customer service", "customer_service"),
    ("技术支持 technical support", "technical_support"),
    ("人事 hr", "hr"),
    ("审计 auditor", "auditor"),
    ("租户管理员 tenant administrator", "tenant_admin"),
    ("运维 operations", "operations"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the data folder remembers of its sample: what it was made from, and whether it is whole.

    `people` are those tokens are shown for: [person id, unit id, functions…] by their name in the sample.
    """

    seed: int
    scale: float
    today: date
    people: dict[str, list[str]]
    position: int
    whole: bool


async def run(settings: Settings, terminal: Terminal) -> None:
    """Start, load the sample if that is not done, print, and serve until a signal (DEMO_EXIT=1: leave)."""
    began = time.monotonic()
    console = Console(file=cast(TextIO, terminal))
    with suppress(Stopped):
        async with installation(settings, partial(print, file=terminal, flush=True)) as running:
            showing = asyncio.create_task(_show(running, console, began))
            await asyncio.wait({showing, running.told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
            if not showing.done():
                showing.cancel()
                with suppress(asyncio.CancelledError):
                    await showing
                return
            showing.result()
            if os.environ.get("DEMO_EXIT", "") not in ("", "0"):
                return
            console.print("Ctrl-C ends it.")
            await running.told_to_stop


async def _show(running: Installation, console: Console, began: float) -> None:
    data = running.settings.data
    key = development_key(data)

    def mint(person: UUID, functions: tuple[str, ...], unit: UUID) -> str:
        return mint_token(key, SAMPLE_TENANT, person, functions, unit)

    client = Client(running.url)
    try:
        sample = await _sample(client, data, mint, console)
        token = read_dev_token(data)
        read = partial(_read, client, token, sample.position)
        pipeline, hot_customers, defeats = await asyncio.gather(
            read("/v1/pipeline"), read("/v1/hot-customers"), read("/v1/defeats/analysis", group_by="category,reason")
        )
    finally:
        await client.close()
    print_tables(console, pipeline, hot_customers, defeats, ZoneInfo(ZONE))
    console.print(f"\nReady after {time.monotonic() - began:.1f} s. Open:")
    for name, url in running.urls.items():
        console.print(f"  {name:<14} {url}/docs")
    console.print(f"\nTokens (send as `Authorization: Bearer …`); head office: {data / 'token'}")
    for title, key_of_person in TOKENS_SHOWN:
        console.print(f"  {title}", highlight=False)
        person, unit, *functions = sample.people[key_of_person]
        console.print(f"  {mint(UUID(person), tuple(functions), UUID(unit))}", highlight=False, soft_wrap=True)


async def _read(client: Client, token: str, position: int, path: str, **parameters: Any) -> Any:
    """A report that has seen everything loaded."""
    return await client.get(path, token, min_position=position, **parameters)


async def _sample(client: Client, data: Path, mint: Mint, console: Console) -> Sample:
    """The sample of this data folder, loaded unless it was; an interrupted one is taken up where it stopped."""
    file = data / "sample.json"
    known = _remembered(file)
    if known is not None and known.whole:
        return known
    scale = float(os.environ.get("DEMO_SCALE", "1")) if known is None else known.scale
    today = datetime.now(ZoneInfo(ZONE)).date() if known is None else known.today
    _remember(file, Sample(SEED, scale, today, {}, 0, whole=False))
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        loader = Loader(client, root_token=read_dev_token(data), mint=mint, seed=SEED, scale=scale, today=today)
        loaded: Loaded = await loader.load(progress)
    whole = Sample(
        SEED,
        scale,
        today,
        {key: loaded.holders[key] for _, key in TOKENS_SHOWN},
        loaded.last_position,
        whole=True,
    )
    _remember(file, whole)
    return whole


def _remembered(file: Path) -> Sample | None:
    try:
        said = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return Sample(**{**said, "today": date.fromisoformat(said["today"])})


def _remember(file: Path, sample: Sample) -> None:
    said = {name: getattr(sample, name) for name in Sample.__slots__}
    written = file.with_suffix(".new")
    written.touch(mode=0o600)
    written.write_text(json.dumps({**said, "today": sample.today.isoformat()}))
    written.replace(file)
