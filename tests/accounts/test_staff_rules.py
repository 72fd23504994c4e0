"""Rules of deputies, of what is told late, and of mending facts about people and units. No I/O."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.accounts.account_commands import CorrectFact
from services.accounts.events import Deputy, Function
from services.accounts.organisation import CloseUnit
from services.accounts.person import ChangeFunctions, Leave, PostTo
from services.accounts.person_commands import AppointDeputy, ChangePersonal, DismissDeputy
from shared.event_store.stream import Refused
from tests.accounts.test_organisation_rules import BEIJING, LATER, OPENED, SHANGHAI, a_branch, a_person, recorded

TODAY = LATER.date()
LI, WANG = uuid4(), uuid4()


def appoint(person: object, **given: object) -> AppointDeputy:
    return AppointDeputy.model_validate({"deputy_id": LI, "until": TODAY + timedelta(days=9), **given})


def test_a_deputy_stands_in_from_the_first_to_the_last_day() -> None:
    person = a_person()
    first = TODAY + timedelta(days=2)
    person.appoint_deputy(appoint(person, **{"from": first}), today=TODAY, at=LATER)
    person.appoint_deputy(appoint(person, **{"from": first}), today=TODAY, at=LATER)
    assert recorded(person) == ["DeputyAppointed"]
    deputy = Deputy(first, TODAY + timedelta(days=9))
    assert person.deputies() == {LI: deputy}
    assert [bool(person.deputies(TODAY + timedelta(days=days))) for days in (1, 2, 9, 10)] == [False, True, True, False]
    assert person.public_standing()["deputies"] == {str(LI): deputy}


def test_two_deputies_do_not_touch_each_other() -> None:
    person = a_person()
    person.appoint_deputy(appoint(person), today=TODAY, at=LATER)
    person.appoint_deputy(appoint(person, deputy_id=WANG), today=TODAY, at=LATER + timedelta(hours=1))
    for _ in range(2):
        person.dismiss_deputy(DismissDeputy(deputy_id=LI), at=LATER + timedelta(hours=2))
    assert recorded(person) == ["DeputyAppointed", "DeputyAppointed", "DeputyDismissed"]
    assert set(person.deputies()) == {WANG}


@pytest.mark.parametrize(
    ("first", "last"), [(-1, 5), (0, -1), (5, 4), (0, 367), (3, 370)], ids=["past", "over", "turned", "long", "longer"]
)
def test_a_deputy_is_temporary_and_begins_today_or_later(first: int, last: int) -> None:
    person = a_person()
    days = {"from": TODAY + timedelta(days=first), "until": TODAY + timedelta(days=last)}
    with pytest.raises(Refused) as refused:
        person.appoint_deputy(appoint(person, **days), today=TODAY, at=LATER)
    assert refused.value.code == "stand_in_days"


def test_nobody_stands_in_for_themselves_nor_for_who_has_left() -> None:
    person = a_person()
    with pytest.raises(Refused) as refused:
        person.appoint_deputy(appoint(person, deputy_id=person.id), today=TODAY, at=LATER)
    assert refused.value.code == "own_deputy"
    person.leave(Leave(), at=LATER)
    with pytest.raises(Refused) as refused:
        person.appoint_deputy(appoint(person), today=TODAY, at=LATER)
    assert refused.value.code == "person_left"


def test_what_happened_before_somebody_left_may_be_told_after() -> None:
    person = a_person()
    person.leave(Leave(), at=LATER)
    person.post_to(PostTo(unit_id=BEIJING), at=OPENED + timedelta(days=3))
    assert recorded(person) == ["PersonLeft", "PersonPostedTo"]
    assert (person.standing["unit_id"], person.is_active) == (BEIJING, False)
    for command in (LATER, LATER + timedelta(days=1)):
        with pytest.raises(Refused) as refused:
            person.change_functions(ChangeFunctions(functions=(Function.HR,)), at=command)
        assert refused.value.code == "person_left"


def correction(version: int, **given: object) -> CorrectFact:
    return CorrectFact.model_validate({"version": version, "reason": "录错", **given})


def test_a_correction_keeps_a_life_possible() -> None:
    person = a_person()
    person.post_to(PostTo(unit_id=BEIJING), at=OPENED + timedelta(days=3))
    person.leave(Leave(), at=LATER)
    now = LATER + timedelta(days=1)
    for bad, code in (
        (correction(1, occurred_at=OPENED + timedelta(days=4)), "before_opening"),
        (correction(2, occurred_at=LATER + timedelta(hours=1)), "changed_later"),
        (correction(3, occurred_at=now + timedelta(days=1)), "in_the_future"),
        (correction(1, changes={"functions": []}), "invalid_value"),
        (correction(1, changes={"status": "left"}), "invalid_value"),
        (correction(1, changes={"reports_to_person_id": str(LI)}), "invalid_value"),
    ):
        with pytest.raises(Refused) as refused:
            person.copy().correct(bad, at=now)
        assert refused.value.code == code, bad
    person.correct(correction(2, changes={"unit_id": str(SHANGHAI)}), at=now)
    assert person.standing["unit_id"] == SHANGHAI
    person.void(3, reason="没有离职", at=now)
    assert person.is_active


def test_a_unit_is_corrected_and_its_closing_taken_back() -> None:
    unit = a_branch()
    unit.close(CloseUnit(), open_units=0, people=0, at=LATER)
    now = LATER + timedelta(days=1)
    for changes in ({"code": "S H"}, {"status": "open"}, {"name": ""}):
        with pytest.raises(Refused) as refused:
            unit.copy().correct(correction(1, changes=changes), at=now)
        assert refused.value.code == "invalid_value"
    with pytest.raises(Refused) as refused:
        unit.copy().correct(correction(1, changes={"parent_id": None}), at=now)
    assert refused.value.code == "root_unit"
    unit.correct(correction(1, changes={"name": "上海一店"}), at=now)
    unit.void(2, reason="没有撤销", at=now)
    assert (unit.standing["name"], unit.is_open) == ("上海一店", True)


def test_personal_data_are_named_not_said() -> None:
    person = a_person()
    person.change_personal((), at=LATER)
    person.change_personal(("phone",), at=LATER)
    assert recorded(person) == ["PersonalDataChanged"]
    assert ChangePersonal(phone=None).personal() == {"phone": None}
    for body in ({}, {"name": None}):
        with pytest.raises(ValidationError):
            ChangePersonal.model_validate(body)


def test_the_days_of_a_deputy_are_days() -> None:
    assert AppointDeputy.model_validate({"deputy_id": LI, "until": "2026-03-31"}).until == date(2026, 3, 31)
