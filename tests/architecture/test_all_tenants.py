"""Only what concerns the installation as a whole looks past the tenant: the files that may are named here."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAY = {
    "services/maintenance.py",
    "services/tenants/",
    "services/doctor.py",
    "services/work.py",
    "services/bootstrap.py",
    "services/privacy.py",
    "shared/event_store/store.py",
    "shared/event_store/verify.py",
    "shared/http/health.py",
    "shared/postgres/facts.py",
    "shared/projections/tables.py",
    "shared/testing/",
}
"""The operator's commands, the worker, metrics, and what makes the pools. No route, report or operation."""
PAST = re.compile(r"\ball_tenants\b|connections\.WORK\b|\bWORK\b.*(?:role|reads_as)|dakehu_work")


def test_no_route_report_or_operation_looks_past_its_tenant() -> None:
    found = set()
    for path in (*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name != "shared/event_store/connections.py" and PAST.search(path.read_text(encoding="utf-8")):
            found.add(name)
    assert {name for name in found if not any(name.startswith(may) for may in MAY)} == set()
