"""The limit: the same route of plain FastAPI, body checked by the same pydantic model, and nothing behind it."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI

from services.opportunities.opportunity.commands.prospects import QualifyProspect
from shared.http.receipt import Receipt


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    gc.collect()
    gc.freeze()  # as our services do
    gc.set_threshold(50_000, 20, 50)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/v1/opportunities/{opportunity_id}/qualify")
async def qualify(opportunity_id: UUID, command: QualifyProspect) -> Receipt:
    return Receipt(id=opportunity_id, version=1, position=len(command.level), code="ok")


@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ready"}
