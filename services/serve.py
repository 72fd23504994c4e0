"""Serve one app in this process: a service, the front door, or the worker. Starts no other process.

`python -m services.serve accounts`. The worker is not an HTTP app but ends the same way.
"""

from __future__ import annotations

import argparse
import os
import signal
from dataclasses import dataclass
from logging import getLevelNamesMapping

from shared.postgres.launch import die_with_parent
from shared.settings import Settings, settings


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

    served = APPS[part]
    uvicorn.run(
        served.app,
        host=chosen.host,
        port=getattr(chosen, served.port),
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=chosen.grace_seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--parent", type=int, help="end when this process, our parent, ends")
    given = parser.parse_args()
    if given.parent is not None:
        if os.getppid() != given.parent:
            return
        die_with_parent(given.parent, signal.SIGTERM)
    serve(given.part, settings())


if __name__ == "__main__":
    main()
