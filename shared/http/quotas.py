"""How many rows a principal may take away in a day, counted in the database: exact over all processes.

What counts: the feed, pages of lists asked for by the hundred or with a cursor, tables without pages that have more
rows, and files. What would go beyond the quota is refused whole, before any of it leaves; less may still pass. The day
is one of the tenant's zone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any

from shared.http.call import Call
from shared.http.problem import Problem
from shared.identity.principal import AUDITOR, INTEGRATION, Principal
from shared.settings import Settings
from shared.telemetry import DENIALS

PERSONS = 100_000
MACHINES = 5_000_000
"""Rows a day in production where the setting is left out; in development there is then no quota."""
KEPT_DAYS = 31

# A count lost in a crash of the database is a few rows too many; waiting for the disk on every page is not worth them.
TAKE = """
with quick as materialized (select set_config('synchronous_commit', 'off', true))
insert into identity.exports as e (tenant_id, principal_id, day, rows)
select $1, $2, $3, $4::bigint from quick where $4::bigint <= $5::bigint
on conflict (tenant_id, principal_id, day) do update set rows = e.rows + excluded.rows
 where e.rows + excluded.rows <= $5::bigint
returning e.rows
"""
TAKEN = "select rows from identity.exports where tenant_id = $1 and principal_id = $2 and day = $3"
FORGET = "delete from identity.exports where tenant_id = $1 and principal_id = $2 and day < $3"


class Quotas:
    """The quota of every principal of one service."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        production = settings.env == "production"
        self._persons = _chosen(settings.export_rows, PERSONS if production else 0)
        self._machines = _chosen(settings.export_rows_machines, MACHINES if production else 0)
        self._clock = clock

    def of(self, principal: Principal) -> int:
        """Rows a day; 0 when there is no quota."""
        return self._machines if principal.machine or principal.has(INTEGRATION, AUDITOR) else self._persons

    async def charge(self, call: Call, status: int) -> None:
        """Count the rows of an answer about to be sent. Raises Problem (429)."""
        rows, call.exported = call.exported, 0
        if status < 400:
            await self.take(call.kit.pool, call, call.who, rows)

    async def take(self, pool: Any, call: Call, principal: Principal, rows: int) -> None:
        """Count these rows, or refuse (429) and count none."""
        quota = self.of(principal)
        if not quota or rows <= 0:
            return
        now = self._clock().astimezone(principal.zone)
        who = principal.viewer_id or principal.person_id
        taken = await pool.fetchval(TAKE, principal.tenant_id, who, now.date(), rows, quota)
        call.headers.append((b"ratelimit-policy", b'"export-rows";q=%d;w=86400' % quota))
        seconds = _until(now.date() + timedelta(days=1), principal, now)
        if taken is None:
            taken = await pool.fetchval(TAKEN, principal.tenant_id, who, now.date()) or 0
            call.headers.append((b"ratelimit", b'"export-rows";r=%d;t=%d' % (quota - taken, seconds)))
            DENIALS.labels(call.kit.service, "export_quota").inc()
            raise Problem(
                429,
                "export_quota",
                params={"quota": quota, "left": quota - taken, "rows": rows},
                headers={"Retry-After": str(seconds)},
                extra={
                    "violated-policies": ["export-rows"],
                    "quota": quota,
                    "left": quota - taken,
                    "resets_at": now.astimezone(UTC) + timedelta(seconds=seconds),
                },
            )
        call.headers.append((b"ratelimit", b'"export-rows";r=%d;t=%d' % (quota - taken, seconds)))
        if taken == rows:  # the first of the day tidies up
            await pool.execute(FORGET, principal.tenant_id, who, now.date() - timedelta(days=KEPT_DAYS))


def _chosen(given: int | None, default: int) -> int:
    return default if given is None else given


def _until(day: date, principal: Principal, now: datetime) -> int:
    return ceil((datetime.combine(day, time(), principal.zone).astimezone(UTC) - now.astimezone(UTC)).total_seconds())
