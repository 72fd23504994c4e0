"""What operations on splits and confirmations need. Tests nothing itself."""

from __future__ import annotations

from itertools import count
from uuid import UUID

from services.kpi.month import first_day, later, said
from services.kpi.splits.confirmation import Confirmation
from tests.schemathesis.nouns.dealing import asked
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

_months = count()
OBJECTION: JSON = {"objection": "太高", "wanted": [{"measure": "orders", "target": "5"}]}


def ahead() -> str:
    """A month that no other case has planned."""
    return said(later(first_day("2040-01"), next(_months)))


def me(r: Records) -> str:
    """Who asks."""
    return str(r.read("accounts", "/v1/me")["person_id"])


def _lines(person: str, target: str = "10") -> list[JSON]:
    return [{"measure": "orders", "target": target, "person_id": person}]


def _proposing(r: Records, person: str) -> JSON:
    totals = [{"measure": "orders", "target": "10"}]
    return {"month": ahead(), "unit_id": r.root, "totals": totals, "persons": [person], "units": []}


def _split(r: Records, person: str, *, issued: bool = False) -> Made:
    made = r.tell("kpi", "/v1/splits", _proposing(r, person))
    if issued:
        made = r.tell("kpi", f"/v1/splits/{made.id}/issue", {"confirm_by": "2199-01-01"}, made.version)
    return made


def _edited(r: Records) -> Made:
    made = _split(r, me(r))
    return r.tell("kpi", f"/v1/splits/{made.id}/edit", {"lines": _lines(me(r), "9")}, made.version)


def _confirmation(r: Records, person: str) -> Made:
    """A person's targets, just put before them."""
    split = _split(r, person, issued=True)
    return Made(str(Confirmation.id_of(UUID(split.id), UUID(person))), 1)


def _objected(r: Records) -> Made:
    """To one's own targets, entered by a colleague."""
    person = r.a_person().id
    made = _confirmation(r, person)
    return asked(r, f"/v1/confirmations/{made.id}/object", OBJECTION, made.version, behalf=person, service="kpi")


def _on_split(body: JSON, *, issued: bool = False) -> Maker:
    return lambda r, _: on("split_id", _split(r, me(r), issued=issued), body)


def _often(r: Records) -> Made:
    return r.often("split", lambda: _split(r, me(r)))


def _asked_often(r: Records) -> Made:
    return r.often("confirmation", lambda: _confirmation(r, me(r)))


WANTED: JSON = {"version": 2, "changes": {"wanted": [{"measure": "orders", "target": "4"}]}, "reason": "错"}
DEADLINE: JSON = {"version": 2, "changes": {"confirm_by": "2198-01-01"}, "reason": "错"}
MADE: dict[str, Maker] = {
    "splits.propose": lambda r, _: Ready(body=_proposing(r, me(r))),
    "splits.read": lambda r, _: on("split_id", _often(r)),
    "splits.table": lambda r, _: on("split_id", _often(r)),
    "splits.reweigh": lambda r, _: on(
        "split_id", _split(r, me(r)), {"history_share": "0.2", "history_months": 3, "persons": [me(r)], "units": []}
    ),
    "splits.edit": lambda r, _: on("split_id", _split(r, me(r)), {"lines": _lines(me(r), "9")}),
    "splits.issue": _on_split({}),
    "splits.change": lambda r, _: on(
        "split_id",
        _split(r, me(r), issued=True),
        {"lines": _lines(me(r), "7") + _lines(r.a_person().id, "3"), "reason": "调整"},
    ),
    "splits.correct": _on_split(DEADLINE, issued=True),
    "splits.void": lambda r, _: on("split_id", _edited(r), {"version": 2, "reason": "错"}),
    "confirmations.read": lambda r, _: on("confirmation_id", _asked_often(r)),
    "confirmations.page": lambda r, _: on("confirmation_id", _asked_often(r)),
    "confirmations.confirm": lambda r, _: on("confirmation_id", _confirmation(r, me(r)), {}),
    "confirmations.object": lambda r, _: on("confirmation_id", _confirmation(r, me(r)), OBJECTION),
    "confirmations.answer": lambda r, _: on("confirmation_id", _objected(r), {"verdict": "kept"}),
    "confirmations.correct": lambda r, _: on("confirmation_id", _objected(r), WANTED),
    "confirmations.void": lambda r, _: on("confirmation_id", _objected(r), {"version": 2, "reason": "错"}),
}
