"""An import taken back: every row of every view is as before it, what people did since stays, and why is told."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.accounts.account import Account, account_claims
from services.accounts.account_commands import OpenAccount
from services.accounts.imports import FACTS
from services.opportunities import events
from services.opportunities.fields import LineGiven
from services.opportunities.opportunity.commands.orders import DeliverUnits, UnitsOfLine
from services.opportunities.opportunity.commands.prospects import CaptureProspect, QualifyProspect
from services.opportunities.opportunity.external_refs import ref_claims
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.visits.commands import PlanVisit
from services.opportunities.visits.visit import Visit
from shared.event_store.command import Claim, Command, StoredFact
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.stream import Stream
from shared.identity.current_tenant import as_tenant
from shared.imports.upload import UNDO
from shared.jobs import Operation, create_operation, get_operation
from tests.imports.office import NOW, Office, all_views, folding, opened
from tests.imports.test_import_changes import MAPPING, NEW, sheet

LATER = NOW + timedelta(days=1)
CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
FOUND = MAPPING.replace(
    "account: {find: {name: customer}, create: true}",
    "account: {find: {credit_code: customer}, create: true}",
)
CREDIT_CODE = "91110000600037341L"


@pytest.fixture
async def office(own_database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(own_database_url, tmp_path) as office:
        yield office


async def imported(office: Office, *rows: dict[str, str], mapping: str = MAPPING, at: datetime = NOW) -> Operation:
    operation = await office.run(sheet(*rows), mapping, at=at)
    assert (operation.state, operation.error) == ("done", None)
    return operation


async def queued(office: Office, of: Operation, *, force: bool = False, at: datetime = LATER) -> UUID:
    """An undo that waits for a worker."""
    operation_id = uuid4()
    await create_operation(
        office.store.all_tenants,
        tenant_id=office.tenant_id,
        operation_id=operation_id,
        kind=UNDO,
        principal_id=office.person_id,
        principal={"unit_id": str(office.root_id), "functions": ["director"]},
        parameters={
            "at": at.isoformat(), "zone": "Asia/Shanghai", "import_id": str(of.operation_id), "force": force,
            "after": (of.checkpoint or {})["from"],
        },
    )  # fmt: skip
    return operation_id


async def undone(office: Office, of: Operation, *, force: bool = False) -> tuple[dict[str, tuple[int, int, int]], Any]:
    """What an undo did, by kind (removed, restored, left), and (kind, code) of its problems."""
    operation = await office.work_off(await queued(office, of, force=force))
    assert (operation.state, operation.error) == ("done", None)
    assert operation.result is not None
    records = {one["kind"]: (one["removed"], one["restored"], one["left"]) for one in operation.result["records"]}
    problems = Counter(((one.params or {})["kind"], one.code) for one in await office.problems(operation))
    assert operation.problems == problems.total()
    assert operation.done == operation.total
    return records, problems


async def views(office: Office) -> dict[str, list[str]]:
    """Every row of every view, in the order of its text."""
    async with folding(office.store):
        head = (await office.head()).position
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await office.store.all_tenants.fetchval(
                "select count(*) from es.checkpoints where tenant_id = $1 and position < $2", office.tenant_id, head
            ):
                await asyncio.sleep(0.02)
    found: dict[str, list[str]] = {}
    for view in all_views():
        rows = await office.store.all_tenants.fetch(
            f"select v::text as row from {view.table} v where tenant_id = $1", office.tenant_id
        )
        found[view.table] = sorted(row["row"] for row in rows)
    return found


async def claims(office: Office) -> set[tuple[str, str]]:
    rows = await office.store.all_tenants.fetch(
        "select scope, key from es.claims where tenant_id = $1", office.tenant_id
    )
    return {(row["scope"], row["key"]) for row in rows}


async def texts(office: Office) -> int:
    """How much the vault holds."""
    found = await office.store.all_tenants.fetchval(
        "select count(*) from privacy.fields where tenant_id = $1", office.tenant_id
    )
    return int(found)


async def opportunities(office: Office) -> list[UUID]:
    """Those there are, by title."""
    rows = await office.store.all_tenants.fetch(
        """select stream_id from es.events e where tenant_id = $1 and stream_type = 'opportunity' and version = 1
              and not exists (select from es.events v where v.tenant_id = $1 and v.stream_id = e.stream_id
                              and v.type = 'FactVoided' and v.data ->> 'version' = '1')
            order by e.data ->> 'title', position""",
        office.tenant_id,
    )
    return [UUID(bytes=row["stream_id"].bytes) for row in rows]


async def stored(office: Office, id: UUID) -> list[StoredFact]:
    with as_tenant(office.tenant_id):
        return await office.store.load(office.tenant_id, id)


def repository(office: Office, kind: type[Stream]) -> Repository[Any]:
    return Repository(office.store, kind, facts=FACTS if kind is Account else registry(events), baselines=0)


async def loaded(office: Office, id: UUID) -> Opportunity:
    with as_tenant(office.tenant_id):
        found = await repository(office, Opportunity).load(office.tenant_id, id)
    assert found is not None
    opportunity: Opportunity = found
    return opportunity


async def kept(office: Office, stream: Stream, *held: tuple[str, str]) -> UUID:
    """Appended, as a person does it."""
    append = repository(office, type(stream)).appends(stream)
    told = b'{"actor": "%s"}' % str(office.person_id).encode()
    command = Command(
        office.tenant_id, office.person_id, None, None, 201, "ok", (append,), metadata=told,
        claims=tuple(Claim(scope, key, stream.id) for scope, key in held),
    )  # fmt: skip
    with as_tenant(office.tenant_id):
        outcome = await office.store.append(command)
    assert outcome.kind == "ok", outcome
    return stream.id


async def judged(office: Office, id: UUID, level: str = "H", *, at: datetime = NOW) -> None:
    """Somebody judges an opportunity."""
    opportunity = await loaded(office, id)
    opportunity.qualify(QualifyProspect(level=level), by=office.person_id, at=at, levels=("H", "A", "B", "C"))
    await kept(office, opportunity)


LIVES = [
    {"no": "1", "customer": "City Cabs", "level": "hot"},
    {"no": "2", "customer": "City Cabs", "stage": "delivered", "closed": "2025-04-01", "delivered": "2025-05-01"},
    {"no": "3", "customer": "Green Taxi", "owner": "Han Mei", "stage": "lost", "closed": "2025-04-01"},
    {"no": "4", "customer": "", "product": "Q5", "stage": "frozen", "closed": "2025-04-01"},
]


async def test_all_views_claims_and_texts_are_as_before_and_the_same_file_can_be_imported_again(office: Office) -> None:
    before, held, written = await views(office), await claims(office), await texts(office)
    first = await imported(office, *LIVES)
    told, taken = await views(office), await claims(office)
    assert told != before
    for again in range(2):
        records, problems = await undone(office, first)
        assert records == {
            "opportunity": (4, 0, 0), "account": (2, 0, 0), "product": (2, 0, 0), "person": (2, 0, 0),
        }, again  # fmt: skip
        assert not problems
        assert await views(office) == before
        assert (await claims(office), await texts(office)) == (held, written)
        first = await imported(office, *LIVES)
        assert first.result is not None
        assert (first.result["created"], first.result["changed"]) == (4, 0)
        assert {table: len(rows) for table, rows in (await views(office)).items()} == {
            table: len(rows) for table, rows in told.items()
        }
        assert await claims(office) == taken
    repeated = await imported(office, *LIVES)
    assert repeated.result is not None
    assert repeated.result["unchanged"] == 4


async def test_undoing_twice_does_nothing_the_second_time(office: Office) -> None:
    first = await imported(office, *LIVES)
    await undone(office, first)
    length = (await office.head()).position
    assert await undone(office, first) == ({}, Counter())
    assert (await office.head()).position == length


async def test_only_the_second_of_two_files_is_undone_and_then_can_be_imported_again(office: Office) -> None:
    await imported(office, *LIVES)
    before = await views(office)
    changed = [
        LIVES[0] | {"owner": "Han Mei", "level": "warm", "title": "Bigger fleet"},
        LIVES[1] | {"price": "300000", "closed": "2025-04-02"},
        LIVES[2] | {"stage": "won", "closed": "2025-06-01"},
        LIVES[3] | {"stage": "new", "closed": ""},
        {"no": "5", "customer": "New Cabs"},
    ]
    second = await imported(office, *changed, at=LATER)
    after = await views(office)
    records, problems = await undone(office, second)
    assert records == {"opportunity": (1, 4, 0), "account": (1, 0, 0)}
    assert not problems
    assert await views(office) == before
    unchanged = await imported(office, *LIVES, at=LATER)
    assert unchanged.result is not None
    assert unchanged.result["unchanged"] == 4
    third = await imported(office, *changed, at=LATER)
    assert third.result is not None
    assert (third.result["created"], third.result["changed"]) == (1, 4)
    assert {table: len(rows) for table, rows in (await views(office)).items()} == {
        table: len(rows) for table, rows in after.items()
    }


async def test_the_first_of_two_files_stays_while_the_second_stands_on_it(office: Office) -> None:
    first = await imported(office, *LIVES)
    second = await imported(office, LIVES[0] | {"title": "Bigger fleet"}, at=LATER)
    records, problems = await undone(office, first)
    assert records["opportunity"] == (3, 0, 1)
    assert problems == {
        ("opportunity", "worked_on_since"): 1,
        ("account", "in_use"): 1,
        ("product", "in_use"): 1,
        ("person", "in_use"): 1,
    }
    await undone(office, second)
    records, problems = await undone(office, first)
    assert (records["opportunity"], records["account"], records["person"]) == ((1, 0, 0), (1, 0, 0), (1, 0, 0))
    assert not problems
    assert await opportunities(office) == []


async def test_what_somebody_worked_on_since_stays_unless_forced(office: Office) -> None:
    before = await views(office)
    first = await imported(office, *LIVES)
    id = (await stored_by_ref(office))["1"]
    await judged(office, id, "A")
    records, problems = await undone(office, first)
    assert records["opportunity"] == (3, 0, 1)
    assert problems[("opportunity", "worked_on_since")] == 1
    assert (await loaded(office, id)).standing["level"] == "A"
    records, problems = await undone(office, first, force=True)
    assert not problems
    assert await views(office) == before


async def test_what_another_record_names_stays_even_when_forced(office: Office) -> None:
    first = await imported(office, *LIVES)
    ref = await stored_by_ref(office)
    planned = PlanVisit(opportunity_ids=(ref["2"],), purpose="push_forward", way="on_site", planned_on=LATER.date())
    own = {"owner_id": office.person_id, "unit_id": office.root_id}
    await kept(office, Visit.plan(planned, id=uuid4(), account_id=None, at=NOW, **own))
    theirs = Opportunity.capture(
        CaptureProspect(
            account_id=(await loaded(office, ref["3"])).standing["account_id"],
            lines=(LineGiven(product="Q5", units=2),),
        ),
        id=uuid4(),
        at=NOW,
        **own,
    )
    await kept(office, theirs)
    records, problems = await undone(office, first, force=True)
    assert records == {
        "opportunity": (3, 0, 1), "account": (0, 0, 2), "product": (0, 0, 2), "person": (1, 0, 1),
    }  # fmt: skip
    assert problems == {
        ("opportunity", "in_use"): 1, ("account", "in_use"): 2, ("product", "in_use"): 2, ("person", "in_use"): 1,
    }  # fmt: skip


async def stored_by_ref(office: Office) -> dict[str, UUID]:
    """The opportunities there are, by their keys in the other system."""
    ids = await opportunities(office)
    found = [(await loaded(office, id)).standing["external_refs"] for id in ids]
    return {refs["old_crm"]: id for refs, id in zip(found, ids, strict=True) if "old_crm" in refs}


# -- records that were there ----------------------------------------------------------------------------------


async def by_hand(office: Office, **refs: str) -> UUID:
    """A prospect somebody captured, known by these keys elsewhere."""
    captured = Opportunity.capture(
        CaptureProspect(title="Hand made", external_refs=refs),
        id=uuid4(), owner_id=office.person_id, unit_id=office.root_id, at=NOW - timedelta(days=400),
    )  # fmt: skip
    claims = [(claim.scope, claim.key) for claim in ref_claims(captured.id, captured.standing)]
    return await kept(office, captured, *claims)


async def test_a_record_made_by_hand_is_found_by_its_key_changed_and_restored(office: Office) -> None:
    id = await by_hand(office, old_crm="1", erp="77")
    before = await views(office)
    blank = dict.fromkeys(("owner", "customer", "product", "contact", "phone", "units", "price"), "")
    first = await imported(office, {"no": "1", "title": "From the file"} | blank)
    assert first.result is not None
    assert (first.result["created"], first.result["changed"]) == (0, 1)
    standing = (await loaded(office, id)).standing
    assert (standing["title"], standing["external_refs"]) == ("From the file", {"old_crm": "1", "erp": "77"})
    assert await undone(office, first) == ({"opportunity": (0, 1, 0)}, Counter())
    assert await views(office) == before


async def test_what_could_not_have_happened_without_the_import_keeps_it_where_it_is(office: Office) -> None:
    first = await imported(office, NEW)
    second = await imported(office, NEW | {"stage": "won", "closed": "2025-04-01"}, at=LATER)
    (id,) = await opportunities(office)
    ordered = await loaded(office, id)
    units = DeliverUnits(units=(UnitsOfLine(line=1, units=3),))
    ordered.deliver(units, at=LATER, day=LATER.date())
    await kept(office, ordered)
    before = await views(office)
    assert await undone(office, second) == (
        {"opportunity": (0, 0, 1)}, Counter({("opportunity", "impossible_order"): 1}),
    )  # fmt: skip
    assert await views(office) == before
    assert (await undone(office, first, force=True))[1] == {}
    assert await opportunities(office) == []


async def test_what_somebody_corrected_of_the_import_keeps_it_unless_forced(office: Office) -> None:
    await imported(office, NEW)
    second = await imported(office, NEW | {"stage": "won", "closed": "2025-04-01"}, at=LATER)
    before_that = await views(office)
    (id,) = await opportunities(office)
    ordered = await loaded(office, id)
    ordered.correct(2, {"order_ref": "PO-7"}, occurred_at=None, reason="typo", at=LATER, levels=("H",))
    await kept(office, ordered)
    assert await undone(office, second) == (
        {"opportunity": (0, 0, 1)}, Counter({("opportunity", "corrected_since"): 1}),
    )  # fmt: skip
    assert await undone(office, second, force=True) == ({"opportunity": (0, 1, 0)}, Counter())
    assert (await loaded(office, id)).status == "open"
    assert await views(office) != before_that


# -- persons ----------------------------------------------------------------------------------------------------


async def test_a_restricted_persons_record_stays(office: Office) -> None:
    first = await imported(office, NEW)
    (id,) = await opportunities(office)
    contact = (await loaded(office, id)).standing["contact_id"]
    with as_tenant(office.tenant_id):
        assert await office.vault.restrict(office.tenant_id, contact)
    records, problems = await undone(office, first)
    assert records["opportunity"] == (0, 0, 1)
    assert problems[("opportunity", "person_restricted")] == 1
    with as_tenant(office.tenant_id):
        await office.vault.restrict(office.tenant_id, contact, restricted=False)
    records, problems = await undone(office, first)
    assert (records["opportunity"], problems) == ((1, 0, 0), Counter())
    with as_tenant(office.tenant_id):
        assert (await office.vault.subjects(office.tenant_id, [contact]))[contact].erased


async def test_whoever_comes_back_with_the_file_has_a_new_place_in_the_vault(office: Office) -> None:
    first = await imported(office, NEW)
    (id,) = await opportunities(office)
    before = (await loaded(office, id)).standing
    await undone(office, first)
    await imported(office, NEW)
    (again,) = await opportunities(office)
    after = (await loaded(office, again)).standing
    assert again != id
    for field, name in (("owner_id", "Li Lei"), ("contact_id", "Wang")):
        assert after[field] != before[field]
        with as_tenant(office.tenant_id):
            known = await office.vault.known(office.tenant_id, [before[field], after[field]])
        assert {key: text["name"] for key, text in known.items()} == {after[field]: name}


async def test_what_an_undone_account_held_can_be_held_by_another(office: Office) -> None:
    first = await imported(office, NEW | {"customer": CREDIT_CODE}, mapping=FOUND)
    await undone(office, first)
    opened = Account.open(
        uuid4(), OpenAccount(name="Theirs", credit_code=CREDIT_CODE), owner_id=None, unit_id=None, at=NOW
    )
    id = await kept(office, opened, *account_claims(opened.standing))
    await imported(office, NEW | {"customer": CREDIT_CODE}, mapping=FOUND)
    (deal,) = await opportunities(office)
    assert (await loaded(office, deal)).standing["account_id"] == id


# -- any order, any moment --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_files_undone_from_the_last_to_the_first_leave_what_stood_before_each(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    stages = ("new", "won", "delivered", "lost", "frozen", "gone")

    def row(number: int) -> dict[str, str]:
        return {
            "no": str(number), "customer": chance.choice(("City Cabs", "Green Taxi", "")),
            "owner": chance.choice(("Li Lei", "Han Mei", "")), "product": chance.choice(("A6L", "Q5")),
            "price": chance.choice(("1", "2")), "level": chance.choice(("", "hot", "warm")),
            "stage": chance.choice(stages), "title": chance.choice(("a", "b")),
            "closed": chance.choice(("2025-04-01", "2025-04-02")), "delivered": "2025-05-01",
        }  # fmt: skip

    snapshots: list[tuple[Operation, dict[str, list[str]]]] = []
    for number in range(3):
        before = await views(office)
        rows = [row(number) for number in range(1, 7)]
        operation = await office.run(sheet(*rows), MAPPING, at=NOW + timedelta(days=number))
        snapshots.append((operation, before))
    for operation, before in reversed(snapshots):
        _, problems = await undone(office, operation)
        assert not problems
        assert await views(office) == before


SCRIPT = """
import asyncio
from services import work
from services.imports import undo
undo.ITEMS_AT_ONCE = 3
undo.EVENTS_AT_ONCE = 2
undo.AT_ONCE = 1
asyncio.run(work.run(("operations",)))
"""


async def worker(office: Office, **environment: str) -> asyncio.subprocess.Process:
    """A real one; the views fold here."""
    given = os.environ | {
        "DATABASE_URL": office.store.database_url,
        "DAKEHU_DATA": str(office.settings.data),
        "DAKEHU_WORK_PORT": "0",
        **environment,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, cwd=CHECKOUT, env=given, stdout=asyncio.subprocess.DEVNULL
    )


@pytest.mark.slow
async def test_a_killed_undo_goes_on_to_the_same_end_and_takes_nothing_back_twice(office: Office) -> None:
    before = await views(office)
    first = await imported(office, *LIVES)
    facts = sum(fact.metadata.get("operation") == str(first.operation_id) for fact in await office.log())
    undo_id = await queued(office, first)
    for point in ("operation.appended", "operation.appended:2", "operation.appended:3"):
        process = await worker(office, DAKEHU_FAULT=point)
        assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == -9
    process = await worker(office)
    try:
        async with folding(office.store), asyncio.timeout(PATIENCE_SECONDS):
            while True:
                done = await get_operation(office.store.all_tenants, office.tenant_id, undo_id)
                assert done is not None
                if done.finished:
                    break
                await asyncio.sleep(0.05)
    finally:
        process.terminate()
        await process.wait()
    assert (done.state, done.error, done.attempts, done.problems) == ("done", None, 4, 0)
    assert done.result is not None
    assert [one["removed"] for one in done.result["records"]] == [4, 2, 2, 2]
    voids = [fact for fact in await office.log() if fact.metadata.get("operation") == str(undo_id)]
    assert {fact.type for fact in voids} == {"FactVoided"}
    assert len(voids) == len({(fact.stream_id, fact.data["version"]) for fact in voids}) == facts
    assert await views(office) == before
    assert await texts(office) == 1
