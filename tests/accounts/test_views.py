"""Views of the accounts service: folded in any split they say what plain Python says."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.accounts.account import Account
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
from services.accounts.events import KEY_PERSON_FIELD, Function, Layer, TeamRole, UnitKind
from services.accounts.organisation import CloseUnit, MoveUnit, OpenUnit, Unit
from services.accounts.person import ChangeFunctions, JoinPerson, Leave, Person, PostTo, ReportTo
from services.accounts.person_commands import AppointDeputy, DismissDeputy
from services.accounts.views.accounts import ACCOUNTS
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from shared.event_store.stream import Refused, Stream
from shared.names import comparable
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.accounts.log import Log, standings

START = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = ("华东物流", "Cafe\u0301  Express", " ACME ", "龘腾科技")


def a_log(seed: int) -> Log:
    """Two branches, people who move between them, accounts whose facts arrive late, are corrected and voided."""
    chance = random.Random(seed)
    log = Log(uuid4())
    root = Unit.open_root(uuid4(), code="HQ", name="总部", at=START)
    branches = [
        Unit.open(uuid4(), OpenUnit(code=code, name=f"{code}店", kind=UnitKind.BRANCH, parent_id=root.id), at=START)
        for code in ("SH", "BJ")
    ]
    units: list[Unit] = [root, *branches]
    people: list[Person] = []
    accounts: list[Account] = []
    for unit in units:
        log.take(unit)

    def when(stream: Stream) -> datetime:
        return stream.ledger[1].occurred_at + timedelta(hours=chance.randint(0, 5_000))

    def step() -> Stream:
        unit = chance.choice(units)
        match chance.choice(("unit", "move", "close", "join", *["person"] * 4, "open", *["account"] * 9, "mend")):
            case "unit":
                code = f"T{len(units)}"
                command = OpenUnit(code=code, name=code, kind=UnitKind.TEAM, parent_id=unit.id)
                units.append(Unit.open(uuid4(), command, at=START + timedelta(days=len(units))))
                return units[-1]
            case "move":
                unit.move(MoveUnit(parent_id=chance.choice(branches).id), path=(), at=when(unit))
                return unit
            case "close":
                unit.close(CloseUnit(), open_units=0, people=0, at=when(unit))
                return unit
            case "person" if people:
                person = chance.choice(people)
                change(person, chance, units, people, when(person))
                return person
            case "account" if accounts and people:
                account = chance.choice(accounts)
                change_account(account, chance, units, people, accounts, when(account))
                return account
            case "mend":
                stream = chance.choice([*people, *accounts, *units])
                mend(stream, chance)
                return stream
            case "open":
                owner = chance.choice(people).id if people else None
                opening = OpenAccount(
                    name=chance.choice(NAMES), kinds=("industry",), external_refs={"erp": str(uuid4())}
                )
                at = START + timedelta(days=chance.randint(0, 300))
                accounts.append(Account.open(uuid4(), opening, owner_id=owner, unit_id=unit.id, at=at))
                return accounts[-1]
            case _:
                joining = JoinPerson(name="某人", functions=(Function.REPRESENTATIVE,), unit_id=unit.id)
                people.append(Person.join(uuid4(), joining, at=START + timedelta(days=chance.randint(0, 200))))
                return people[-1]

    for _ in range(150):
        with suppress(Refused):
            log.take(step())
    return log


def change(person: Person, chance: random.Random, units: list[Unit], people: list[Person], at: datetime) -> None:
    match chance.randint(0, 6):
        case 5:
            first = at.date()
            command = AppointDeputy(deputy_id=chance.choice(people).id, until=first + timedelta(days=20))
            person.appoint_deputy(command, today=first, at=at)
        case 6:
            for deputy in person.deputies():
                person.dismiss_deputy(DismissDeputy(deputy_id=deputy), at=at)
        case 0:
            person.report_to(ReportTo(unit_id=chance.choice(units).id), superiors=(), at=at)
        case 1:
            person.report_to(ReportTo(person_id=chance.choice(people).id), superiors=(), at=at)
        case 2:
            person.post_to(PostTo(unit_id=chance.choice(units).id), at=at)
        case 3:
            person.change_functions(
                ChangeFunctions(functions=tuple(chance.sample(list(Function), chance.randint(1, 3)))), at=at
            )
        case _ if chance.random() < 0.3:
            person.leave(Leave(), at=at)


def change_account(
    account: Account,
    chance: random.Random,
    units: list[Unit],
    people: list[Person],
    accounts: list[Account],
    at: datetime,
) -> None:
    person = chance.choice(people).id
    match chance.randint(0, 6):
        case 0:
            account.change(ChangeAccount(name=chance.choice(NAMES), kinds=("national", "channel")), ancestors=(), at=at)
        case 1:
            account.change(
                ChangeAccount(parent_id=chance.choice(accounts).id, sector="物流", revenue="12.50", needs=None),
                ancestors=(),
                at=at,
            )
        case 2:
            account.assign_owner(AssignOwner(owner_id=person), unit_id=chance.choice(units).id, at=at)
        case 3:
            roles = chance.sample(list(TeamRole), 2)
            team = SetSupportTeam(members=tuple(Member(person_id=person, role=role) for role in roles))
            account.set_support_team(team, at=at)
        case 4:
            entry = AddKeyPerson(name="王总", layer=chance.choice(list(Layer)), post="总经理")
            account.add_key_person(entry, person_id=uuid4(), at=at)
        case 5 if account.key_persons():
            key_person = chance.choice(account.key_persons()).person_id
            account.change_key_person(ChangeKeyPerson(person_id=key_person, layer=Layer.USE), personal=(), at=at)
        case _ if account.key_persons():
            key_person = chance.choice(account.key_persons()).person_id
            account.remove_key_person(RemoveKeyPerson(person_id=key_person), at=at)


def mend(stream: Stream, chance: random.Random) -> None:
    version = chance.randint(1, stream.version)
    now = START + timedelta(days=400)
    entry = stream.ledger.get(version)
    if chance.random() < 0.5 or entry is None:
        stream.void_fact(version, reason="错录", at=now)
        return
    earlier = entry.occurred_at - timedelta(hours=chance.randint(0, 100)) if version > 1 else None
    if isinstance(stream, Account) and "name" in entry.changes:
        changes: dict[str, Any] = {"name": chance.choice(NAMES)}
        stream.correct(CorrectFact(version=version, changes=changes, reason="错字"), at=now)
    elif earlier is not None and earlier > stream.ledger[1].occurred_at:
        stream.correct_fact(version, {}, occurred_at=earlier, reason="日期", at=now)


def plain(row: asyncpg.Record) -> dict[str, Any]:
    """A row without its tenant, ids as text, JSON read."""
    found = {}
    for name, value in row.items():
        if name == "tenant_id":
            continue
        if isinstance(value, str) and name in ("external_refs", "file", "key_persons", "support_team", "deputies"):
            value = msgspec.json.decode(value)
        if isinstance(value, list):
            value = [str(item) if isinstance(item, UUID) else item for item in value]
        found[name] = str(value) if isinstance(value, UUID) else value
    return found


def unit_row(standing: dict[str, Any]) -> dict[str, Any]:
    return {name: standing[name] for name in ("code", "name", "kind", "parent_id", "status")}


def person_row(standing: dict[str, Any], joined_at: datetime) -> dict[str, Any]:
    names = ("functions", "unit_id", "reports_to_unit_id", "reports_to_person_id", "external_refs", "status")
    deputies = {name[7:]: days for name, days in standing.items() if name.startswith("deputy.") and days is not None}
    return {name: standing[name] for name in names} | {"joined_at": joined_at, "deputies": deputies}


COLUMNS = (
    "name", "kinds", "sector", "credit_code", "owner_id", "unit_id", "parent_id", "channel", "grade", "relationship",
    "region", "city", "external_refs",
)  # fmt: skip


def account_row(standing: dict[str, Any], opened_at: datetime, owner_since: datetime | None) -> dict[str, Any]:
    team = standing.get("support_team", [])
    persons = [v for k, v in sorted(standing.items()) if k.startswith(KEY_PERSON_FIELD) and v is not None]
    file = {
        name: value
        for name, value in standing.items()
        if value is not None and name not in (*COLUMNS, "support_team") and not name.startswith(KEY_PERSON_FIELD)
    }
    return {name: standing[name] for name in COLUMNS} | {
        "opened_at": opened_at,
        "name_key": comparable(standing["name"]),
        "owner_since": owner_since,
        "support_team": team,
        "team": sorted({member["person_id"] for member in team}),
        "file": file,
        "key_persons": persons,
        "layers": sorted({person["layer"] for person in persons}),
    }


def oracle(log: Log, stream_type: str) -> list[dict[str, Any]]:
    rows = []
    for stream in log.streams.values():
        if stream.stream_type != stream_type:
            continue
        opened_at = standings(stream)[0][0].occurred_at
        owner, since = None, None
        for entry, to_at, standing in standings(stream):
            match stream:
                case Unit():
                    said = unit_row(standing)
                case Person():
                    said = person_row(standing, opened_at)
                case _:
                    if standing["owner_id"] != owner:
                        owner, since = standing["owner_id"], entry.occurred_at
                    said = account_row(standing, opened_at, since if owner else None)
            key = {"stream_id": str(stream.id), "version": entry.version, "from_at": entry.occurred_at, "to_at": to_at}
            rows.append(key | said)
    return sorted(rows, key=lambda row: (row["stream_id"], row["version"]))


@pytest.mark.parametrize("seed", range(4))
async def test_folded_in_any_split_the_views_say_what_plain_python_says(
    pool: asyncpg.Pool[asyncpg.Record], seed: int
) -> None:
    log, other = a_log(seed), a_log(seed + 100)
    await log.write(pool)
    await other.write(pool)
    for tenant in (log, other):
        await fold_in_random_splits(pool, (UNITS, PEOPLE, ACCOUNTS), tenant.tenant_id, seed=seed)
        await assert_live_equals_rebuild(pool, (UNITS, PEOPLE, ACCOUNTS), tenant.tenant_id)
        for view, stream_type in ((UNITS, "unit"), (PEOPLE, "person"), (ACCOUNTS, "account")):
            rows = [plain(row) for row in await stored_rows(pool, view, tenant.tenant_id)]
            assert len(rows) > 3
            assert rows == oracle(tenant, stream_type)


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_known_at_any_position_is_still_told(pool: asyncpg.Pool[asyncpg.Record], seed: int) -> None:
    log = a_log(seed)
    await log.write(pool)
    await fold_all(pool, (UNITS, PEOPLE, ACCOUNTS))
    for position in random.Random(seed).sample(range(1, len(log.entries)), 4):
        then = log.known_at(position)
        for view, stream_type in ((UNITS, "unit"), (PEOPLE, "person"), (ACCOUNTS, "account")):
            relation = source(view, known_at="$2")
            rows = await pool.fetch(
                f"select * from {relation} r where tenant_id = $1 order by stream_id, version", log.tenant_id, position
            )
            assert [plain(row) for row in rows] == oracle(then, stream_type)
