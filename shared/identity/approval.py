"""Who may decide about whose records: the reporting line approves, whoever supervises instructs. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Collection

from shared.identity.organisation import Line
from shared.identity.principal import (
    BRANCH_MANAGER,
    DEPARTMENT_HEAD,
    DIRECTOR,
    HEAD_OFFICE,
    INTEGRATION,
    REGIONAL_MANAGER,
)
from shared.identity.sight import Seat, Sight

APPROVES = frozenset((DEPARTMENT_HEAD, BRANCH_MANAGER, REGIONAL_MANAGER, DIRECTOR, HEAD_OFFICE))
"""Approve defeats and freezes in their reporting line; instruct and comment wherever they supervise."""
ABOVE_ALL_LINES = frozenset((DIRECTOR, HEAD_OFFICE))
HANDS_OVER = APPROVES | {INTEGRATION}
"""Make somebody else responsible for what they see (the head hands over)."""


def stands_above(seat: Seat, line: Line) -> bool:
    """Whether this person, with what they are, approves for whom the line is of."""
    if seat.has(ABOVE_ALL_LINES):
        return True
    if seat.person_id == line.of or not seat.has(APPROVES):
        return False
    return seat.person_id in line.persons or seat.unit_id in line.units


def approves(sight: Sight, line: Line, *, requested_by: Collection[object]) -> bool:
    """Whether the principal decides a request: in the line, or for somebody in it; never their own request.

    About their own records nobody decides for who stands above them, whoever asked.
    """
    if sight.person_id in requested_by:
        return False
    seats = (seat for seat in sight.seats if seat.person_id == sight.person_id or sight.person_id != line.of)
    return any(stands_above(seat, line) for seat in seats if seat.person_id not in requested_by)


def holds(sight: Sight, functions: Collection[str]) -> bool:
    """Whether the principal, or somebody they stand in for, holds one of these functions."""
    return any(seat.has(functions) for seat in sight.seats)
