"""What operations on rolling need. Tests nothing itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.schemathesis.nouns.dealing import asked
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

PATH = "/v1/rolling-plans"
SHANGHAI = timedelta(hours=8)


def _version(target: int = 5) -> JSON:
    """From the running month on."""
    month = f"{datetime.now(UTC) + SHANGHAI:%Y-%m}"
    return {"base_month": month, "rows": [{"month": month, "measure": "orders", "target": str(target)}]}


def _opening(r: Records) -> JSON:
    return {"unit_id": r.unit().id, **_version()}


def _plan(r: Records) -> Made:
    return r.tell("kpi", PATH, _opening(r))


def _waiting(r: Records) -> Made:
    made = _plan(r)
    return asked(r, f"{PATH}/{made.id}/publish", {**_version(4), "reason": "缺货"}, made.version, service="kpi")


def _seen(r: Records) -> Ready:
    return on("rolling_id", r.often("rolling_plan", lambda: _plan(r)))


MADE: dict[str, Maker] = {
    "rolling_plans.proposal": lambda r, _: Ready(),
    "rolling_plans.open": lambda r, _: Ready(body=_opening(r)),
    "rolling_plans.read": lambda r, _: _seen(r),
    "rolling_plans.versions": lambda r, _: _seen(r),
    "rolling_plans.table": lambda r, _: _seen(r),
    "rolling_plans.publish": lambda r, _: on("rolling_id", _plan(r), {**_version(4), "reason": "缺货"}),
    "rolling_plans.approve": lambda r, _: on("rolling_id", _waiting(r), {}),
    "rolling_plans.refuse": lambda r, _: on("rolling_id", _waiting(r), {"comment": "先保交付"}),
    "rolling_plans.correct": lambda r, _: on(
        "rolling_id", _plan(r), {"version": 2, "changes": {"reason": "补记"}, "reason": "错"}
    ),
    "rolling_plans.void": lambda r, _: on("rolling_id", _plan(r), {"version": 2, "reason": "错"}),
}
