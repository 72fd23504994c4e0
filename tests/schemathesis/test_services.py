"""The documents of the three services are true: a foreign tool sends what they allow, and much that they do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.schemathesis.conftest import SERVICES, Running

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
"""Cases an operation each time round in the phase that makes them up, and sequences of operations in the last."""
SHARE = os.environ.get("SCHEMATHESIS_SHARE", "0.08")
"""Of the boundary cases of the phase that covers the schemas: "1" sends them all, each time round some ten thousand."""
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
SECONDS = {"accounts": 35, "opportunities": 60, "kpi": 45}
"""How long each service is asked, the phases over and over; on a busy machine less is sent in it."""
TIMES = float(os.environ.get("SCHEMATHESIS_TIMES", "1"))
"""So many times as long."""

ENOUGH = 6
"""An operation that so many cases made possible must have been carried out."""
NEVER_DONE = {
    "views.skip": "only a view that is parked can skip, and none is",
}
"""Operations that cannot come to a 2xx here, and why."""


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_no_server_error_and_nothing_undocumented(service: str, running: Running, tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    said = tmp_path / "said.txt"
    with said.open("w") as output:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
                *("run", f"{running.addresses[service]}/openapi.json"),
                *("--header", f"Authorization: Bearer {running.token}"),
                *("--max-examples", str(EXAMPLES), "--seed", SEED, "--workers", "1", "--no-color"),
                *("--generation-database", "none", "--max-time", str(round(SECONDS[service] * TIMES))),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(CHECKOUT),
                "SCHEMATHESIS_HOOKS": "tests.schemathesis.hooks",
                "FUZZED_SERVICE": service,
                "FUZZED_ADDRESSES": json.dumps(running.addresses),
                "FUZZED_TOKEN": running.token,
                "FUZZED_COLLEAGUE": running.colleague,
                "FUZZED_COUNTS": str(counts),
                "FUZZED_SEED": SEED,
                "FUZZED_SHARE": SHARE,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    assert done.returncode == 0, said.read_text()[-20_000:]
    answered: Counter[str] = Counter()
    succeeded: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for operation, status, meant, count in json.loads(counts.read_text()):
        answered[operation] += count
        succeeded[operation] += count if 200 <= status < 300 else 0
        met[operation] += count if meant else 0
    del answered["other method"], succeeded["other method"]
    print(f"{service}: {answered.total()} cases, {succeeded.total()} of them 2xx")
    for operation in sorted(answered):
        print(f"  {operation}: {succeeded[operation]} of {answered[operation]}, {met[operation]} made possible")
    assert {name for name in answered if not succeeded[name] and met[name] >= ENOUGH} <= NEVER_DONE.keys()
    assert succeeded.total() > 0.2 * answered.total()
