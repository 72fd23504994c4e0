"""The rules by which one record moves and goes back, over all histories a record may have. No database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.accounts.account import Account
from services.accounts.account_commands import AssignOwner, OpenAccount, SetSupportTeam
from services.accounts.events import Function
from services.accounts.person import ChangeFunctions, JoinPerson, Leave, Person
from services.hand_overs.moving import Moment, move, move_back
from services.hand_overs.records import Record
from services.hand_overs.targets import Targets
from services.opportunities.events import Status
from services.opportunities.opportunity.commands.orders import WinDeal
from services.opportunities.opportunity.commands.prospects import CaptureProspect, QualifyProspect, TransferOpportunity
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.visits.commands import PlanVisit
from services.opportunities.visits.visit import Visit
from shared.days import day_of
from shared.event_store.stream import Refused

ZONE = ZoneInfo("Asia/Shanghai")
BEGINNING = datetime(2026, 1, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
LEAVER, SUCCESSOR, THIRD, OWN_UNIT, NEW_UNIT = (uuid5(UUID(int=9), name) for name in ("l", "s", "t", "e", "w"))
PEOPLE = st.sampled_from([LEAVER, SUCCESSOR, THIRD])
DAYS = st.integers(1, 59)
SAID = {"to": str(SUCCESSOR), "unit_id": str(NEW_UNIT), "status": "open"}


def at(day: int) -> datetime:
    return BEGINNING + timedelta(days=day, hours=1)


def moment(days_ago: int | None = None, now: datetime = NOW) -> Moment:
    return Moment(None if days_ago is None else day_of(NOW, ZONE) - timedelta(days_ago), now, ZONE)


def prospect(*steps: tuple[int, UUID]) -> Opportunity:
    """Captured by the leaver, judged, then given to these persons on these days, told in this order."""
    body = CaptureProspect.model_validate({"title": "出租车", "lines": [{"product": "A6L", "units": 3}]})
    made = Opportunity.capture(body, id=uuid4(), owner_id=LEAVER, unit_id=OWN_UNIT, at=BEGINNING)
    judged = QualifyProspect(level="A", expected_on=date(2026, 4, 1))
    made.qualify(judged, by=LEAVER, at=BEGINNING + timedelta(minutes=1), levels={"A", "H"})
    for day, owner in steps:
        made.transfer(TransferOpportunity(owner_id=owner), unit_id=OWN_UNIT, at=at(day))
    return made


def account(*steps: tuple[int, UUID]) -> Account:
    made = Account.open(uuid4(), OpenAccount(name="申城"), owner_id=LEAVER, unit_id=OWN_UNIT, at=BEGINNING)
    for day, owner in steps:
        made.assign_owner(AssignOwner(owner_id=owner), unit_id=OWN_UNIT, at=at(day))
    return made


def owner_at(stream: Any, instant: datetime) -> UUID | None:
    """The oracle: who is responsible at an instant, by the ledger alone."""
    found: UUID | None = None
    for entry in sorted(stream.entries(), key=lambda one: (one.occurred_at, one.version)):
        if entry.occurred_at <= instant and "owner_id" in entry.changes:
            found = entry.changes["owner_id"]
    return found


STEPS = st.lists(st.tuples(DAYS, PEOPLE), max_size=5)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.one_of(st.none(), st.integers(1, 70)), st.booleans())
def test_whatever_its_history_a_record_of_the_leaver_is_the_successor_s_afterwards(
    steps: list[tuple[int, UUID]], days_ago: int | None, of_account: bool
) -> None:
    record: Any = account(*steps) if of_account else prospect(*steps)
    kind = "account" if of_account else "opportunity"
    mine = record.standing["owner_id"] == LEAVER
    entries = record.entries()
    kept = {name: value for name, value in record.standing.items() if name not in ("owner_id", "unit_id")}
    moments = [at(day) for day in range(0, 60)]
    before = [owner_at(record, instant) for instant in moments]
    move(record, kind, LEAVER, SAID, reason=None, when=moment(days_ago))
    assert record.entries()[: len(entries)] == entries, "history is untouched"
    assert {n: v for n, v in record.standing.items() if n not in ("owner_id", "unit_id")} == kept
    if not mine:
        assert record.entries() == entries
        return
    assert (record.standing["owner_id"], record.standing["unit_id"]) == (SUCCESSOR, NEW_UNIT)
    told = record.entries()[-1]
    for instant, owner in zip(moments, before, strict=True):
        assert owner_at(record, instant) == (owner if instant < told.occurred_at else SUCCESSOR)
    if days_ago is not None and told.occurred_at < NOW - timedelta(days=1):
        assert day_of(told.occurred_at, ZONE) == day_of(NOW, ZONE) - timedelta(days_ago)
    version = record.version
    move(record, kind, LEAVER, SAID, reason=None, when=moment(days_ago))
    assert record.version == version, "twice is once"
    move_back(record, kind, version, SAID, reason=None, when=moment(now=NOW + timedelta(hours=1)))
    assert (record.standing["owner_id"], record.standing["unit_id"]) == (LEAVER, OWN_UNIT)
    assert owner_at(record, NOW) == SUCCESSOR, "the time between stays the successor's"
    with pytest.raises(Refused, match="changed hands"):
        move_back(record, kind, version, SAID, reason=None, when=moment(now=NOW + timedelta(hours=2)))


def test_an_opportunity_that_was_closed_stays() -> None:
    closed = prospect()
    closed.record_made(closed.make(_disposal(), at=at(3), level_before="A", disposal="test", duplicate_of=None))
    with pytest.raises(Refused) as refused:
        move(closed, "opportunity", LEAVER, SAID, reason=None, when=moment())
    assert refused.value.code == "opportunity_closed"


def _disposal() -> Any:
    from services.opportunities.events import ProspectDisposed

    return ProspectDisposed


def test_an_opportunity_ordered_since_is_not_taken_back() -> None:
    won = prospect()
    move(won, "opportunity", LEAVER, SAID, reason=None, when=moment())
    version = won.version
    won.win(WinDeal.model_validate({"lines": [{"product": "A6L", "units": 3}]}), at=NOW + timedelta(hours=1))
    assert won.status is Status.ORDERED
    with pytest.raises(Refused) as refused:
        move_back(won, "opportunity", version, SAID, reason=None, when=moment(now=NOW + timedelta(hours=2)))
    assert refused.value.code == "closed_since"


def test_every_role_of_the_leaver_in_a_team_goes_to_the_successor_and_back() -> None:
    supported = account((3, THIRD))
    roles = [(LEAVER, "execution"), (LEAVER, "maintenance"), (SUCCESSOR, "execution"), (THIRD, "technical_support")]
    members = [{"person_id": person, "role": role} for person, role in roles]
    supported.set_support_team(SetSupportTeam.model_validate({"members": members}), at=at(4))
    before = supported.standing["support_team"]
    move(supported, "support_team", LEAVER, SAID, reason=None, when=moment())
    team = {(member.person_id, member.role.value) for member in supported.standing["support_team"]}
    assert team == {(SUCCESSOR, "execution"), (SUCCESSOR, "maintenance"), (THIRD, "technical_support")}
    assert supported.standing["owner_id"] == THIRD
    move_back(supported, "support_team", supported.version, SAID, reason=None, when=moment())
    assert set(supported.standing["support_team"]) == set(before)


def test_that_somebody_left_is_taken_back_only_while_it_is_the_last_word() -> None:
    joining = JoinPerson(name="李雷", functions=(Function.REPRESENTATIVE,), unit_id=OWN_UNIT)
    gone = Person.join(LEAVER, joining, at=BEGINNING)
    move(gone, "person", LEAVER, {"leaving_reason": "retired"}, reason=None, when=moment())
    assert not gone.is_active
    trial = gone.copy()
    move_back(trial, "person", 2, {}, reason=None, when=moment())
    assert trial.is_active
    version = trial.version
    move_back(trial, "person", 2, {}, reason=None, when=moment())
    assert trial.version == version
    trial.change_functions(ChangeFunctions(functions=(Function.ACCOUNT_MANAGER,)), at=NOW + timedelta(hours=1))
    trial.leave(Leave(), at=NOW + timedelta(hours=2))
    move_back(trial, "person", 2, {}, reason=None, when=moment())
    assert not trial.is_active, "the later leaving is another fact"


def test_where_records_go() -> None:
    an_account, an_opportunity = uuid4(), uuid4()
    targets = Targets(SUCCESSOR, {an_account: THIRD}, {an_opportunity: LEAVER}, keep_unit=True)

    def record(kind: str, id: UUID, account_id: UUID | None, *opportunities: UUID) -> Record:
        return Record(kind, id, None, LEAVER, OWN_UNIT, account_id, None, opportunity_ids=opportunities)

    assert targets.successor(record("account", an_account, an_account)) == THIRD
    assert targets.successor(record("opportunity", uuid4(), an_account)) == THIRD
    assert targets.successor(record("opportunity", an_opportunity, an_account)) == LEAVER
    assert targets.successor(record("visit", uuid4(), an_account, uuid4(), an_opportunity)) == LEAVER
    assert targets.successor(record("visit", uuid4(), None)) == SUCCESSOR
    assert targets.unit(record("visit", uuid4(), None), NEW_UNIT) == OWN_UNIT
    assert Targets(None, {}, {}, keep_unit=False).moves([record("visit", uuid4(), None)], lambda _: NEW_UNIT) == []


def test_a_visit_planned_after_the_day_goes_over_now() -> None:
    body = PlanVisit.model_validate({"purpose": "develop", "way": "phone", "planned_on": "2026-03-09"})
    plan = Visit.plan(body, id=uuid4(), account_id=None, owner_id=LEAVER, unit_id=OWN_UNIT, at=at(40))
    move(plan, "visit", LEAVER, SAID, reason=None, when=moment(30))
    assert (plan.standing["owner_id"], plan.standing["participants"]) == (SUCCESSOR, (SUCCESSOR,))
    assert plan.entries()[-1].occurred_at == NOW
