"""Who asks a report, of which instant, as known when; and one statement with its parameters. Reads no clock.

A service gives its views (`ServiceViews`); `Sql` fills them into statements. No SQL of any report stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.days import day_of
from shared.identity.sight import Sight
from shared.identity.subtree import Tree, below
from shared.projections.view import View, source


class Reads(Protocol):
    """What a report needs of an asyncpg pool or connection, with jsonb decoded."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...

    async def fetchrow(self, query: str, *args: Any) -> Any: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asking:
    """One question: of a tenant, at an instant of business time, with what `sight` shows.

    `known_at` is a position: only what the log held up to there counts. None: all it holds now. `latest`: the latest
    standing is asked for, whatever the clocks of the machines that recorded it said; `at` then gives the day alone.
    `tree`: units are rolled up as they stood at `tree_at` (None: the latest) as known then, or as they stand now.
    """

    tenant_id: UUID
    zone: ZoneInfo
    at: datetime
    sight: Sight
    known_at: int | None = None
    latest: bool = False
    tree: Tree = "then"
    tree_at: datetime | None = None
    tree_of: Asking | None = None
    """The question whose tree is taken, where that is not this one's: known at another time."""

    @property
    def is_present(self) -> bool:
        """Whether what is shown is what stands now, as known now."""
        return self.latest and self.known_at is None

    @property
    def day(self) -> date:
        """The calendar day of the instant, in the tenant's zone."""
        return day_of(self.at, self.zone)


class Sql:
    """Numbers the parameters of one statement and fills in its relations. `$1` is the tenant.

    In a statement `{standings}` is the view of that name as the question knows it (table, or refolded for
    `known_at`); `{at}`, `{day}` and `{zone}` are the question's; other parts are given to `text`. A subclass names the
    views of its service: all of them, the units, and of which accounts somebody is in the support team.
    """

    units: ClassVar[View]
    supported: ClassVar[str]
    """A predicate in which `{account}` stands for an account's id and `{{persons}}` for who is looking."""

    @classmethod
    def views(cls) -> Sequence[View]:
        """All views of the service."""
        raise NotImplementedError

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.values: list[Any] = [asking.tenant_id]
        self._names: dict[str, str] = {}

    def __call__(self, value: Any) -> str:
        """A parameter of its own for this value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def text(self, statement: str, **parts: str) -> str:
        """The statement with its relations and parts filled in."""
        relations = {view.name.partition(".")[2]: _Part(partial(self._relation, view)) for view in self.views()}
        fixed = {name: _Part(partial(self.named, name)) for name in ("at", "day", "zone")}
        return statement.format_map({**relations, **fixed, **parts})

    def named(self, name: str) -> str:
        """The parameter of the question's instant (`at`), `day` or `zone`: one for all its uses."""
        asking = self.asking
        if name == "at" and asking.latest:
            return "'infinity'::timestamptz"
        if name not in self._names:
            match name:
                case "at":
                    self._names[name] = self(asking.at) + "::timestamptz"
                case "day":
                    self._names[name] = self(asking.day) + "::date"
                case "zone":
                    self._names[name] = self(asking.zone.key) + "::text"
                case "known_at":
                    self._names[name] = self(asking.known_at) + "::bigint"
                case _:
                    raise KeyError(name)
        return self._names[name]

    def holds(self, alias: str) -> str:
        """The predicate that a row of an interval view holds at the instant asked about."""
        if self.asking.latest:
            return f"{alias}.tenant_id = $1 and {alias}.to_at is null"
        at = self.named("at")
        return f"{alias}.tenant_id = $1 and {alias}.from_at <= {at} and ({alias}.to_at is null or {alias}.to_at > {at})"

    def counted(self, alias: str, *, account: str | None = None) -> str:
        """Sight for figures: owner and unit of this row, as they were at its time; support teams as they are now."""
        if self.asking.sight.everything:
            return "true"
        ways = self.ways(alias, account=account)
        return f"({' or '.join(ways)})" if ways else "false"

    def ways(self, alias: str, *, account: str | None = None) -> Sequence[str]:
        """The same, for who does not see everything, as the predicates of which one must hold."""
        supported = self.supported.format(account=account or f"{alias}.account_id")
        said, given = self.asking.sight.ways(
            len(self.values) + 1, owner=f"{alias}.owner_id", unit=f"{alias}.unit_id", supported=supported
        )
        self.values.extend(given)
        return said

    def below(self, unit: str, root: UUID) -> str:
        """The predicate that a unit is this one or below it, along the tree asked for."""
        units, holds = self.tree("u")
        return below(unit, root=self(root), units=units, holds=holds)

    def tree(self, alias: str) -> tuple[str, str]:
        """The relation of units and which of its rows are the tree asked for."""
        asking = self.asking.tree_of or self.asking
        if asking.tree == "now":
            return self.units.table, f"{alias}.tenant_id = $1 and {alias}.to_at is null"
        relation = self.along(self.units)
        if asking.tree_at is None:
            return relation, f"{alias}.tenant_id = $1 and {alias}.to_at is null"
        if "tree_at" not in self._names:
            self._names["tree_at"] = self(asking.tree_at) + "::timestamptz"
        at = self._names["tree_at"]
        holds = (
            f"{alias}.tenant_id = $1 and {alias}.from_at <= {at} and ({alias}.to_at is null or {alias}.to_at > {at})"
        )
        return relation, holds

    def along(self, view: View) -> str:
        """A view that figures are rolled up by, as the question whose tree is taken knows it."""
        known_at = (self.asking.tree_of or self.asking).known_at
        if known_at == self.asking.known_at:
            return self._relation(view)
        return source(view, tenant="$1", known_at=None if known_at is None else f"{self(known_at)}::bigint")

    def _relation(self, view: View) -> str:
        known_at = None if self.asking.known_at is None else self.named("known_at")
        return source(view, tenant="$1", known_at=known_at)


class _Part:
    """Text of a statement that is made, and its parameters numbered, only where it is used."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def __format__(self, _: str) -> str:
        return self._make()


def money(value: Decimal | None) -> str | None:
    """Decimal text, as amounts are answered: no exponent, at least two decimals."""
    if value is None:
        return None
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        value = value.quantize(Decimal("0.01"))
    return format(value, "f")


def rounded(value: Decimal | float | None, places: int = 6) -> float | None:
    """A ratio or mean, as answered."""
    return None if value is None else round(float(value), places)


Row = dict[str, Any]
Names = Mapping[UUID, str]
