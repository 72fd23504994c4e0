"""Who may import whom."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_command_starts_without_the_web() -> None:
    """`dakehu --help` and the processes that only start others should not wait for FastAPI."""
    script = "import sys, services.cli, services.installation; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"fastapi", "sqlalchemy", "alembic", "eventsourcing", "joserfc"} & set(loaded.split())
