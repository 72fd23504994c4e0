"""What each exception is answered as. Says nothing of our insides; the log gets the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from shared.event_store.command import UnknownTenant, UnstorableText
from shared.event_store.stream import Refused
from shared.http.body import escape
from shared.http.problem import At, Problem
from shared.projections.waiting import ViewBehind

RETRY_AFTER = {"Retry-After": "1"}

BY_STATUS = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "validation",
    429: "too_many_requests",
    503: "database_unavailable",
}

DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InternalClientError,  # lost between two messages of one statement
    ConnectionError,
    TimeoutError,
)
"""The database is away, starting, stopping or slow; it comes back by itself."""

OWN = ("nothing_named", "kept", "one_of_two", "one_of_both", "both_or_neither", "fields_of_selected", "no_place")
"""What validators of bodies raise as a PydanticCustomError; its message is the English sentence."""
PYDANTIC = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_type": "not_text",
    "string_unicode": "invalid_text",
    "int_type": "not_number",
    "int_parsing": "not_number",
    "int_from_float": "not_number",
    "float_type": "not_number",
    "float_parsing": "not_number",
    "decimal_type": "not_number",
    "decimal_parsing": "not_number",
    "finite_number": "not_finite",
    "list_type": "not_list",
    "tuple_type": "not_list",
    "set_type": "not_list",
    "dict_type": "not_object",
    "model_type": "not_object",
    "model_attributes_type": "not_object",
    "dataclass_type": "not_object",
    "bool_type": "not_boolean",
    "bool_parsing": "not_boolean",
    "uuid_type": "not_uuid",
    "uuid_parsing": "not_uuid",
    "date_type": "not_date",
    "date_parsing": "not_date",
    "date_from_datetime_parsing": "not_date",
    "date_from_datetime_inexact": "not_date",
    "datetime_type": "not_instant",
    "datetime_parsing": "not_instant",
    "datetime_from_date_parsing": "not_instant",
    "datetime_object_invalid": "not_instant",
    "timezone_aware": "zone_missing",
    "timezone_offset": "zone_missing",
    "string_too_short": "too_short",
    "string_too_long": "text_too_long",
    "too_short": "too_short",
    "too_long": "text_too_long",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_big",
    "less_than_equal": "too_big",
    "decimal_max_digits": "too_precise",
    "decimal_max_places": "too_precise",
    "decimal_whole_digits": "too_precise",
    "literal_error": "not_in_list",
    "enum": "not_in_list",
    "string_pattern_mismatch": "pattern",
    "json_invalid": "invalid_json",
    **{own: own for own in OWN},
}
"""Pydantic's error types in the words of `texts.py`; all others are `invalid`."""

SHOWN = ("min_length", "max_length", "expected", "ge", "gt", "le", "lt", "max_digits", "decimal_places", "pattern")
"""What of pydantic's context may be told: limits, never the input."""


def problem_of(error: BaseException) -> Problem | None:
    """The problem this exception is answered with; None when it is a defect of ours (500)."""
    match error:
        case Problem():
            return error
        case Refused():
            return refusal(error)
        case RequestValidationError() | ValidationError():
            return invalid(error.errors())
        case HTTPException():
            code = BY_STATUS.get(error.status_code, f"status_{error.status_code}")
            return Problem(error.status_code, code, headers=error.headers)
        case ViewBehind():
            behind = None if error.position is None else error.wanted - error.position
            return Problem(
                503,
                "view_behind",
                headers=RETRY_AFTER,
                params={"behind": "?" if behind is None else behind},
                extra={
                    "view": error.view,
                    "position": error.position,
                    "wanted": error.wanted,
                    "behind": behind,
                    "parked": error.parked,
                },
            )
        case UnknownTenant():
            return Problem(403, "unknown_tenant")
        case UnstorableText():
            return Problem(422, "invalid_text")
        case asyncpg.UndefinedTableError():  # of a view the worker has not made yet
            return Problem(503, "view_behind", headers=RETRY_AFTER, params={"behind": "?"})
        case _ if is_away(error):
            return Problem(503, "database_unavailable", headers=RETRY_AFTER)
        case _:
            return None


def is_away(error: BaseException) -> bool:
    """Whether the database is away, rather than our statement wrong. asyncpg says both as InterfaceError."""
    return isinstance(error, DATABASE_AWAY) or (
        isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError) and "clos" in str(error)
    )


def refusal(error: Refused) -> Problem:
    """A rule's no, as a problem."""
    errors = () if error.pointer is None else (At(error.pointer, error.code, error.detail, error.params),)
    return Problem(error.status, error.code, error.detail, errors=errors, params=error.params)


def invalid(found: Sequence[Any]) -> Problem:
    """What pydantic or FastAPI found wrong, as 422 with a pointer for each part."""
    errors = tuple(_at(item) for item in _told(found)[:50])
    if len(errors) == 1 and errors[0].code == "invalid_json":
        return Problem(422, "invalid_json")
    return Problem(422, "validation", errors=errors, params={"count": len(_told(found))})


def _told(found: Sequence[Any]) -> list[Any]:
    """Without the complaint that a list is too short when that is because items of it are wrong."""
    inside = {tuple(loc[:end]) for item in found if (loc := item.get("loc")) for end in range(1, len(loc))}
    return [item for item in found if item.get("type") != "too_short" or tuple(item.get("loc", ())) not in inside]


def _at(item: Mapping[str, Any]) -> At:
    where, *path = item.get("loc") or ("body",)
    if where not in ("body", "query", "path", "header", "cookie"):
        where, path = "body", [where, *path]
    kind = str(item.get("type", ""))
    context = item.get("ctx") or {}
    if isinstance(context.get("error"), Refused):  # a validator of a body may refuse in its own words
        refused = context["error"]
        return At(pointer(path), refused.code, refused.detail, refused.params, str(where))
    params = {name: str(context[name]) for name in SHOWN if name in context}
    if "expected" in params:
        params["expected"] = params["expected"].replace(" or ", ", ")
    limit = next((params[name] for name in ("ge", "gt", "le", "lt") if name in params), None)
    if limit is not None:
        params["limit"] = limit
    detail = str(item.get("msg", "")) if kind == "value_error" or kind in OWN else ""
    return At(pointer(path), PYDANTIC.get(kind, "invalid"), detail.removeprefix("Value error, "), params, str(where))


def pointer(path: Sequence[Any]) -> str:
    """A path of names and indexes as a JSON pointer (RFC 6901)."""
    return "".join(f"/{escape(str(part))}" for part in path)
