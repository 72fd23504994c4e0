"""Metrics, logs and trace context of a process. Counts and names; never ids of people, bodies or query strings."""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "http_server_request_duration_seconds",
    "Time from the first byte of a request to the last of its answer",
    ("service", "method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10),
)
REPLAYS = Counter("idempotency_replays_total", "Commands answered from an earlier answer", ("service",))
CONFLICTS = Counter("eventstore_append_conflicts_total", "Appends that lost a race and were tried again", ("service",))
DENIALS = Counter("authz_denials_total", "Requests without a good credential or right", ("service", "reason"))
STREAMS_STALLED = Counter("event_streams_stalled_total", "Streams ended whose client took nothing", ("service",))
WRITER_QUEUE = Gauge("eventstore_writer_queue", "Commands waiting for the next group commit", ("service",))
VIEW_LAG_EVENTS = Gauge("projection_lag_events", "Events a view is behind the log, worst tenant", ("service", "view"))
VIEW_LAG_SECONDS = Gauge(
    "projection_lag_seconds", "Age of the first event a view lacks, worst tenant", ("service", "view")
)

VIEW_PARKED = Gauge("projection_parked", "Tenants for which a view is parked", ("service", "view"))

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


class Trace:
    """The W3C trace a request belongs to: the caller's trace id when it sent a good one, a span of our own."""

    __slots__ = ("parent", "trace_id")

    def __init__(self, given: str | None) -> None:
        random = os.urandom(24).hex()
        matched = _TRACEPARENT.fullmatch(given) if given else None
        if matched is None:
            self.trace_id, flags = random[:32], "01"
        else:
            self.trace_id, flags = matched.group(1, 2)
        self.parent = f"00-{self.trace_id}-{random[32:]}-{flags}"
        """`traceparent` for what comes after us."""

    @property
    def correlation(self) -> str:
        """The trace id in the form of a UUID: all that follows from one request shares it."""
        id = self.trace_id
        return f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"


def configure_logs(level: int = logging.INFO) -> None:
    """One JSON line per entry on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> Any:
    """A structured logger."""
    return structlog.get_logger(log=name)
