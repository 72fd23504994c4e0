"""The OpenAPI document as integrations read it: every error listed, headers, links. Changes no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi

from shared.http.context import HEADERS
from shared.http.edge import is_open
from shared.http.route import Route
from shared.http.schema_names import named_apart
from shared.http.sheets import MEDIA
from shared.http.tables import FORMS as TABLE_FORMS
from shared.identity.api_keys import PREFIX
from shared.identity.scopes import SCOPES, needed

PROBLEM_MEDIA = "application/problem+json"
Pushed = Callable[[], tuple[dict[str, Any], dict[str, Any]]]
"""Gives the webhooks of a document by name, and the components they need."""
OWN_SCHEMAS = "own_schemas"
"""Where an endpoint that reads its body itself notes the schemas its description names."""

TITLES = {
    400: "The request is malformed: a header, a query parameter or a cursor",
    401: "No bearer token or API key, or not a valid one",
    403: "The functions of the principal, or the scopes of the credential, do not allow this",
    404: "No such record, or the principal does not see it",
    409: "A rule refuses it in the present state, or an identity is taken",
    410: "The cursor belongs to history that a restore has replaced",
    412: "The record has moved on since the ETag in If-Match",
    413: "The body is too large",
    414: "Path and query are too long",
    415: "The body is of another media type",
    416: "The range asked for is not there",
    422: "The content is not acceptable; `errors` names each part",
    428: "If-Match is required",
    429: "Too many requests, or rows of a day: `violated-policies` says of which limit",
    431: "The headers are too many or too long",
    500: "A defect of ours",
    503: "Busy, behind, or without its database; try again after `Retry-After`",
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `title` and `detail` are in the language of Accept-Language.",
    "required": ["type", "title", "status", "detail", "instance", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "description": "`/problems/<code>`, which explains the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "trace_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemPart"}},
    },
    "examples": [
        {
            "type": "/problems/stale",
            "title": "记录已被他人更改",
            "status": 412,
            "detail": "记录现在的版本是 4，请重新读取。",
            "instance": "/v1/opportunities/6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11/win",
            "code": "stale",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "version": 4,
        }
    ],
}
PART_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["in", "pointer", "code", "detail", "params"],
    "properties": {
        "in": {"enum": ["body", "query", "path", "header", "cookie"]},
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) within `in`"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "params": {"type": "object"},
    },
}

RETRY_HEADER = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "string"}}}
LIMIT_HEADERS = {
    "RateLimit": {
        "description": 'What is left (`r`) and in how many seconds it is whole again (`t`): `"reads";r=0;t=7`',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The limits that hold: `"reads";q=3000;w=60`; sent with every answer that is counted',
        "schema": {"type": "string"},
    },
}
RECEIPT_HEADERS: dict[str, Any] = {
    "ETag": {"description": "The record's version in quotes", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` when this is the first answer once more",
        "schema": {"type": "string"},
    },
}
LOCATION_HEADER = {"Location": {"description": "Where the record is", "schema": {"type": "string"}}}


SCOPES_SAID = "\n".join(f"- `{scope}`: {said}" for scope, said in SCOPES.items())
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the company's identity provider. What is named beside it is a scope, needed on top "
        f"of the functions of the person:\n\n{SCOPES_SAID}",
    },
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": f"{PREFIX}…",
        "description": "The key of a machine, from `POST /v1/api-keys`. Its scopes are those it was issued with.",
    },
}
CHALLENGE = {
    "WWW-Authenticate": {
        "description": '`Bearer`; with `error="invalid_token"` when a credential was sent',
        "schema": {"type": "string"},
    }
}


FORMAT: dict[str, Any] = {
    "name": "format",
    "in": "query",
    "required": False,
    "description": "As a file of all rows: CSV or a workbook, with the titles of Accept-Language. Or by `Accept`.",
    "schema": {"type": "string", "enum": list(TABLE_FORMS), "default": "json"},
}
FILES: dict[str, Any] = {
    MEDIA["csv"].partition(";")[0]: {"schema": {"type": "string"}},
    MEDIA["xlsx"]: {"schema": {"type": "string", "format": "binary"}},
}
DISPOSITION = {
    "Content-Disposition": {"description": "The name of the file, when one was asked for", "schema": {"type": "string"}}
}


def problem_response(status: int) -> dict[str, Any]:
    """The response object of a problem with this status."""
    response: dict[str, Any] = {
        "description": TITLES.get(status, "Refused"),
        "content": {PROBLEM_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in (429, 503):
        response["headers"] = RETRY_HEADER if status == 503 else RETRY_HEADER | LIMIT_HEADERS
    if status == 401:
        response["headers"] = CHALLENGE
    return response


def refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=`: the statuses this operation refuses with, beyond those every operation may answer."""
    return {status: problem_response(status) for status in statuses}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of this app, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        webhooks=app.webhooks.routes,
        tags=app.openapi_tags,
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(Problem=PROBLEM_SCHEMA, ProblemPart=PART_SCHEMA)
    components["securitySchemes"] = SECURITY_SCHEMES
    made["security"] = [{"bearer": []}, {"api_key": []}]
    for served in app.routes:
        schemas.update(getattr(getattr(served, "endpoint", None), OWN_SCHEMAS, {}))
    routes = {
        (route.path, method): route
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    for path, operations in made.get("paths", {}).items():
        for method, operation in operations.items():
            if (route := routes.get((path, method.upper()))) is not None:
                _complete(path, method, operation, route)
    _link(made.get("paths", {}))
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    pushed: Pushed | None = getattr(app.state, "pushed", None)
    if pushed is not None:
        made["webhooks"], needs = pushed()
        for kind, described in needs.items():
            components.setdefault(kind, {}).update(described)
    made = named_apart(made)
    app.openapi_schema = made
    return made


def _complete(path: str, method: str, operation: dict[str, Any], route: Route) -> None:
    responses = operation.setdefault("responses", {})
    if is_open(path):
        operation["security"] = []
        responses.pop("422", None)
        if path.startswith("/.well-known/"):
            responses |= {str(status): problem_response(status) for status in (422, 429)}
        return
    scope = needed(method.upper(), path)
    operation["security"] = [{name: [] if scope is None else [scope]} for name in SECURITY_SCHEMES]
    headers = sorted(_headers(route.dependant))
    if method == "get":
        headers.append("View-As")
    parameters = operation.setdefault("parameters", [])
    parameters += [HEADERS[name] for name in headers]
    for parameter in parameters:
        parameter["schema"] = _not_null(parameter["schema"])
    if not parameters:
        del operation["parameters"]
    statuses = {400, 401, 403, 414, 422, 429, 431, 500, 503}
    if route.table is not None:
        operation["parameters"] = [
            *(parameter for parameter in operation.get("parameters", ()) if parameter["name"] != "format"),
            FORMAT,
        ]
        responses["200"].setdefault("content", {}).update(FILES)
        responses["200"].setdefault("headers", {}).update(DISPOSITION)
        statuses.add(413)
    if "{" in path:
        statuses.add(404)
    if method in ("post", "put"):
        statuses |= {404, 409, 413}
        if "requestBody" in operation:
            statuses.add(415)
    if any(parameter["name"] in ("known_at", "min_position") for parameter in parameters):
        statuses.add(409)
    if "If-Match" in headers:
        statuses |= {404, 412, 428}
    for status in sorted(statuses):
        if str(status) not in responses or "HTTPValidationError" in str(responses[str(status)]):
            responses[str(status)] = problem_response(status)
    if "Idempotency-Key" in headers:
        for answer, extra in (("200", {}), ("201", LOCATION_HEADER)):
            if answer in responses:
                responses[answer].setdefault("headers", {}).update({**RECEIPT_HEADERS, **extra})
    operation["responses"] = dict(sorted(responses.items()))


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is absent, never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if not kinds:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}


def _headers(dependant: Dependant) -> set[str]:
    found = set(getattr(dependant.call, "request_headers", ()))
    for below in dependant.dependencies:
        found |= _headers(below)
    return found


def _link(paths: Mapping[str, Mapping[str, Any]]) -> None:
    """Links from what opens a record to what reads and changes it, and from what reads it to what changes it."""
    for path, operations in paths.items():
        reading = operations.get("get", {})
        head, _, last = path.rpartition("/")
        if not (reading.get("operationId") and last.startswith("{")):
            continue
        name = last.strip("{}")
        links: dict[str, Any] = {}
        opened: dict[str, Any] = {"read": _linked(reading, {name: "$response.body#/id"})}
        for below, others in paths.items():
            acting = others.get("post", {})
            if below.startswith(f"{path}/") and "{" not in below[len(path) :] and acting.get("operationId"):
                version = {}
                if any(parameter["name"] == "If-Match" for parameter in acting.get("parameters", ())):
                    version = {"header.If-Match": "$response.header.ETag"}
                verb = acting["operationId"].rpartition(".")[2]
                links[verb] = _linked(acting, {name: f"$request.path.{name}", **version})
                opened[verb] = _linked(acting, {name: "$response.body#/id", **version})
        if links and "200" in reading.get("responses", {}):
            reading["responses"]["200"]["links"] = links
        for opening in _opening(paths, head):
            opening["links"] = opened


def _linked(operation: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    return {"operationId": operation["operationId"], "parameters": dict(parameters)}


def _opening(paths: Mapping[str, Mapping[str, Any]], head: str) -> Iterator[dict[str, Any]]:
    """The answers of what opens a record under this address: `POST /v1/visits`, `POST /v1/visits/log`."""
    for path, operations in paths.items():
        if path == head or (path.rpartition("/")[0] == head and "{" not in path[len(head) :]):
            answer = operations.get("post", {}).get("responses", {}).get("201")
            if answer is not None:
                yield answer


def undocumented(app: FastAPI) -> Iterable[str]:
    """Operations without an operationId of ours, a summary or a tag; a test wants none."""
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            if not (route.operation_id and "." in route.operation_id):
                yield f"{route.path}: operation_id"
            if not route.tags:
                yield f"{route.path}: tags"
            if not (route.summary or route.description):
                yield f"{route.path}: a docstring"
