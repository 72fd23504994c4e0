"""Every table as a file: what a GET answers in JSON it answers as CSV and XLSX too. Holds no query and no right.

A route whose response model has `rows` or `items` needs nothing for it. The file is made of the route's own answers:
same filters, same sight, same names; of a list in pages, of all its pages. It is sent when it is whole: a refusal, a
quota that is used up or a database that goes away in the middle gives a problem, never half a file.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, cast, get_args, get_origin
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import orjson
from fastapi import Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from shared.http.call import SCOPE_KEY, Call
from shared.http.columns import Cell, Column, columns_of, readable
from shared.http.names import people_names
from shared.http.problem import At, Language, Problem
from shared.http.sheets import MEDIA, Form, Sheet, sheet
from shared.http.titles import title
from shared.privacy.disclosure import EXPORTED, disclosure, record

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMS = ("json", "csv", "xlsx")
ACCEPTED: dict[str, Form] = {media.partition(";")[0]: form for form, media in MEDIA.items()}
PAGE_ROWS = 1_000
CHUNK_BYTES = 1 << 16
NOT_SAID = frozenset(("rows", "items", "next"))
KNOWN = ("known_at", "at_position")
NO_TABLE = "no_table"
CHINESE_NAME = re.compile(r"\(([\u4e00-\u9fff][^()]*)\)")
Ask = Callable[[Request], Awaitable[Response]]

SAID: dict[Language, Mapping[str, str]] = {
    "zh-CN": {
        "report": "报表", "path": "地址", "rows": "行数", "known_at": "按何时所知", "position": "日志位置",
        "by": "导出人", "on_behalf_of": "代谁", "viewer": "查看人（以他人视角）", "at": "导出时间", "zone": "时区",
        "filter": "条件",
    },
    "en": {
        "report": "Report", "path": "Address", "rows": "Rows", "known_at": "As known at", "position": "Log position",
        "by": "Taken by", "on_behalf_of": "On behalf of", "viewer": "Viewed through these eyes by", "at": "Taken at",
        "zone": "Time zone", "filter": "Filter",
    },
}  # fmt: skip


def no_table(endpoint: Any) -> Any:
    """Note on an endpoint that its rows are no table to be taken away: a feed that never ends, say."""
    endpoint.__dict__[NO_TABLE] = True
    return endpoint


@dataclass(frozen=True, slots=True)
class Table:
    """What a route's answer holds as a table: in which field, with which columns, in pages or not.

    `own`: formats the route answers by itself.
    """

    name: str
    field: str
    columns: tuple[Column, ...]
    paged: bool
    own: frozenset[str] = frozenset()

    def told(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
        """The columns of these rows: of a report, those it was grouped by alone; of a list in pages, all."""
        if self.paged or not rows:
            return self.columns
        names = {name for row in rows for name in row}
        return tuple(column for column in self.columns if column.path[0] in names)

    def form(self, call: Call) -> Form | None:
        """The file asked for, by `format` or `Accept`; None: JSON, or what the route answers by itself."""
        for name, value in parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True):
            if name == "format":
                if value not in FORMS:
                    raise Problem(422, "validation", errors=(At("/format", "validation", where="query"),),
                                  params={"count": 1})  # fmt: skip
                return None if value == "json" or value in self.own else cast(Form, value)
        accepted = (call.header(b"accept") or "").partition(",")[0].partition(";")[0].strip().lower()
        found = ACCEPTED.get(accepted)
        return None if found in self.own else found


def table_of(
    path: str, endpoint: Any, model: Any, names: Mapping[str, bool], formats: frozenset[str] = frozenset()
) -> Table | None:
    """The table this route answers; None when it answers none."""
    if getattr(endpoint, NO_TABLE, False) or not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    for field in ("rows", "items"):
        if (known := model.model_fields.get(field)) is not None and (row := _row(known.annotation)) is not None:
            said = [part for part in path.split("/")[2:] if "{" not in part]
            paged = "after" in names and "next" in model.model_fields
            return Table("-".join(said), field, columns_of(row), paged, formats)
    return None


def _row(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is None:
        return None
    kinds = [kind for kind in get_args(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return kinds[0] if len(kinds) == 1 else None


@dataclass(slots=True)
class Taken:
    """A file that is whole, at its beginning, with what must be said of it."""

    table: Table
    form: Form
    file: IO[bytes]
    rows: int
    size: int


async def file_answer(table: Table, form: Form, ask: Ask, request: Request, call: Call, summary: str) -> Response:
    """The answer of a route as a file. Raises Problem: what the route refuses with; 413 `table_too_large`; 429."""
    kit = call.kit
    kit.limits.spend("heavy", call, call.who)
    taken = await taken_as_file(table, form, ask, request, call, summary, most=kit.settings.table_rows)
    day = kit.clock().astimezone(call.who.zone).date()
    headers = {
        "content-disposition": f'attachment; filename="{table.name}-{day}.{form}"',
        "content-length": str(taken.size),
        "content-language": call.language,
    }
    return StreamingResponse(_chunks(taken.file), media_type=MEDIA[form], headers=headers)


async def taken_as_file(
    table: Table, form: Form, ask: Ask, request: Request, call: Call, summary: str, *, most: int
) -> Taken:
    """The whole file, counted against the quota and on record. The caller closes it."""
    kit, who = call.kit, call.who
    if (disclosed := disclosure.get()) is not None:
        disclosed.action = EXPORTED
    written: Sheet | None = None
    columns = table.columns
    try:
        async with kit.making_files:
            first: Mapping[str, Any] = {}
            async for page in _pages(table, ask, request, call, most):
                if written is None:
                    first, columns = page, table.told(page[table.field])
                    written = sheet(form, columns, call.language)
                await asyncio.to_thread(_write, written, columns, page[table.field], call)
                if written.rows > most:
                    raise Problem(413, "table_too_large", params={"most": most}, extra={"most": most})
            assert written is not None, "a list has a first page"
            about = await _about(first, call, summary, written.rows)
            file = await asyncio.to_thread(written.done, about)
        await kit.quotas.take(kit.pool, call, who, written.rows)
        route = f"GET {getattr(request.scope.get('route'), 'path', call.path)}"
        fields = sorted({".".join(column.path) for column in columns})
        await record(kit.pool, who, action=EXPORTED, subjects=[], fields=fields, route=route, trace=call.trace.trace_id)
    except BaseException:
        if written is not None:
            written.close()
        raise
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    return Taken(table, form, file, written.rows, size)


async def _pages(table: Table, ask: Ask, request: Request, call: Call, most: int) -> AsyncIterator[Mapping[str, Any]]:
    """The route's answers, one after the other. With a `limit` of their own: the page they ask for."""
    given = [pair for pair in _query(call) if pair[0] != "format"]
    whole = table.paged and not any(name == "limit" for name, _ in given)
    if whole:
        given.append(("limit", str(min(PAGE_ROWS, most + 1))))
    while True:
        answer = await ask(_asked(request, call, given))
        page: Mapping[str, Any] = orjson.loads(answer.body)
        yield page
        following = page.get("next")
        if not whole or following is None:
            return
        given = [*(pair for pair in given if pair[0] != "after"), ("after", following)]


def _query(call: Call) -> list[tuple[str, str]]:
    return parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _asked(request: Request, call: Call, given: Sequence[tuple[str, str]]) -> Request:
    """The same request with other parameters: its headers are not sent, its rows not counted by themselves."""
    inner = copy(call)
    scope = {**request.scope, "query_string": urlencode(given).encode(), SCOPE_KEY: inner}
    inner.scope, inner.headers, inner.exported, inner.counted = scope, [], 0, True
    return Request(scope, request.receive)


def _write(written: Sheet, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], call: Call) -> None:
    zone, language = call.who.zone, call.language
    cells: list[list[Cell]] = [[column.cell(row, zone, language) for column in columns] for row in rows]
    written.write(cells)


async def _about(first: Mapping[str, Any], call: Call, summary: str, rows: int) -> list[tuple[str, str]]:
    """What the table is of: report, filters, instants, position; who took it and when."""
    who, kit, language = call.who, call.kit, call.language
    words = SAID[language]
    named = await people_names(kit, who.tenant_id, (who.person_id, who.on_behalf_of, who.viewer_id))
    now: datetime = kit.clock().astimezone(who.zone)
    query = [(name, value) for name, value in _query(call) if name not in ("format", "limit", "after")]

    def person(id: Any) -> str:
        return f"{named[id]} ({id})" if id in named else str(id)

    said = [(words["report"], _named(summary, language)), (words["path"], call.path)]
    asked = dict(query)
    said += [(f"{words['filter']}: {_title(name, language)}", value) for name, value in query if name not in KNOWN]
    said.append((_title("as_of", language), _instant(str(first.get("as_of") or asked.get("as_of") or now), who.zone)))
    said.append((words["known_at"], asked.get("known_at") or asked.get("at_position") or now.isoformat("T", "seconds")))
    position = first.get("position")
    if position is None:
        position = (await kit.store.head(who.tenant_id)).position
    said.append((words["position"], str(position)))
    said.append((words["rows"], str(rows)))
    for name, value in first.items():
        if name not in NOT_SAID and name not in ("as_of", "position") and value is not None:
            said.append((_title(name, language), readable(value, language)))
    said.append((words["by"], person(who.person_id)))
    if who.on_behalf_of is not None:
        said.append((words["on_behalf_of"], person(who.on_behalf_of)))
    if who.viewer_id is not None:
        said.append((words["viewer"], person(who.viewer_id)))
    said += [(words["at"], now.isoformat("T", "seconds")), (words["zone"], who.zone.key)]
    return said


def _named(summary: str, language: Language) -> str:
    """What a report is called: in Chinese by the name its summary has in brackets, where it has one."""
    found = CHINESE_NAME.search(summary) if language == "zh-CN" else None
    return found[1] if found else summary


def _instant(text: str, zone: ZoneInfo) -> str:
    """An instant by the clocks of the zone, to the second; a day as it is."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if told.tzinfo is None else told.astimezone(zone).isoformat("T", "seconds")


def _title(name: str, language: Language) -> str:
    zh, en = title(name)
    return zh if language == "zh-CN" else en


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
    finally:
        file.close()
