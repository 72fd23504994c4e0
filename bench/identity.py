"""What it costs to know who asks and to show them only what is theirs: two reads, beside the same without any of it.

The guarded side reads a token, takes the caller's sight from the organisation, puts the predicate into the SQL, and
asks as `dakehu_app` behind row-level security. The other is `bench.unlocked`. Same log, same paths, same answers.
"""

from __future__ import annotations

from typing import Any

import httpx

from bench.commands import UVICORN
from bench.figure import Figure, bounded, median
from bench.ground import Ground, Place, free_port, say
from bench.history import Company
from bench.load import Job, Run, generate, percentile
from shared.identity.principal import DEPARTMENT_HEAD, REPRESENTATIVE
from shared.identity.tokens import SAMPLE_ROOT, SAMPLE_TENANT, development_key, mint_token

ROWS = 50
POINTS = 200
"""Records asked for one by one, of different ages."""
AIMS = {"list": 1.15, "point": 1.25}
"""At most so many times what it takes without."""
PERSON = """
select stream_id from es.events where tenant_id = $1 and type = 'PersonJoined' order by position offset 5 limit 1
"""


async def authorisation(ground: Ground, place: Place, company: Company, *, rounds: int, seconds: float) -> list[Figure]:
    """One client; each round asks both services in turn. Raises RuntimeError when they answer differently."""
    paths = await _paths(place)
    runs: dict[tuple[str, str], list[Run]] = {}
    token = await _token(place, DEPARTMENT_HEAD)
    port = free_port()
    environment = {"DATABASE_URL": place.database_url, "DAKEHU_DATA": str(place.data), "DAKEHU_LOG_LEVEL": "warning"}
    command = ["-m", "uvicorn", "bench.unlocked:app", "--factory", "--port", str(port), *UVICORN]
    async with (
        ground.service("opportunities", place) as service,
        ground.served(command, environment, port, log="unlocked"),
    ):
        sides = {"guarded": (service.port, token), "unlocked": (port, "nobody")}
        await _same(sides, paths)
        for turn in range(-1, rounds):  # the first warms
            for what, asked in paths.items():
                for side in sides if turn % 2 else reversed(sides):
                    to, bearer = sides[side]
                    job = Job(
                        port=to,
                        token=bearer,
                        connections=1,
                        seconds=seconds if turn >= 0 else min(1.0, seconds),
                        reads=asked,
                    )
                    run = await generate(job)
                    if run.refused:
                        raise RuntimeError(f"a read was refused: {run.refused}")
                    if turn >= 0:
                        runs.setdefault((what, side), []).append(run)
            if turn >= 0:
                say(f"authorisation, round {turn + 1} of {rounds}")
        own = await generate(
            Job(port=service.port, token=await _token(place, REPRESENTATIVE), connections=1, seconds=seconds,
                reads=paths["list"])
        )  # fmt: skip
    return [_told(what, runs[what, "guarded"], runs[what, "unlocked"], company, own) for what in paths]


def _told(what: str, guarded: list[Run], unlocked: list[Run], company: Company, own: Run) -> Figure:
    value, peer = _medians(guarded), _medians(unlocked)
    ratio = median([_p50(a) / _p50(b) for a, b in zip(guarded, unlocked, strict=True)])
    conditions: dict[str, Any] = {
        "guarded": "token, standing, scope, sight of the unit's subtree in SQL, dakehu_app behind row-level security",
        "unlocked": "no credential, sight of everything, the owner of the database; the same answers",
        "ratios": [round(_p50(a) / _p50(b), 3) for a, b in zip(guarded, unlocked, strict=True)],
        "client": "one connection; ratio of medians of neighbouring runs",
        "generator_cpu_share": median([run.cpu_share for run in (*guarded, *unlocked)]),
    }
    if what == "list":
        conditions["a_representatives_own_list_ms"] = round(_p50(own), 3)
    found = bounded(
        f"authorisation.{what}", {**value, "times": ratio}, {"times": AIMS[what]}, peer=peer, ratio=ratio,
        sizes={"opportunities": company.opportunities, "events": company.events, "rounds": len(guarded),
               "rows": ROWS if what == "list" else 1},
        conditions=conditions,
    )  # fmt: skip
    return found


def _p50(run: Run) -> float:
    return percentile([took for path in run.latencies for took in path], 0.5)


def _medians(runs: list[Run]) -> dict[str, float]:
    everything = [[took for path in run.latencies for took in path] for run in runs]
    return {
        "p50_ms": median([percentile(run, 0.5) for run in everything]),
        "p99_ms": median([percentile(run, 0.99) for run in everything]),
    }


async def _paths(place: Place) -> dict[str, list[str]]:
    """The list, and records from all over the log."""
    async with place.connection() as connection:
        rows = await connection.fetch(
            """select stream_id from (
                   select stream_id, row_number() over (order by position) as n, count(*) over () as all_
                     from es.events where tenant_id = $1 and stream_type = 'opportunity' and version = 1) e
                where n % greatest(1, all_ / $2) = 0 limit $2""",
            SAMPLE_TENANT,
            POINTS,
        )
    return {
        "list": [f"/v1/opportunities?limit={ROWS}"],
        "point": [f"/v1/opportunities/{row['stream_id']}" for row in rows],
    }


async def _token(place: Place, function: str) -> str:
    """Of somebody who works at the head office, where all records of the made-up company are."""
    async with place.connection() as connection:
        person = await connection.fetchval(PERSON, SAMPLE_TENANT)
    return mint_token(development_key(place.data), SAMPLE_TENANT, person, (function,), SAMPLE_ROOT)


async def _same(sides: dict[str, tuple[int, str]], paths: dict[str, list[str]]) -> None:
    """Both sides give the same answers, but for what the caller may do: what is compared is the way to them."""
    async with httpx.AsyncClient() as client:
        for path in (*paths["list"], *paths["point"][:5]):
            told = []
            for port, token in sides.values():
                answer = await client.get(
                    f"http://127.0.0.1:{port}{path}", headers={"authorization": f"Bearer {token}"}
                )
                answer.raise_for_status()
                told.append({name: value for name, value in answer.json().items() if name != "allowed_actions"})
            if told[0] != told[1]:
                raise RuntimeError(f"{path} is answered differently")
