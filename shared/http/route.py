"""The route class of every service: unknown query parameters refused, and a hot path for commands.

A route is hot when all it takes is path parameters, at most one JSON body and dependencies that take the request alone
(`Who`, `Ctx`, `CtxMatch`, `Parts`). Then the body goes straight into its model and a receipt straight onto the wire,
past FastAPI's general machinery; the OpenAPI document is the same. Anything else goes FastAPI's way.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request, Response, params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from shared.http.bodies import DAY, reader
from shared.http.body import is_clean
from shared.http.call import call_of
from shared.http.edge import is_json
from shared.http.problem import At, Problem
from shared.http.receipt import Receipt
from shared.http.tables import FORMS as TABLE_FORMS
from shared.http.tables import Table, file_answer, table_of

JSON = (b"content-type", b"application/json")

Form = tuple[re.Pattern[str], str]
FORMS: tuple[tuple[type, Form], ...] = (
    (date, (DAY, "not_date")),
    (bool, (re.compile("true|false"), "not_boolean")),
    (int, (re.compile("-?[0-9]{1,18}"), "not_number")),
    (UUID, (re.compile("(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "not_uuid")),
)
"""How a query parameter of a type is written. Pydantic also takes 0 for a day in 1970, 1_0 for ten, yes for true."""


class Route(APIRoute):
    """One operation of a service."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        if not given.get("summary") and (said := inspect.getdoc(endpoint)):
            given["summary"] = said.partition("\n")[0].rstrip(".")
        self.table: Table | None = None
        super().__init__(path, endpoint, **given)
        self.known = _query_names(self.dependant)
        if "GET" in (self.methods or ()):
            own = frozenset(TABLE_FORMS) - {"json", "xlsx"} if "format" in self.known else frozenset[str]()
            self.table = table_of(self.path, endpoint, self.response_model, self.known, own)
        if self.table is not None:
            self.known["format"] = False
        self.forms = {field.alias: form for field in _query_fields(self.dependant) if (form := _form(field))}
        self.takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)
        if (hot := self._hot()) is not None:
            self.app = hot
        self.hot = hot is not None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        general = self.general = super().get_route_handler()

        async def handler(request: Request) -> Response:
            self.check(request.scope)
            if self.table is not None:
                call = call_of(request.scope)
                if (form := self.table.form(call)) is not None:
                    return await file_answer(self.table, form, general, request, call, self.summary or "")
            return await general(request)

        return handler

    def check(self, scope: Scope) -> None:
        """Refuse query parameters nobody asked for, and bodies of another kind."""
        if scope["query_string"]:
            check_query(scope["query_string"], self.known, self.forms)
        if self.takes_json:
            call = call_of(scope)
            content_type = call.header(b"content-type") or ""
            if not is_utf8_json(content_type) and (call.body or content_type):
                raise Problem(
                    415,
                    "unsupported_media_type",
                    params={"expected": "application/json"},
                    headers={"Accept-Post": "application/json"},
                )

    def _hot(self) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        """The short way, when this route qualifies for it."""
        dependant, endpoint = self.dependant, self.endpoint
        plain = not (dependant.query_params or dependant.header_params or dependant.cookie_params)
        if not (
            plain
            and "POST" in (self.methods or ())
            and inspect.iscoroutinefunction(endpoint)
            and self.response_model is Receipt
            and all(_takes_request_alone(d) for d in dependant.dependencies)
            and dependant.request_param_name is None
            and dependant.response_param_name is None
        ):
            return None
        if len(dependant.body_params) > 1 or (dependant.body_params and not self.takes_json):
            return None
        paths = [(field.name, field.alias, _adapter(field).validate_python) for field in dependant.path_params]
        depends = [
            (cast(str, d.name), cast(Callable[..., Any], d.call), cast(str, d.request_param_name))
            for d in dependant.dependencies
        ]
        body = dependant.body_params[0] if dependant.body_params else None
        parse = None if body is None else reader(body.field_info.annotation)
        status = self.status_code or 200

        async def hot(scope: Scope, receive: Receive, send: Send) -> None:
            self.check(scope)
            request = Request(scope, receive)
            values: dict[str, Any] = {}
            for name, alias, validate in paths:
                try:
                    values[name] = validate(scope["path_params"][alias])
                except ValidationError as error:
                    raise _located(error, "path", alias) from None
            for name, call, takes in depends:
                values[name] = await call(**{takes: request})
            if parse is not None and body is not None:
                try:
                    values[body.name] = parse(call_of(scope).body)
                except ValidationError as error:
                    raise _located(error, "body") from None
            receipt: Receipt = await endpoint(**values)
            content = (
                f'{{"id":"{receipt.id}","version":{receipt.version},"position":{receipt.position},'
                f'"code":"{receipt.code}"}}'
            ).encode()
            headers = [JSON, (b"content-length", b"%d" % len(content))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        return hot


class Router(APIRouter):
    """A router of such routes: `Router(prefix="/v1/opportunities", tags=["opportunities"])`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"route_class": Route, "redirect_slashes": False, **given})


def check_query(query: bytes, known: Mapping[str, bool], forms: Mapping[str, Form]) -> None:
    """Refuse unknown and repeated names, values not written as their type is, and text PostgreSQL could not keep."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    names = [name for name, _ in pairs]
    if unknown := sorted(set(names) - known.keys()):
        shown = ", ".join(name.encode(errors="replace").decode()[:40] for name in unknown[:5])
        raise Problem(400, "unknown_parameter", params={"parameters": shown})
    if repeated := sorted({name for name in names if not known[name] and names.count(name) > 1}):
        raise Problem(400, "duplicate_parameter", params={"parameters": ", ".join(repeated)})
    for name, value in pairs:
        if name in forms and not forms[name][0].fullmatch(value):
            code = forms[name][1]
            raise Problem(422, "validation", errors=(At(f"/{name}", code, where="query"),), params={"count": 1})
        if not is_clean(value):
            raise Problem(422, "invalid_text", errors=(At(f"/{name}", "invalid_text", where="query"),))


@lru_cache(maxsize=64)  # nearly all requests say one of two or three
def is_utf8_json(content_type: str) -> bool:
    """Whether a Content-Type is JSON in UTF-8, the only one there is."""
    media, _, rest = content_type.lower().partition(";")
    charset = rest.partition("charset=")[2].strip().strip('"')
    return is_json(media.strip()) and charset in ("", "utf-8", "utf8")


def _adapter(field: ModelField) -> TypeAdapter[Any]:
    """What validates this parameter, its constraints included."""
    kind: Any = Annotated[field.field_info.annotation, field.field_info]
    return TypeAdapter(kind)


def _query_fields(dependant: Dependant) -> Iterator[ModelField]:
    yield from dependant.query_params
    for below in dependant.dependencies:
        yield from _query_fields(below)


def _query_names(dependant: Dependant) -> dict[str, bool]:
    """The query parameters of a route, and whether each may be given more than once."""
    names: dict[str, bool] = {}
    for field in _query_fields(dependant):
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= {inner.alias or name: _is_many(inner.annotation) for name, inner in kind.model_fields.items()}
        else:
            names[field.alias] = _is_many(kind)
    return names


def _form(field: ModelField) -> Form | None:
    kind = field.field_info.annotation
    return next((form for type_, form in FORMS if kind is type_ or type_ in get_args(kind)), None)


def _is_many(kind: Any) -> bool:
    origin = get_origin(kind)
    if origin in (Union, UnionType, Annotated):
        return any(_is_many(inner) for inner in get_args(kind))
    return origin in (list, tuple, set, frozenset)


def _takes_request_alone(dependant: Dependant) -> bool:
    return (
        dependant.request_param_name is not None
        and dependant.name is not None
        and inspect.iscoroutinefunction(dependant.call)
        and not dependant.dependencies
        and not (
            dependant.path_params
            or dependant.query_params
            or dependant.header_params
            or dependant.cookie_params
            or dependant.body_params
            or dependant.response_param_name
        )
    )


def _located(error: ValidationError, *where: str) -> RequestValidationError:
    return RequestValidationError([{**item, "loc": (*where, *item["loc"])} for item in error.errors(include_url=False)])
