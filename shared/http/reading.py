"""What reads have in common: of which instant, as known when, read after which write, which page. Holds no query.

`as_of` is business time: a day means its end in the tenant's zone. `known_at` is what the log held: a position, or the
last one recorded by an instant or the end of a day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Depends, Query, Request
from pydantic import AfterValidator, BaseModel, Field

from shared.days import day_of, end_of
from shared.http import cursors
from shared.http.call import Call, call_of
from shared.http.kit import Kit
from shared.http.problem import At, Problem
from shared.identity.principal import Principal
from shared.identity.sight import Sight
from shared.projections.waiting import wait_for

WAIT_SECONDS = 2.0
"""How long a read waits for a view to reach the position asked for."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside are taken as these: nothing happened before, nothing is known of after."""
MAX_POSITION = 10**15
FREE_ROWS = 100
"""A first page of so many rows is looking at a list; longer ones, and turning pages, count as taking it away."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):?(\d\d)?(\.\d{1,12})?([Zz]|[+ -]\d\d:\d\d)?")
MOMENT_SCHEMA = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
KNOWN_SCHEMA = {"anyOf": [*MOMENT_SCHEMA["anyOf"], {"type": "string", "pattern": "^[0-9]{1,18}$"}]}

AsOfText = Annotated[
    str | None,
    Query(
        alias="as_of",
        max_length=40,
        openapi_examples={"day": {"value": "2026-01-31"}},
        json_schema_extra=MOMENT_SCHEMA,
        description="Of which day (its end in the tenant's zone) or instant (RFC 3339 with offset). Default now.",
    ),
]
KnownAtText = Annotated[
    str | None,
    Query(
        alias="known_at",
        max_length=40,
        openapi_examples={"day": {"value": "2026-01-31"}},
        json_schema_extra=KNOWN_SCHEMA,
        description="As the log knew it: a day, an instant, or a position. Default all it knows now.",
    ),
]
MinPositionText = Annotated[
    int | None,
    Query(
        alias="min_position",
        ge=0,
        le=MAX_POSITION,
        description="Answer only from views that have seen this position: the one of your receipt. Waits up to 2 s.",
    ),
]

AtPosition = Annotated[
    int | None,
    Query(
        alias="at_position",
        ge=0,
        le=MAX_POSITION,
        description="As `known_at` this position, to begin a copy: the header `Events-Cursor` says where the feed goes "
        "on from there.",
    ),
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """One read: who, of which instant, as known at which position (None: now), after which write."""

    kit: Kit
    principal: Principal
    as_of: datetime
    known_at: int | None = None
    min_position: int | None = None
    call: Call | None = None

    def etag(self, version: int) -> None:
        """Send the record's version as its ETag, to be given back as If-Match."""
        if self.call is not None:
            self.call.headers.append((b"etag", b'"%d"' % version))

    @property
    def tenant_id(self) -> UUID:
        return self.principal.tenant_id

    @property
    def zone(self) -> ZoneInfo:
        return self.principal.zone

    @property
    def pool(self) -> Any:
        return self.kit.pool

    @property
    def day(self) -> date:
        """The calendar day of `as_of` in the tenant's zone."""
        return day_of(self.as_of, self.zone)

    def take(self, rows: int) -> None:
        """Count the rows of a table that has no pages against the quota of the day, unless they are a few."""
        if self.call is not None and rows > FREE_ROWS:
            self.call.exported = rows

    async def sight(self) -> Sight:
        """What the principal sees."""
        return await self.kit.sight(self.principal)

    async def wait(self, *views: Any) -> None:
        """Return once these views have seen what this read must show. Raises ViewBehind (503) after 2 s."""
        wanted = max(self.min_position or 0, self.known_at or 0)
        if wanted and views:
            await wait_for(self.kit.pool, views, self.tenant_id, wanted, WAIT_SECONDS)


def instant(text: str, zone: ZoneInfo, *, name: str) -> datetime:
    """A day (its end) or an RFC 3339 instant. Raises Problem (422)."""
    try:
        if DAY.fullmatch(text):
            return end_of(_within(text), zone)
        if matched := INSTANT.fullmatch(text):
            day, clock, seconds, fraction, offset = matched.groups()
            if offset is None:
                raise Problem(422, "invalid_instant", errors=(At(f"/{name}", "zone_missing", where="query"),))
            # a leap second is its last; a plus sign that was not escaped arrives as a space
            exact = f"{min(int(seconds or 0), 59):02}{(fraction or '')[:7]}"
            text = f"{_within(day)}T{clock}:{exact}{offset.upper().replace(' ', '+')}"
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    raise Problem(422, "invalid_instant", errors=(At(f"/{name}", "invalid_instant", where="query"),))


def _within(day: str) -> date:
    return within(date.fromisoformat(day))


def within(day: date) -> date:
    """The day, or the nearest one of which anything can be known."""
    return min(max(day, FIRST_DAY), LAST_DAY)


def _within_or_none(day: date | None) -> date | None:
    return None if day is None else within(day)


FromDay = Annotated[
    date | None,
    AfterValidator(_within_or_none),
    Query(alias="from", description="First day counted, in the tenant's zone."),
]
ToDay = Annotated[
    date | None,
    AfterValidator(_within_or_none),
    Query(alias="to", description="Last day counted, in the tenant's zone."),
]


async def reading_now(request: Request, min_position: MinPositionText = None) -> Reading:
    """A read of the present."""
    call = call_of(request.scope)
    await _recorded(call.kit, call.who, min_position, "min_position")
    return Reading(call.kit, call.who, call.kit.clock(), None, min_position, call)


async def reading(
    request: Request,
    as_of: AsOfText = None,
    known_at: KnownAtText = None,
    at_position: AtPosition = None,
    min_position: MinPositionText = None,
) -> Reading:
    """A read of any day, as known at any time."""
    call = call_of(request.scope)
    zone = call.who.zone
    moment = call.kit.clock() if as_of is None else instant(as_of, zone, name="as_of")
    position = None if known_at is None else await known_position(call.kit, call.who, known_at)
    if at_position is not None:
        if known_at is not None:
            raise Problem(422, "validation", errors=(At("/at_position", "one_of_two", where="query"),))
        position = at_position
        await _begin_copy(call, position)
    await _recorded(call.kit, call.who, min_position, "min_position")
    return Reading(call.kit, call.who, moment, position, min_position, call)


async def known_position(kit: Kit, principal: Principal, text: str) -> int:
    """The position `known_at` stands for. Raises Problem: 409 for one the log has not reached, 422."""
    if text.isascii() and text.isdigit():
        position = int(text)
        await _recorded(kit, principal, position, "known_at")
        return position
    return await kit.store.position_at(principal.tenant_id, instant(text, principal.zone, name="known_at"))


async def _begin_copy(call: Call, position: int) -> None:
    """Say where the feed goes on after a position. Raises Problem 409."""
    head = await call.kit.store.head(call.who.tenant_id)
    _require_recorded(position, head.position, "at_position")
    cursor = cursors.sign(call.kit.cursor_key, call.who.tenant_id, cursors.FEED, (head.epoch, position))
    call.headers.append((b"events-cursor", cursor.encode()))


async def _recorded(kit: Kit, principal: Principal, position: int | None, name: str) -> None:
    """Refuse (409) a position of a log that is not there yet: waiting for it would be waiting for anything."""
    if position:
        _require_recorded(position, (await kit.store.head(principal.tenant_id)).position, name)


def _require_recorded(position: int, head: int, name: str) -> None:
    if position > head:
        raise Problem(
            409,
            "not_recorded_yet",
            params={"position": head},
            extra={"position": head},
            errors=(At(f"/{name}", "not_recorded_yet", params={"position": head}, where="query"),),
        )


Now = Annotated[Reading, Depends(reading_now)]
"""For lists and single records: `min_position`."""
Report = Annotated[Reading, Depends(reading)]
"""For reports: `as_of`, `known_at` and `min_position`."""


# -- pages -------------------------------------------------------------------------------------------------


class Listed(BaseModel, Generic[T]):
    """One page of a list. `next` leads to the next page as `after`; null at the end."""

    items: list[T]
    next: str | None = Field(default=None, description="Give it as `after` for the next page; null at the end.")


class Page:
    """Which page of a list was asked for. Fetch `limit + 1` rows after `after`, give them to `of`."""

    def __init__(self, call: Call, limit: int, after: str | None) -> None:
        self._call = call
        self.limit = limit
        given = sorted(
            pair
            for pair in parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if pair[0] not in ("after", "limit", "min_position")
        )
        self._given = given
        self._question = f"{call.path}?{urlencode(given)}"
        self._after = after

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """The sort values of the last row seen, as these types; None on the first page. Raises Problem (400)."""
        if self._after is None:
            return None
        place = cursors.read(self._call.kit.cursor_key, self._call.who.tenant_id, self._question, self._after)
        try:
            return tuple(msgspec.convert(value, kind, strict=False) for value, kind in zip(place, types, strict=True))
        except (msgspec.ValidationError, ValueError):
            raise Problem(400, "cursor_invalid") from None

    def of(self, rows: Sequence[T], key: Callable[[T], Sequence[Any]]) -> tuple[Sequence[T], str | None]:
        """The rows to show and the cursor after them. `key` gives a row's sort values, which must be unique."""
        self.take(len(rows))
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, self.cursor(key(shown[-1]))

    def take(self, rows: int) -> None:
        """Count these rows against the quota of the day, unless it is a first page of a few."""
        if self.limit > FREE_ROWS or self._after is not None:
            self._call.exported = min(rows, self.limit)

    def cursor(self, place: Sequence[Any]) -> str:
        """The cursor to a place of this list, said in the Link header too."""
        cursor = cursors.sign(self._call.kit.cursor_key, self._call.who.tenant_id, self._question, place)
        self.link(cursor)
        return cursor

    def link(self, cursor: str) -> None:
        """The Link header to the next page."""
        target = urlencode([*self._given, ("limit", str(self.limit)), ("after", cursor)])
        self._call.headers.append((b"link", f'<{self._call.path}?{target}>; rel="next"'.encode()))


async def page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Rows a page.")] = 100,
    after: Annotated[
        str | None, Query(min_length=1, max_length=cursors.MAX_CHARS, description="`next` of the page before.")
    ] = None,
) -> Page:
    """Which page was asked for."""
    return Page(call_of(request.scope), limit, after)


Paged = Annotated[Page, Depends(page)]
