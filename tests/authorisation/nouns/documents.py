"""The matrix for what integrations are made from: schemas and the AsyncAPI document, open to all."""

from __future__ import annotations

from tests.authorisation import expectations as who
from tests.authorisation.row import Row

ROWS: dict[str, Row] = {
    "schemas.events": Row(who.OPEN),
    "schemas.event": Row(who.OPEN, "problem", done=(404,), why="no event is called so: everybody gets that far"),
    "schemas.envelope": Row(who.OPEN),
    "schemas.asyncapi": Row(who.OPEN),
}
