"""Serve one part in this process: a service, the front door, or the worker. Starts no other process."""

from __future__ import annotations

from dataclasses import dataclass
from logging import getLevelNamesMapping

from shared.settings import Settings


@dataclass(frozen=True)
class Served:
    """An app and the setting that holds its port."""

    app: str
    port: str


APPS = {
    "accounts": Served("services.accounts.main:app", "accounts_port"),
    "opportunities": Served("services.opportunities.main:app", "opportunities_port"),
    "kpi": Served("services.kpi.main:app", "kpi_port"),
    "door": Served("services.door:app", "port"),
}
WORK = "work"
PARTS = (*APPS, WORK)


def serve(part: str, chosen: Settings) -> None:
    """Run until SIGTERM or SIGINT: then finish what was begun, within the grace."""
    if part == WORK:
        import uvloop

        from services.work import run as work
        from shared.telemetry import configure_logs

        configure_logs(getLevelNamesMapping()[chosen.log_level.upper()])
        uvloop.run(work())
        return
    import uvicorn

    from shared.http.server import BoundedHead

    served = APPS[part]
    uvicorn.run(
        served.app,
        host=chosen.host,
        port=getattr(chosen, served.port),
        loop="uvloop",
        http=BoundedHead,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=chosen.trusted_proxies,
        timeout_graceful_shutdown=chosen.grace_seconds,
    )
