"""What an import records of a row told for the first time, told again, and told otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.event_store.command import StoredFact
from shared.jobs import Operation
from tests.imports.office import NOW, Office, opened

MAPPING = """
version: 1
external: {system: old_crm, column: no}
title: title
account: {find: {name: customer}, create: true}
contact: {name: contact, phone: phone}
owner: {find: {name: owner}, create: true}
lines:
  - {product: {find: {name: product}, create: true}, units: units, unit_price: price}
captured_on: captured
expected_on: expected
level: {column: level, values: {hot: H, warm: A}}
stage:
  column: stage
  values:
    new: {reaches: captured}
    won: {reaches: won, closed_on: closed}
    delivered: {reaches: delivered, closed_on: closed, delivered_on: delivered}
    lost: {reaches: lost, closed_on: closed, reason: other_brand.price}
    frozen: {reaches: frozen, closed_on: closed}
    gone: {reaches: lost_contact, closed_on: closed}
"""
COLUMNS = "no,title,customer,contact,phone,owner,product,units,price,captured,expected,level,stage,closed,delivered"
NEW = {
    "no": "1", "title": "Taxi fleet", "customer": "City Cabs", "contact": "Wang", "phone": "13800000000",
    "owner": "Li Lei", "product": "A6L", "units": "20", "price": "312000", "captured": "2025-03-01",
    "expected": "2026-09-01", "level": "", "stage": "new", "closed": "", "delivered": "",
}  # fmt: skip


def sheet(*rows: dict[str, str]) -> str:
    """A file of rows that are as `NEW` but for what they say."""
    lines = [",".join((NEW | row)[column] for column in COLUMNS.split(",")) for row in rows]
    return "\n".join([COLUMNS, *lines]) + "\n"


@pytest.fixture
async def office(own_database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(own_database_url, tmp_path) as office:
        yield office


async def told(office: Office, *rows: dict[str, str], at: datetime = NOW) -> tuple[Operation, list[StoredFact]]:
    """The import of these rows, and the facts about opportunities it recorded."""
    before = len(await office.log())
    operation = await office.run(sheet(*rows), MAPPING, at=at)
    assert operation.error is None
    return operation, [fact for fact in (await office.log())[before:] if fact.stream_type == "opportunity"]


def day(text: str) -> datetime:
    """The first instant of a day in the tenant's zone."""
    return datetime.fromisoformat(f"{text}T00:00+08:00").astimezone(UTC)


async def test_a_row_becomes_the_facts_it_implies_at_their_business_times(office: Office) -> None:
    rows = [
        {"no": "1"},
        {"no": "2", "stage": "won", "closed": "2025-04-01"},
        {"no": "3", "stage": "delivered", "closed": "2025-04-01", "delivered": "2025-05-01"},
        {"no": "4", "stage": "lost", "closed": "2025-04-01"},
        {"no": "5", "stage": "frozen", "closed": "2025-04-01"},
        {"no": "6", "stage": "gone", "closed": "2025-04-01"},
        {"no": "7", "level": "hot"},
        {"no": "8", "captured": "2025-04-01", "stage": "won", "closed": "2025-04-01"},
    ]
    operation, facts = await told(office, *rows)
    assert operation.result is not None
    assert operation.result["created"] == 8
    streams: dict[object, list[tuple[str, datetime]]] = {}
    for fact in facts:
        streams.setdefault(fact.stream_id, []).append((fact.type, fact.occurred_at))
        assert fact.metadata["origin"] == "import"
        assert fact.metadata["operation"] == str(operation.operation_id)
        assert fact.metadata["actor"] == str(office.person_id)
    captured, closed = ("ProspectCaptured", day("2025-03-01")), day("2025-04-01")
    assert list(streams.values()) == [
        [captured],
        [captured, ("DealWon", closed)],
        [captured, ("DealWon", closed), ("UnitsDelivered", day("2025-05-01"))],
        [captured, ("DefeatRequested", closed), ("DealLost", closed)],
        [captured, ("FreezeRequested", closed), ("ProspectFrozen", closed)],
        [captured, ("ContactLost", closed)],
        [captured, ("ProspectQualified", day("2025-03-01"))],
        [("ProspectCaptured", closed), ("DealWon", closed)],
    ]
    texts = str([(fact.data, fact.metadata) for fact in await office.log()])
    assert not [name for name in ("Li Lei", "Wang", "13800000000") if name in texts]


async def test_rows_without_a_date_are_captured_at_one_instant(office: Office) -> None:
    _, facts = await told(office, {"no": "1", "captured": ""}, {"no": "2", "captured": ""})
    assert {fact.occurred_at for fact in facts} == {NOW}
    operation, facts = await told(
        office, {"no": "1", "captured": ""}, {"no": "2", "captured": ""}, at=NOW + timedelta(days=1)
    )
    assert facts == []
    assert operation.result is not None
    assert operation.result["unchanged"] == 2


async def test_a_deal_that_is_won_now_records_only_that(office: Office) -> None:
    await told(office, {"no": "1", "price": ""}, {"no": "2"})
    operation, facts = await told(
        office, {"no": "1", "price": "300000", "stage": "won", "closed": "2025-06-01"}, {"no": "2"}
    )
    assert operation.result is not None
    assert [operation.result[count] for count in ("created", "changed", "unchanged")] == [0, 1, 1]
    won, given = facts
    assert (won.type, won.occurred_at) == ("DealWon", day("2025-06-01"))
    assert won.data["changes"]["lines"][0]["unit_price"] == "300000.00"
    assert (given.type, given.data["changes"]) == ("FactCorrected", {"stage_given": "won"})
    again, facts = await told(
        office, {"no": "1", "price": "300000", "stage": "won", "closed": "2025-06-01"}, {"no": "2"}
    )
    assert facts == []
    assert again.result is not None
    assert again.result["unchanged"] == 2


async def test_another_value_is_a_correction_another_owner_a_transfer_another_level_a_judgement(office: Office) -> None:
    await told(office, {"no": "1", "level": "warm"})
    _, facts = await told(office, {"no": "1", "level": "warm", "title": "Taxis"})
    assert [(fact.type, fact.data["version"], fact.data["changes"]) for fact in facts] == [
        ("FactCorrected", 1, {"title": "Taxis"})
    ]
    _, facts = await told(office, {"no": "1", "level": "warm", "title": "Taxis", "owner": "Han Meimei"})
    assert [(fact.type, fact.occurred_at) for fact in facts] == [("OpportunityTransferred", NOW)]
    last = {"no": "1", "level": "hot", "title": "Taxis", "owner": "Han Meimei"}
    _, facts = await told(office, last)
    assert [(fact.type, fact.occurred_at, fact.data["level"]) for fact in facts] == [("ProspectQualified", NOW, "H")]
    assert (await told(office, last, at=NOW + timedelta(days=1)))[1] == []


async def test_dates_told_otherwise_move_the_facts(office: Office) -> None:
    await told(office, {"no": "1", "stage": "won", "closed": "2025-04-01"})
    moved = {"no": "1", "captured": "2025-05-01", "stage": "won", "closed": "2025-06-01"}
    _, facts = await told(office, moved)
    assert {(fact.type, fact.data["version"], fact.data["occurred_at"]) for fact in facts} == {
        ("FactCorrected", 1, "2025-04-30T16:00:00Z"),
        ("FactCorrected", 2, "2025-05-31T16:00:00Z"),
    }
    assert (await told(office, moved))[1] == []


async def test_a_lost_deal_may_come_back_and_an_order_may_not_vanish(office: Office) -> None:
    await told(
        office,
        {"no": "1", "stage": "lost", "closed": "2025-04-01"},
        {"no": "2", "stage": "won", "closed": "2025-04-01"},
    )
    operation, facts = await told(office, {"no": "1", "stage": "won", "closed": "2025-08-01"}, {"no": "2"})
    assert [fact.type for fact in facts] == ["DealReopened", "DealWon", "FactCorrected"]
    assert [(problem.line, problem.code) for problem in await office.problems(operation)] == [(3, "already_ordered")]
    assert operation.result is not None
    assert (operation.result["changed"], operation.result["problem_rows"]) == (1, 1)


async def test_the_same_key_twice_in_a_file(office: Office) -> None:
    operation, facts = await told(office, {"no": "1"}, {"no": "1"}, {"no": "1", "title": "Other"}, {"no": "2"})
    assert len(facts) == 2
    assert [(problem.line, problem.code) for problem in await office.problems(operation)] == [(4, "duplicate_key")]
    assert operation.result is not None
    assert [operation.result[c] for c in ("created", "unchanged", "problem_rows")] == [2, 1, 1]


async def test_what_people_changed_since_is_theirs(office: Office) -> None:
    """The file says nothing new of what somebody else corrected, so that stays."""
    _, facts = await told(office, {"no": "1"})
    from services.opportunities import events
    from services.opportunities.opportunity.opportunity import Opportunity
    from shared.event_store.command import Command
    from shared.event_store.facts import registry
    from shared.event_store.repository import Repository
    from shared.identity.current_tenant import as_tenant

    repository = Repository(office.store, Opportunity, facts=registry(events))
    with as_tenant(office.tenant_id):
        there = await repository.load(office.tenant_id, facts[0].stream_id)
    assert there is not None
    there.correct(1, {"title": "By hand"}, occurred_at=None, reason="typing error", at=NOW, levels=("H",))
    appends = (repository.appends(there),)
    command = Command(office.tenant_id, office.person_id, None, None, 200, "ok", appends)
    assert (await office.store.append(command)).kind == "ok"
    operation, facts = await told(office, {"no": "1"})
    assert facts == []
    assert operation.result is not None
    assert operation.result["unchanged"] == 1


async def test_a_dry_run_says_what_would_happen_and_changes_nothing(office: Office) -> None:
    before = len(await office.log())
    operation = await office.run(sheet({"no": "1"}, {"no": "2", "stage": "sold"}), MAPPING, dry_run=True)
    assert operation.result is not None
    assert [operation.result[c] for c in ("created", "changed", "unchanged", "problem_rows")] == [1, 0, 0, 1]
    assert operation.result["opened"] == {"person": 1, "account": 1, "product": 1}
    assert [(problem.line, problem.code) for problem in await office.problems(operation)] == [(3, "unmapped")]
    assert len(await office.log()) == before
    assert await office.vault.find(office.tenant_id, "name", "Li Lei") == []


@pytest.mark.parametrize("reference", ["li.lei@corp.cn", "李雷", "lilei", "E-1042"])
async def test_what_names_a_member_of_staff_in_another_system_is_not_in_the_log(office: Office, reference: str) -> None:
    """A personnel number is kept as it is; a login, a mail or a name as a keyed hash, found again by it."""
    by_reference = MAPPING.replace(
        "owner: {find: {name: owner}, create: true}", "owner: {find: {external: owner}, create: true}"
    )
    for no in ("1", "2"):
        operation = await office.run(sheet({"no": no, "owner": reference}), by_reference)
        assert (operation.state, operation.problems) == ("done", 0)
    joined = [fact for fact in await office.log("person") if fact.type == "PersonJoined"]
    assert len(joined) == 2, "who imports, and the owner once"
    kept = joined[-1].data["external_refs"]["old_crm"]
    assert (kept == reference) is (reference == "E-1042")
    if kept != reference:
        said = str([(fact.data, fact.metadata) for fact in await office.log()])
        assert reference not in said
        claims = await office.store.all_tenants.fetch(
            "select key from es.claims where tenant_id = $1", office.tenant_id
        )
        assert reference.casefold() not in str(claims).casefold()
