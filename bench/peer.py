"""The peer: the `eventsourcing` library as its documentation uses it. Its aggregate, application, PostgreSQL recorder
(psycopg), projection and runner, behind plain FastAPI. The rules of our command in small; no authentication, no
idempotency, no sight: what it leaves out is to its advantage.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from fastapi import FastAPI, Header, HTTPException
from psycopg.sql import SQL

from services.opportunities.opportunity.commands.prospects import QualifyProspect
from shared.http.receipt import Receipt

LEVELS = ("C", "B", "A", "H")
POOL = 20


class Prospect(Aggregate):
    """An opportunity in small."""

    class Captured(AggregateCreated):
        title: str
        owner_id: UUID

    class Qualified(AggregateEvent):
        level_before: str | None
        level: str
        expected_on: str | None
        obstacle: str | None
        judged_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.level = self.level
            aggregate.expected_on = self.expected_on

    def __init__(self, title: str, owner_id: UUID) -> None:
        self.title = title
        self.owner_id = owner_id
        self.status = "open"
        self.level: str | None = None
        self.expected_on: str | None = None

    def qualify(self, command: QualifyProspect, at: datetime) -> None:
        """Judge the level anew; refused when closed, by an unknown level, or when nothing changes."""
        if self.status != "open":
            raise ValueError("closed")
        if command.level not in LEVELS:
            raise ValueError("unknown_level")
        expected_on = None if command.expected_on is None else str(command.expected_on)
        if (command.level, expected_on) == (self.level, self.expected_on):
            return
        self.trigger_event(
            self.Qualified,
            level_before=self.level,
            level=command.level,
            expected_on=expected_on,
            obstacle=command.obstacle,
            judged_at=at,
        )


class Sales(Application[UUID]):
    """The write side."""

    def capture(self, title: str, owner_id: UUID) -> tuple[UUID, int]:
        prospect = Prospect(title=title, owner_id=owner_id)
        self.save(prospect)
        return prospect.id, prospect.version

    def qualify(self, id: UUID, command: QualifyProspect, expected: int) -> tuple[int, int]:
        prospect: Prospect = self.repository.get(id)
        if prospect.version != expected:
            raise LookupError("stale")
        prospect.qualify(command, datetime.now(UTC))
        recorded = self.save(prospect)
        return prospect.version, recorded[-1].notification.id if recorded else 0


class Levels(PostgresTrackingRecorder):
    """The read side: one row per opportunity."""

    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.sql_create_statements.append(
            SQL(
                "create table if not exists levels"
                " (id uuid primary key, title text, owner_id uuid, level text, expected_on date)"
            ).format()
        )

    def captured(self, event: Prospect.Captured, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "insert into levels (id, title, owner_id) values (%s, %s, %s)",
                (event.originator_id, event.title, event.owner_id),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)

    def qualified(self, event: Prospect.Qualified, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "update levels set level = %s, expected_on = %s::date where id = %s",
                (event.level, event.expected_on, event.originator_id),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)


class LevelsProjection(Projection[Levels]):
    """One event, one transaction: the library's way."""

    name = "levels"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        match domain_event:
            case Prospect.Captured():
                self.view.captured(domain_event, tracking)
            case Prospect.Qualified():
                self.view.qualified(domain_event, tracking)


def environment(database_url: str) -> dict[str, str]:
    """The library's settings for a database: as many connections as help."""
    parts = urlsplit(database_url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": unquote(parts.username or ""),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
        "POSTGRES_POOL_SIZE": str(POOL),
        "POSTGRES_MAX_OVERFLOW": str(POOL),
        "POSTGRES_MAX_WAITING": "1000",
    }


def seed(database_url: str, prospects: int, owner_id: UUID) -> list[tuple[str, int]]:
    """Prospects to work on: id and version of each."""
    sales = Sales(environment(database_url))
    try:
        found = [sales.capture(f"项目{number}", owner_id) for number in range(prospects)]
        return [(str(id), version) for id, version in found]
    finally:
        sales.close()


def project(database_url: str, timeout: float = 120.0) -> tuple[int, float]:
    """Fold all there is with the library's runner: events, seconds."""
    settings = environment(database_url)
    counter = Sales(settings)
    last = counter.recorder.max_notification_id()
    counter.close()
    assert last is not None
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Sales, projection_class=LevelsProjection, view_class=Levels, env=settings
    ) as runner:
        runner.wait(last, timeout=timeout)
    return last, time.perf_counter() - began


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.sales = Sales(environment(os.environ["BENCH_DATABASE_URL"]))
    gc.collect()
    gc.freeze()  # as our services do
    gc.set_threshold(50_000, 20, 50)
    yield
    app.state.sales.close()


app = FastAPI(lifespan=lifespan)


@app.post("/v1/opportunities/{opportunity_id}/qualify")
def qualify(opportunity_id: UUID, command: QualifyProspect, if_match: Annotated[str, Header()]) -> Receipt:
    try:
        version, position = app.state.sales.qualify(opportunity_id, command, int(if_match.strip('"')))
    except LookupError as error:
        raise HTTPException(412, str(error)) from error
    except ValueError as error:
        raise HTTPException(409, str(error)) from error
    return Receipt(id=opportunity_id, version=version, position=position, code="ok")


@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ready"}
