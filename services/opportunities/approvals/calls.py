"""SQL of requests as of an instant: whether one waits, and the latest call-back about it. Text only."""

from __future__ import annotations

from services.opportunities.reports.asking import Sql

LATEST_CALL = """
  left join lateral (
      select c.verdict, c.attempts, c.reached, c.reason_found, c.comment, c.verified_by, c.verified_on, c.verified_at
        from {verifications} as c
       where c.tenant_id = $1 and c.stream_id = r.stream_id and c.request_version = r.version and c.verified_at <= {at}
       order by c.verified_at desc, c.version desc
       limit 1) as v on true"""
"""Joined to a request `r`: the latest call-back about it, as of the instant asked about."""


def waits(sql: Sql, alias: str = "r") -> str:
    """The predicate that a request waits at the instant asked about."""
    if sql.asking.latest:
        return f"{alias}.decided_at is null"
    at = sql.named("at")
    return f"{alias}.requested_at <= {at} and ({alias}.decided_at is null or {alias}.decided_at > {at})"
