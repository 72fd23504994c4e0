"""Facts that other systems tell, over HTTP: one as JSON, or many as lines. Makes the route of a noun; holds no rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import Query, Request, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import StreamingResponse

from shared.http.call import call_of
from shared.http.context import Ctx
from shared.http.inbound_facts import Fact, Named, Row, as_command, found, held_by, like
from shared.http.inbound_rows import BatchSummary, Noun, OnRefusal, RowOutcome
from shared.http.openapi import OWN_SCHEMAS, refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router, is_utf8_json

__all__ = ["Fact", "Named", "Row", "as_command", "found", "held_by", "inbound", "like"]

LINES: Final = "application/x-ndjson"
MOST_ROWS: Final = 1_000
TAG = {"name": "inbound", "description": "Facts that other systems tell: one, or a thousand as lines (接入)"}
ANSWERED: Final[dict[str, Any]] = {
    LINES: {
        "schema": {
            "contentMediaType": LINES,
            "description": "A line for each row (ToldRowOutcome), and at the end a ToldBatchSummary.",
        }
    }
}


def inbound(name: str, summary: str, facts: Sequence[Fact]) -> Router:
    """The router of one noun: `POST /v1/inbound/{name}`, JSON or lines."""
    noun = Noun(name, {fact.name: fact for fact in facts})
    router = Router(prefix="/v1/inbound", tags=["inbound"])
    schemas, body = _documented(noun)

    async def tell(
        request: Request,
        ctx: Ctx,
        on_refusal: Annotated[
            OnRefusal,
            Query(description="Of lines: what is refused holds back later rows about the same record, or does not."),
        ] = "hold",
    ) -> Response:
        call = call_of(request.scope)
        content_type = call.header(b"content-type") or ""
        if is_utf8_json(content_type):
            return await noun.one(call, ctx, call.body)
        if content_type.partition(";")[0].strip().lower() != LINES:
            accepted = f"application/json, {LINES}"
            headers = {"Accept-Post": accepted}
            raise Problem(415, "unsupported_media_type", params={"expected": accepted}, headers=headers)
        told = list(noun.rows(call.body, ctx.key))
        if len(told) > MOST_ROWS:
            raise Problem(422, "too_many_rows", params={"limit": MOST_ROWS})
        call.kit.limits.charge("commands", call.who, len(told) - 1)
        return StreamingResponse(noun.answered(call, told, on_refusal), media_type=LINES)

    tell.__dict__[OWN_SCHEMAS] = schemas
    router.add_api_route(
        f"/{name}",
        tell,
        methods=["POST"],
        operation_id=f"inbound.{name.replace('-', '_')}",
        summary=summary,
        description=f"{summary}. One fact as JSON, answered as its command is; or up to {MOST_ROWS:,} as lines "
        f"({LINES}), answered by as many lines and one that sums up. Facts: {noun.known}.",
        response_model=Receipt,
        responses={
            200: {
                "description": "The receipt; or an outcome for each row, and what sums them up.",
                "content": ANSWERED,
            },
            201: {"model": Receipt, "description": "It opened a record."},
            **refuses(403, 404, 409, 415, 422),
        },
        openapi_extra={"requestBody": body},
    )
    return router


def _documented(noun: Noun) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of a noun's rows, and the request body they make."""
    forms = [fact.form for fact in noun.facts.values()]
    outcomes: list[type[BaseModel]] = [RowOutcome, BatchSummary]
    _, made = models_json_schema(
        [(form, "validation") for form in [*forms, *outcomes]], ref_template="#/components/schemas/Told{model}"
    )
    schemas = {f"Told{name}": schema for name, schema in made["$defs"].items()}
    refs = {fact.name: f"#/components/schemas/Told{fact.form.__name__}" for fact in noun.facts.values()}
    examples = [schemas[f"Told{form.__name__}"]["examples"][0] for form in forms]
    body = {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [{"$ref": ref} for ref in refs.values()],
                    "discriminator": {"propertyName": "fact", "mapping": refs},
                },
                "examples": {name: {"value": example} for name, example in zip(refs, examples, strict=True)},
            },
            LINES: {
                "schema": {
                    "contentMediaType": LINES,
                    "description": "Such an object a line, with a key of its own if it has one.",
                },
                "examples": {"two": {"value": "".join(f"{orjson.dumps(one).decode()}\n" for one in examples[:2])}},
            },
        },
    }  # fmt: skip
    return schemas, body
