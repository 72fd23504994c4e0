"""A place in the feed, as asked for and answered: a position, or a cursor that is signed and carries the epoch."""

from __future__ import annotations

from uuid import UUID

from shared.event_store.command import Head
from shared.http import cursors
from shared.http.kit import Kit
from shared.http.problem import At, Problem
from shared.http.reading import MAX_POSITION


def cursor_of(kit: Kit, tenant_id: UUID, epoch: int, position: int) -> str:
    """The cursor to what comes after a position."""
    return cursors.sign(kit.cursor_key, tenant_id, cursors.FEED, (epoch, position))


def position_of(kit: Kit, tenant_id: UUID, head: Head, given: str, *, name: str = "after", where: str = "query") -> int:
    """The position a cursor, or the digits of a position, stand for.

    Raises Problem: 400 `cursor_invalid`, 409 `not_recorded_yet`, 410 `cursor_of_another_epoch`.
    """
    if given.isascii() and given.isdigit():
        position = min(int(given), MAX_POSITION)
    else:
        place = cursors.read(kit.cursor_key, tenant_id, cursors.FEED, given)
        if len(place) != 2 or not all(isinstance(value, int) for value in place):
            raise Problem(400, "cursor_invalid", errors=(At(f"/{name}", "cursor_invalid", where=where),))
        epoch, position = place
        if epoch != head.epoch:
            raise Problem(
                410,
                "cursor_of_another_epoch",
                params={"position": head.position},
                extra={"epoch": head.epoch, "position": head.position},
            )
    if position > head.position:
        raise Problem(
            409,
            "not_recorded_yet",
            params={"position": head.position},
            extra={"position": head.position},
            errors=(At(f"/{name}", "not_recorded_yet", params={"position": head.position}, where=where),),
        )
    return position
