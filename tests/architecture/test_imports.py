"""Who may import whom."""

import re
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


def test_what_nouns_share_does_not_import_the_nouns() -> None:
    """Else no noun could be imported before all others: a package is run before any module in it."""
    shared_by_nouns = (ROOT / "services/opportunities/routes/__init__.py").read_text(encoding="utf-8")
    assert "import" not in shared_by_nouns.partition('"""\n')[2]
    of_all = re.compile(r"services\.opportunities(\.routers| import routers)")
    files = (ROOT / "services").rglob("*.py")
    knowing = {str(file.relative_to(ROOT)) for file in files if of_all.search(file.read_text(encoding="utf-8"))}
    assert knowing == {"services/opportunities/main.py"}
