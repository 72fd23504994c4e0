"""Who decides about whose records: the line does; nobody about their own, be it as the deputy of who stands above."""

from __future__ import annotations

from uuid import UUID

from shared.identity.approval import approves
from shared.identity.organisation import Line
from shared.identity.sight import Seat, Sight

OWNER, HEAD, COLLEAGUE = (UUID(int=n) for n in (1, 2, 3))
TEAM = UUID(int=11)
LINE = Line(OWNER, frozenset({HEAD}), frozenset({TEAM}))
BOSS = Seat(HEAD, frozenset({"department_head"}), TEAM)


def deputy(person_id: UUID, function: str = "representative") -> Sight:
    """Somebody who stands in for the head."""
    own = Seat(person_id, frozenset({function}), TEAM)
    return Sight(everything=False, person_id=person_id, stands_in_for=frozenset({HEAD}), seats=(own, BOSS))


def test_a_deputy_decides_in_the_place_of_who_stands_above() -> None:
    assert approves(deputy(COLLEAGUE), LINE, requested_by=[OWNER])
    assert not approves(deputy(COLLEAGUE), LINE, requested_by=[COLLEAGUE, OWNER])
    assert not approves(deputy(COLLEAGUE), LINE, requested_by=[HEAD])


def test_an_owner_decides_nothing_of_their_own_as_somebodys_deputy() -> None:
    """Whoever asked for it: a colleague files the defeat, and the owner stands in for their own head."""
    assert not approves(deputy(OWNER), LINE, requested_by=[COLLEAGUE])
    assert not approves(deputy(OWNER, "branch_manager"), LINE, requested_by=[COLLEAGUE])
    director = Sight(everything=True, person_id=OWNER, seats=(Seat(OWNER, frozenset({"director"})),))
    assert approves(director, Line(OWNER, frozenset(), frozenset()), requested_by=[COLLEAGUE]), "above all lines"
