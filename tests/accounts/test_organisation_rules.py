"""Rules of units and people: two edges, both valid in time. No I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfoNotFoundError

import pytest
from pydantic import ValidationError

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import UNIT_CODE, CloseUnit, MoveUnit, OpenUnit, Unit, unit_claims
from services.accounts.person import (
    ChangeFunctions,
    JoinPerson,
    Leave,
    Person,
    PostTo,
    ReportTo,
    person_claims,
)
from services.accounts.person_commands import ChangePersonal
from services.accounts.tenant import Tenant
from shared.event_store.stream import Refused, Stream
from shared.http.errors import invalid
from shared.http.texts import TEXTS
from shared.identity.standing_fields import PERSON_REF

OPENED = datetime(2026, 1, 5, tzinfo=UTC)
LATER = OPENED + timedelta(days=10)
HQ, SHANGHAI, BEIJING = uuid4(), uuid4(), uuid4()


def a_branch(code: str = "SH") -> Unit:
    unit = Unit.open(uuid4(), OpenUnit(code=code, name="上海店", kind=UnitKind.BRANCH, parent_id=HQ), at=OPENED)
    unit.collect_events()
    return unit


def a_person() -> Person:
    joining = JoinPerson(
        name="李四", functions=(Function.REPRESENTATIVE,), unit_id=SHANGHAI, external_refs={"hr": "E-1"}
    )
    person = Person.join(uuid4(), joining, at=OPENED)
    assert "李四" not in repr(person.collect_events())
    return person


def recorded(stream: Stream) -> list[str]:
    return [type(fact).__name__ for fact in stream.collect_events()]


def test_a_tenant_works_in_a_zone_that_exists() -> None:
    tenant = Tenant.open(uuid4(), name="集团", zone="Asia/Shanghai", currency="CNY", at=OPENED)
    assert tenant.standing == {"name": "集团", "zone": "Asia/Shanghai", "currency": "CNY"}
    with pytest.raises(ZoneInfoNotFoundError):
        Tenant.open(uuid4(), name="集团", zone="Asia/Nowhere", currency="CNY", at=OPENED)


def test_unit_codes_are_claimed_whatever_their_case() -> None:
    assert unit_claims(a_branch("sh").standing) == unit_claims(a_branch("SH").standing) == {(UNIT_CODE, "sh")}


def test_a_unit_moves_and_repeating_it_says_nothing() -> None:
    unit, region = a_branch(), uuid4()
    for _ in range(2):
        unit.move(MoveUnit(parent_id=region), path=(region, HQ), at=LATER)
    assert recorded(unit) == ["UnitMoved"]


@pytest.mark.parametrize("distance", [0, 1, 3])
def test_a_unit_cannot_stand_below_itself(distance: int) -> None:
    unit = a_branch()
    path = (*(uuid4() for _ in range(distance)), unit.id, HQ)
    with pytest.raises(Refused) as refused:
        unit.move(MoveUnit(parent_id=path[0]), path=path, at=LATER)
    assert refused.value.code == "below_itself"


def test_the_head_office_stays_where_it_is() -> None:
    root = Unit.open_root(HQ, code="HQ", name="总部", at=OPENED)
    with pytest.raises(Refused, match="under no other"):
        root.move(MoveUnit(parent_id=SHANGHAI), path=(SHANGHAI,), at=LATER)
    with pytest.raises(Refused, match="cannot be closed"):
        root.close(CloseUnit(), open_units=0, people=0, at=LATER)
    assert root.allowed_actions() == ("correct", "void")


@pytest.mark.parametrize(("open_units", "people", "code"), [(1, 0, "has_open_units"), (0, 2, "has_people")])
def test_a_unit_with_open_units_or_people_is_not_closed(open_units: int, people: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        a_branch().close(CloseUnit(), open_units=open_units, people=people, at=LATER)
    assert refused.value.code == code


def test_a_closed_unit_stays_closed() -> None:
    unit = a_branch()
    for _ in range(2):
        unit.close(CloseUnit(reason="合并"), open_units=0, people=0, at=LATER)
    assert recorded(unit) == ["UnitClosed"]
    assert unit.allowed_actions() == ("correct", "void")
    unit.move(MoveUnit(parent_id=BEIJING), path=(BEIJING,), at=OPENED + timedelta(days=1))
    assert recorded(unit) == ["UnitMoved"]
    assert not unit.is_open
    with pytest.raises(Refused) as refused:
        unit.move(MoveUnit(parent_id=BEIJING), path=(BEIJING,), at=LATER)
    assert refused.value.code == "unit_closed"


def test_who_joins_works_and_reports_at_the_same_unit() -> None:
    person = a_person()
    assert person.standing["unit_id"] == person.standing["reports_to_unit_id"] == SHANGHAI
    assert person_claims(person.standing) == {(PERSON_REF, "hr:E-1")}


def test_both_edges_change_apart_from_each_other() -> None:
    person = a_person()
    person.report_to(ReportTo(unit_id=HQ), superiors=(), at=LATER)
    assert (person.standing["unit_id"], person.standing["reports_to_unit_id"]) == (SHANGHAI, HQ)
    person.post_to(PostTo(unit_id=BEIJING), at=LATER)
    assert (person.standing["unit_id"], person.standing["reports_to_unit_id"]) == (BEIJING, HQ)


def test_one_reports_to_a_unit_or_to_a_person_never_both() -> None:
    person, head = a_person(), uuid4()
    person.report_to(ReportTo(person_id=head), superiors=(head,), at=LATER)
    assert (person.standing["reports_to_unit_id"], person.standing["reports_to_person_id"]) == (None, head)
    for both in ({}, {"unit_id": HQ, "person_id": head}):
        with pytest.raises(ValidationError):
            ReportTo.model_validate(both)


def test_nobody_reports_to_themselves_even_through_others() -> None:
    person, head = a_person(), uuid4()
    with pytest.raises(Refused) as refused:
        person.report_to(ReportTo(person_id=head), superiors=(head, person.id), at=LATER)
    assert refused.value.code == "reports_to_itself"


def test_repeating_what_is_so_says_nothing() -> None:
    person = a_person()
    person.report_to(ReportTo(unit_id=SHANGHAI), superiors=(), at=LATER)
    person.post_to(PostTo(unit_id=SHANGHAI), at=LATER)
    person.change_functions(ChangeFunctions(functions=(Function.REPRESENTATIVE,)), at=LATER)
    assert recorded(person) == []


def test_who_has_left_is_not_moved_any_more() -> None:
    person = a_person()
    for _ in range(2):
        person.leave(Leave(), at=LATER)
    assert recorded(person) == ["PersonLeft"]
    with pytest.raises(Refused) as refused:
        person.post_to(PostTo(unit_id=BEIJING), at=LATER)
    assert refused.value.code == "person_left"


def test_nobody_leaves_before_what_they_did_here() -> None:
    person = a_person()
    person.post_to(PostTo(unit_id=BEIJING), at=LATER)
    with pytest.raises(Refused) as refused:
        person.leave(Leave(), at=LATER - timedelta(days=2))
    assert (refused.value.code, refused.value.pointer) == ("changed_later", "/on")
    person.leave(Leave(), at=LATER)
    assert recorded(person) == ["PersonPostedTo", "PersonLeft"]


def test_a_unit_is_not_closed_before_it_was_moved() -> None:
    unit = a_branch()
    unit.move(MoveUnit(parent_id=BEIJING), path=(BEIJING, HQ), at=LATER)
    with pytest.raises(Refused) as refused:
        unit.close(CloseUnit(), open_units=0, people=0, at=LATER - timedelta(days=2))
    assert refused.value.code == "changed_later"
    assert unit.is_open


def test_a_posting_told_late_does_not_undo_a_newer_one() -> None:
    person = a_person()
    person.post_to(PostTo(unit_id=BEIJING), at=LATER)
    person.post_to(PostTo(unit_id=HQ), at=LATER - timedelta(days=2))
    assert person.standing["unit_id"] == BEIJING


def test_a_body_that_names_nothing_is_told_so_in_both_languages() -> None:
    with pytest.raises(ValidationError) as wrong:
        ChangePersonal.model_validate({})
    [told] = invalid(wrong.value.errors()).errors
    assert (told.code, told.detail) == ("nothing_named", "name at least one field to change")
    assert TEXTS[told.code].zh_detail == "至少写一个要更改的字段。"
