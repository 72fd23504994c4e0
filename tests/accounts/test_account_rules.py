"""Rules of accounts: what is recorded, what says nothing, what is refused. No I/O."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from services.accounts.account import ACCOUNT_REF, CREDIT_CODE, Account, account_claims
from services.accounts.account_commands import (
    AddKeyPerson,
    AssignOwner,
    ChangeAccount,
    ChangeKeyPerson,
    CorrectFact,
    Member,
    OpenAccount,
    RemoveKeyPerson,
    SetSupportTeam,
)
from services.accounts.business_time import holds_from
from services.accounts.credit_code import check_character, credit_code
from services.accounts.events import AccountChanged, KeyPerson, KeyPersonChanged, Layer, TeamRole
from shared.event_store.stream import Refused
from shared.names import comparable

OPENED = datetime(2026, 1, 5, 2, tzinfo=UTC)
LATER = OPENED + timedelta(days=10)
SHANGHAI = ZoneInfo("Asia/Shanghai")
OWNER, UNIT, WANG = uuid4(), uuid4(), uuid4()
CODE = "91110000600037341L"


def an_account(**given: Any) -> Account:
    account = Account.open(
        uuid4(), OpenAccount(**{"name": "华东物流", **given}), owner_id=OWNER, unit_id=UNIT, at=OPENED
    )
    account.collect_events()
    return account


def recorded(account: Account) -> list[str]:
    """Types of the facts recorded since the last look."""
    return [type(fact).__name__ for fact in account.collect_events()]


def refusal(refused: pytest.ExceptionInfo[Refused]) -> tuple[str, int]:
    return refused.value.code, refused.value.status


# -- credit codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [CODE, CODE.lower(), " 9 1 110000 600037341L ", "９１１１００００６０００３７３４１Ｌ"]
)
def test_a_credit_code_is_kept_in_one_spelling(given: str) -> None:
    assert credit_code(given) == CODE


@pytest.mark.parametrize("given", ["91110000600037341M", "9111000060003734", "91110000600O37341L", "", CODE + "1"])
def test_a_credit_code_with_a_wrong_check_character_is_refused(given: str) -> None:
    with pytest.raises(Refused) as refused:
        credit_code(given)
    assert refusal(refused) == ("invalid_credit_code", 422)


@pytest.mark.parametrize("stem", ["N2110000600037341", "A1000000600037341", "12100000400000624"])
def test_village_collectives_and_public_bodies_have_credit_codes_too(stem: str) -> None:
    assert credit_code(stem + check_character(stem)) == stem + check_character(stem)


def test_one_mistyped_character_never_passes() -> None:
    for place in range(18):
        for other in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if other != CODE[place]:
                with pytest.raises(Refused):
                    credit_code(CODE[:place] + other + CODE[place + 1 :])


# -- the file ---------------------------------------------------------------------------------------------


def test_names_that_read_the_same_compare_equal_and_stay_as_given() -> None:
    assert comparable("Cafe\u0301  Express ") == comparable("CAFÉ Express")
    assert an_account(name="Cafe\u0301").standing["name"] == "Cafe\u0301"


def test_changing_the_file_records_only_what_differs() -> None:
    account = an_account(sector="物流", kinds=("industry",))
    account.change(ChangeAccount(sector="物流", city="上海", name="华东物流"), ancestors=(), at=LATER)
    (fact,) = account.collect_events()
    assert isinstance(fact, AccountChanged)
    assert fact.attributes == {"city": "上海"}
    assert account.standing["city"] == "上海"


def test_saying_the_same_again_says_nothing() -> None:
    account = an_account(credit_code=CODE, revenue="12.50", kinds=("industry", "industry"))
    account.change(ChangeAccount(credit_code=CODE.lower(), revenue="12.5", kinds=("industry",)), ancestors=(), at=LATER)
    account.assign_owner(AssignOwner(owner_id=OWNER), unit_id=UNIT, at=LATER)
    account.set_support_team(SetSupportTeam(members=()), at=LATER)
    assert recorded(account) == []


def test_null_empties_a_field_but_never_the_name() -> None:
    account = an_account(sector="物流")
    account.change(ChangeAccount(sector=None), ancestors=(), at=LATER)
    assert account.standing["sector"] is None
    with pytest.raises(ValidationError):
        ChangeAccount(name=None)
    with pytest.raises(ValidationError):
        ChangeAccount()


def test_a_late_change_never_overwrites_a_newer_one() -> None:
    account = an_account()
    account.change(ChangeAccount(city="上海"), ancestors=(), at=LATER)
    account.change(ChangeAccount(city="北京", grade="A"), ancestors=(), at=LATER - timedelta(days=3))
    assert (account.standing["city"], account.standing["grade"]) == ("上海", "A")


def test_a_late_hand_over_is_compared_with_what_stood_then() -> None:
    account, other = an_account(), uuid4()
    account.assign_owner(AssignOwner(owner_id=other), unit_id=UNIT, at=LATER)
    account.assign_owner(AssignOwner(owner_id=other), unit_id=UNIT, at=LATER - timedelta(days=5))
    assert recorded(account) == ["AccountOwnerChanged", "AccountOwnerChanged"]


def test_nothing_happens_to_an_account_before_it_was_on_file() -> None:
    account = an_account()
    with pytest.raises(Refused) as refused:
        account.change(ChangeAccount(city="上海"), ancestors=(), at=OPENED - timedelta(days=1))
    assert refusal(refused) == ("before_opening", 422)


def test_an_account_cannot_stand_below_itself() -> None:
    account, site = an_account(), uuid4()
    with pytest.raises(Refused) as refused:
        account.change(ChangeAccount(parent_id=site), ancestors=(site, account.id), at=LATER)
    assert refusal(refused) == ("below_itself", 422)


def test_identity_is_claimed_by_credit_code_and_references() -> None:
    account = an_account(credit_code=CODE, external_refs={"erp": "C-1", "DMS": "7"})
    assert account_claims(account.standing) == {(CREDIT_CODE, CODE), (ACCOUNT_REF, "erp:C-1"), (ACCOUNT_REF, "dms:7")}
    account.change(ChangeAccount(credit_code=None, external_refs={}), ancestors=(), at=LATER)
    assert account_claims(account.standing) == frozenset()


# -- people around it -------------------------------------------------------------------------------------


def test_a_person_may_have_two_roles_in_the_team_but_each_once() -> None:
    account = an_account()
    roles = (TeamRole.EXECUTION, TeamRole.MAINTENANCE, TeamRole.EXECUTION)
    account.set_support_team(
        SetSupportTeam(members=tuple(Member(person_id=WANG, role=role) for role in roles)), at=LATER
    )
    assert [member.role for member in account.standing["support_team"]] == ["execution", "maintenance"]


def add(account: Account, person_id: UUID, layer: Layer, *, at: datetime = LATER) -> None:
    account.add_key_person(AddKeyPerson(name="王总", layer=layer, post="总经理"), person_id=person_id, at=at)


def test_key_persons_stand_in_their_layers_and_names_stay_out_of_the_facts() -> None:
    account = an_account()
    add(account, WANG, Layer.USE)
    add(account, uuid4(), Layer.FIGUREHEAD)
    assert [person.layer for person in account.key_persons()] == ["figurehead", "use"]
    assert all("王总" not in repr(fact) for fact in account.pending_events)
    assert account.public_standing()["key_persons"] == account.key_persons()


def test_an_empty_decision_layer_is_a_finding() -> None:
    account = an_account()
    assert account.findings() == ("no_key_person",)
    add(account, WANG, Layer.USE)
    assert account.findings() == ("no_decision_layer",)
    account.change_key_person(ChangeKeyPerson(person_id=WANG, layer=Layer.DECISION), personal=(), at=LATER)
    assert account.findings() == ()


def test_a_new_phone_is_recorded_as_changed_without_saying_what_it_is() -> None:
    account = an_account()
    add(account, WANG, Layer.USE)
    account.collect_events()
    command = ChangeKeyPerson(person_id=WANG, phone="13812345678")
    account.change_key_person(command, personal=("phone",), at=LATER)
    (fact,) = account.collect_events()
    assert isinstance(fact, KeyPersonChanged)
    assert fact.personal == ("phone",)
    assert "138" not in repr(fact)
    account.change_key_person(command, personal=(), at=LATER)
    assert recorded(account) == []


def test_who_is_unknown_cannot_be_changed_or_removed() -> None:
    account = an_account()
    with pytest.raises(Refused) as refused:
        account.change_key_person(ChangeKeyPerson(person_id=WANG, post="工程师"), personal=(), at=LATER)
    assert refusal(refused) == ("unknown_key_person", 422)
    with pytest.raises(Refused) as refused:
        account.remove_key_person(RemoveKeyPerson(person_id=WANG), at=LATER)
    assert refusal(refused) == ("unknown_key_person", 422)


def test_removing_a_key_person_twice_says_nothing_the_second_time() -> None:
    account = an_account()
    add(account, WANG, Layer.USE)
    for _ in range(2):
        account.remove_key_person(RemoveKeyPerson(person_id=WANG), at=LATER)
    assert recorded(account) == ["KeyPersonAdded", "KeyPersonRemoved"]
    assert account.key_persons() == []


# -- corrections ------------------------------------------------------------------------------------------


def test_a_correction_holds_from_when_the_fact_held() -> None:
    account = an_account()
    account.correct(CorrectFact(version=1, changes={"name": "华东物流集团"}, reason="错字"), at=LATER)
    assert account.standing["name"] == "华东物流集团"


def test_a_corrected_credit_code_is_checked_too() -> None:
    account = an_account(credit_code=CODE)
    with pytest.raises(Refused) as refused:
        account.correct(CorrectFact(version=1, changes={"credit_code": "123"}, reason="错字"), at=LATER)
    assert (refusal(refused), refused.value.pointer) == (("invalid_credit_code", 422), "/changes/credit_code")


def test_a_correction_names_only_what_the_fact_said() -> None:
    account = an_account()
    account.assign_owner(AssignOwner(owner_id=WANG), unit_id=UNIT, at=LATER)
    for changes, code in (({"name": "x"}, "not_set_by_fact"), ({"owner_id": "nobody"}, "invalid_value")):
        with pytest.raises(Refused) as refused:
            account.correct(CorrectFact(version=2, changes=changes, reason="错"), at=LATER)
        assert refusal(refused) == (code, 422)


def test_a_fact_cannot_be_moved_before_the_opening_or_into_the_future() -> None:
    account = an_account()
    account.assign_owner(AssignOwner(owner_id=WANG), unit_id=UNIT, at=LATER)
    for moment, code in ((OPENED - timedelta(days=1), "before_opening"), (LATER + timedelta(days=9), "in_the_future")):
        with pytest.raises(Refused) as refused:
            account.correct(CorrectFact(version=2, occurred_at=moment, reason="错"), at=LATER)
        assert refusal(refused) == (code, 422)
    assert refused.value.params == {"on": moment.isoformat()}  # the sentence names the day


def test_a_key_person_corrected_is_a_key_person_again() -> None:
    account = an_account()
    add(account, WANG, Layer.USE)
    field = f"key_person.{WANG}"
    changes = {field: {"person_id": str(WANG), "layer": "decision", "post": "董事长"}}
    account.correct(CorrectFact(version=2, changes=changes, reason="职务写错"), at=LATER)
    assert account.key_persons() == [KeyPerson(WANG, Layer.DECISION, "董事长")]


def test_a_voided_hand_over_gives_the_account_back() -> None:
    account = an_account()
    account.assign_owner(AssignOwner(owner_id=WANG), unit_id=UNIT, at=LATER)
    account.void_fact(2, reason="错录", at=LATER)
    assert account.standing["owner_id"] == OWNER
    with pytest.raises(Refused) as refused:
        account.void_fact(1, reason="错录", at=LATER)
    assert refusal(refused) == ("first_fact", 409)


# -- business time ----------------------------------------------------------------------------------------


def test_a_past_day_holds_from_its_first_instant_in_the_tenants_zone() -> None:
    now = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert holds_from(None, now=now, zone=SHANGHAI) == now
    assert holds_from(date(2026, 3, 2), now=now, zone=SHANGHAI) == now
    assert holds_from(date(2026, 3, 1), now=now, zone=SHANGHAI) == datetime(2026, 2, 28, 16, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        holds_from(date(2026, 3, 3), now=now, zone=SHANGHAI)
    assert refusal(refused) == ("in_the_future", 422)


def test_what_is_told_later_of_the_same_day_holds_after_what_was_told_before() -> None:
    account = an_account()
    assert holds_from(date(2026, 1, 5), now=LATER, zone=SHANGHAI, stream=account) == OPENED
    account.assign_owner(AssignOwner(owner_id=WANG), unit_id=UNIT, at=OPENED + timedelta(hours=3))
    assert holds_from(date(2026, 1, 5), now=LATER, zone=SHANGHAI, stream=account) == OPENED + timedelta(hours=3)
    with pytest.raises(Refused):
        holds_from(date(2026, 1, 4), now=LATER, zone=SHANGHAI, stream=account)
