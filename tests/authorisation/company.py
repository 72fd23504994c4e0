"""Who works where in the company of these tests, and to whom they report. The same ids in every tenant; no database.

Head office, three regions of three branches, two teams; representatives of head office who work at a branch, a deputy,
somebody who moved, somebody who left, a line of persons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from services.accounts.events import Function as F
from services.accounts.events import UnitKind
from services.accounts.organisation import MoveUnit, OpenUnit, Unit
from services.accounts.person import ChangeFunctions, JoinPerson, Leave, Person, PostTo, ReportTo
from services.accounts.person_commands import AppointDeputy
from shared.event_store.stream import Stream

NAMESPACE = UUID(int=20_260)
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday, nine in the morning in Shanghai."""
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
CHANGED = datetime(2025, 7, 1, tzinfo=UTC)
"""When units and people moved."""
LATER = date(2026, 12, 31)

REGIONS = tuple(f"r{r}" for r in range(3))
BRANCHES = tuple(f"b{r}{b}" for r in range(3) for b in range(3))


def id_of(name: str) -> UUID:
    """The id of what is called so: the same in every tenant."""
    return uuid5(NAMESPACE, name)


UNITS: dict[str, tuple[UnitKind, str | None]] = {
    "hq": (UnitKind.HEAD_OFFICE, None),
    "ka": (UnitKind.DEPARTMENT, "hq"),
    **dict.fromkeys(REGIONS, (UnitKind.REGION, "hq")),
    **{branch: (UnitKind.BRANCH, f"r{branch[1]}") for branch in BRANCHES},
    "t00": (UnitKind.TEAM, "b00"),
    "t11": (UnitKind.TEAM, "b11"),
}
MOVED_UNITS = {"b22": "r1"}
"""Units that stand under another since `CHANGED`."""


@dataclass(frozen=True)
class Member:
    """One person: functions, unit joined, then, if said, whom they report to and where they were posted."""

    functions: tuple[F, ...]
    unit: str
    reports_to: str | None = None
    boss: str | None = None
    posted: str | None = None
    functions_later: tuple[F, ...] = ()
    left: bool = False
    deputies: tuple[str, ...] = ()

    @property
    def functions_now(self) -> tuple[F, ...]:
        return self.functions_later or self.functions

    @property
    def unit_now(self) -> str:
        return self.posted or self.unit


def _members() -> Iterator[tuple[str, Member]]:
    rep = (F.REPRESENTATIVE,)
    for name in ("director", "head_office", "auditor", "tenant_admin", "operations", "integration", "hr", "finance"):
        yield name, Member((F(name),), "hq")
    for region in REGIONS:
        yield f"{region}.manager", Member((F.REGIONAL_MANAGER,), region)
    for branch in BRANCHES:
        yield f"{branch}.manager", Member((F.BRANCH_MANAGER,), branch, deputies=_deputies(branch))
        yield f"{branch}.head", Member((F.DEPARTMENT_HEAD,), branch)
        yield f"{branch}.office", Member((F.BACK_OFFICE,), branch)
        yield f"{branch}.a", Member(rep, branch, deputies=("deputy",) if branch == "b00" else ())
        yield f"{branch}.b", Member(rep, branch)
    yield "t00.head", Member((F.DEPARTMENT_HEAD,), "t00")
    yield "t00.rep", Member(rep, "t00")
    yield "t11.rep", Member(rep, "t11")
    # head office's own people at the branches: head office's line, the branch's place of work
    yield "ka.head", Member((F.DEPARTMENT_HEAD,), "ka")
    yield "ka.rep", Member(rep, "ka", posted="b00")
    yield "ka.rep2", Member(rep, "ka", posted="b21")
    yield "ka.tech", Member((F.TECHNICAL_SUPPORT,), "ka")
    yield "former", Member(rep, "b00")
    yield "deputy", Member(rep, "b12")
    yield "second", Member(rep, "b20")
    yield "mover", Member(rep, "b02", reports_to="b10", posted="b10")
    yield "risen", Member(rep, "b20", functions_later=(F.DEPARTMENT_HEAD,))
    yield "leaver", Member(rep, "b21", left=True)
    # a line of persons, across branches: senior has no function over any unit
    yield "senior", Member(rep, "b01")
    yield "junior", Member(rep, "b02", boss="senior")
    yield "newest", Member(rep, "b11", boss="junior")


def _deputies(branch: str) -> tuple[str, ...]:
    return ("second",) if branch == "b11" else ()


MEMBERS: dict[str, Member] = dict(_members())


def superiors(name: str) -> Iterator[str]:
    """The persons above, nearest first."""
    boss = MEMBERS[name].boss
    while boss is not None:
        yield boss
        boss = MEMBERS[boss].boss


def units(mark: str) -> Iterator[Stream]:
    """The units; names begin with the tenant's mark."""
    for name, (kind, parent) in UNITS.items():
        id = id_of(name)
        if parent is None:
            yield Unit.open_root(id, code=name, name=f"{mark}总部", at=BEGINNING)
            continue
        opening = OpenUnit(code=name, name=f"{mark}{name}", kind=kind, parent_id=id_of(parent))
        unit = Unit.open(id, opening, at=BEGINNING)
        if (under := MOVED_UNITS.get(name)) is not None:
            unit.move(MoveUnit(parent_id=id_of(under)), path=(id_of(under), id_of("hq")), at=CHANGED)
        yield unit


def people() -> Iterator[Person]:
    """The people; their names are the vault's."""
    for name, member in MEMBERS.items():
        joining = JoinPerson(name=name, functions=member.functions, unit_id=id_of(member.unit))
        person = Person.join(id_of(name), joining, at=BEGINNING)
        if member.boss is not None:
            above = (id_of(member.boss), *map(id_of, superiors(member.boss)))
            person.report_to(ReportTo(person_id=id_of(member.boss)), superiors=above, at=CHANGED)
        if member.reports_to is not None:
            person.report_to(ReportTo(unit_id=id_of(member.reports_to)), superiors=(), at=CHANGED)
        if member.posted is not None:
            person.post_to(PostTo(unit_id=id_of(member.posted)), at=CHANGED)
        if member.functions_later:
            person.change_functions(ChangeFunctions(functions=member.functions_later), at=CHANGED)
        for deputy in member.deputies:
            appointing = AppointDeputy(deputy_id=id_of(deputy), until=LATER)
            person.appoint_deputy(appointing, today=NOW.date(), at=NOW)
        if member.left:
            person.leave(Leave(), at=CHANGED)
        yield person
