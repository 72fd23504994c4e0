"""Who sees an event, as a predicate in SQL over the log itself. Builds text; asks nothing.

An event's row is called by an alias with `tenant_id`, `position`, `stream_type`, `stream_id` and, beside it, `standing`
(jsonb). A record that hangs on another has the scope of that one as it stood at the position asked about: its latest
event up to there, found by (tenant, stream, version).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from shared.feed.scopes import COMPANY, ITSELF, Scope, Scopes, Through
from shared.identity.sight import Sight

OF_THESE = " ? (@ == $who[*])"

# The latest event of a record up to a position. A record has few events after it, as a rule none.
AT = """exists (
 select from (select stream_type, data -> 'standing' as standing from es.events
  where tenant_id = $1 and stream_id = {id} and position <= {at} order by version desc limit 1) as {a}
 where {seen})"""
ANY_OF = "exists (select from jsonb_array_elements_text({list}) as {a}i (id) where {seen})"
LANE = """when {a}.stream_type in ({kinds}) then coalesce((
    select coalesce({fields}) from es.events as f
     where f.tenant_id = $1 and f.stream_id = {a}.stream_id and f.version = 1)::uuid, {a}.stream_id)"""

Put = Callable[[Any], str]
"""A parameter of its own for this value: `$3`."""


class Seeing:
    """The predicates of one sight over one declaration of scopes.

    `open`: whether what is open to everybody counts; not where only records of some units are wanted.
    """

    def __init__(self, scopes: Scopes, sight: Sight, put: Put, *, open: bool = True) -> None:
        self._scopes = scopes
        self._sight = sight
        self._open = open
        self._put = put
        self._aliases = 0
        self._names: dict[object, str] = {}

    def _keys(self, name: object, ids: Collection[object]) -> str:
        """The parameter that holds these ids, made where it is first used: keys of an object are looked up in order,
        an array would be gone through for every event."""
        if name not in self._names:
            self._names[name] = f"{self._put(dict.fromkeys(sorted(map(str, ids))))}::jsonb"
        return self._names[name]

    def event(self, alias: str, at: str) -> str:
        """The predicate that a row is seen as it stood at this position. Never null."""
        if self._sight.everything:
            return "true"
        return f"coalesce({self._record(alias, at, self._scopes)}, false)"

    def _record(self, alias: str, at: str, kinds: Iterable[str]) -> str:
        """The same for a record of one of these kinds; null where a field is missing."""
        alike: dict[Scope, list[str]] = {}
        for kind in sorted(kinds):
            alike.setdefault(replace(self._scopes.get(kind, COMPANY), lane=()), []).append(kind)
        cases = [
            (f"{alias}.stream_type in ({', '.join(map(_quoted, kinds))})", said)
            for scope, kinds in alike.items()
            if (said := self._scope(scope, alias, at)) != "false"
        ]
        if len(cases) == 1:
            return "({} and {})".format(*cases[0])
        return f"case {' '.join(f'when {kind} then {said}' for kind, said in cases)} end" if cases else "false"

    def _scope(self, scope: Scope, alias: str, at: str) -> str:
        if scope.open and self._open:
            return "true"
        said = self._ways(scope, alias, at)
        for way in reversed(scope.through):
            followed = self._followed(way, alias, at)
            if said == followed:
                continue
            said = f"case when {_set(alias, way)} then {followed} else {said} end"
        return _any([*self._persons(scope, alias), said])

    def _ways(self, scope: Scope, alias: str, at: str) -> str:
        """By its own owner and unit, and the support team of its account."""
        said = []
        sight = self._sight
        if scope.owner is not None and sight.owners:
            said.append(f"{self._keys('owners', sight.owners)} ? {_field(alias, scope.owner)}")
        if scope.unit is not None and sight.unit_ids:
            said.append(f"{self._keys('units', sight.unit_ids)} ? {_field(alias, scope.unit)}")
        if scope.unit is not None and (posted := _posted(sight, scope.posted)):
            nobodys = "true" if scope.owner is None else f"{_field(alias, scope.owner)} is null"
            said.append(f"({nobodys} and {self._keys(scope.posted, posted)} ? {_field(alias, scope.unit)})")
        account = self._scopes.get("account", COMPANY)
        if scope.supported is not None and (persons := account.persons) and sight.selves:
            name = self._alias()
            supports = _any(self._persons(Scope(persons=persons), name))
            id = f"{_field(alias, scope.supported)}::uuid"
            said.append(f"({_field(alias, scope.supported)} is not null and {self._at(name, id, at, supports)})")
        return _any(said)

    def _persons(self, scope: Scope, alias: str) -> list[str]:
        if not scope.persons or not self._sight.selves:
            return []
        if "selves" not in self._names:
            self._names["selves"] = f"{self._put({'who': sorted(map(str, self._sight.selves))})}::jsonb"
        who = self._names["selves"]
        return [f"jsonb_path_exists({alias}.standing, {_quoted(path + OF_THESE)}, {who})" for path in scope.persons]

    def _followed(self, way: Through, alias: str, at: str) -> str:
        name = self._alias()
        seen = self._record(name, at, way.kinds)
        if seen == "false":
            return seen
        if not way.many:
            return self._at(name, f"{_field(alias, way.field)}::uuid", at, seen)
        each = self._at(name, f"{name}i.id::uuid", at, seen)
        return ANY_OF.format(list=f"{alias}.standing -> {_quoted(way.field)}", a=name, seen=each)

    def _at(self, name: str, id: str, at: str, seen: str) -> str:
        return AT.format(a=name, id=id, at=at, seen=seen)

    def _alias(self) -> str:
        self._aliases += 1
        return f"r{self._aliases}"


def _posted(sight: Sight, functions: frozenset[str]) -> set[str]:
    return {str(seat.unit_id) for seat in sight.seats if seat.unit_id is not None and seat.has(functions)}


def _field(alias: str, field: str) -> str:
    return f"{alias}.stream_id::text" if field == ITSELF else f"({alias}.standing ->> {_quoted(field)})"


def _set(alias: str, way: Through) -> str:
    """Whether the field holds an id, or a list of them any."""
    field = f"{alias}.standing -> {_quoted(way.field)}"
    many = f"jsonb_typeof({field}) = 'array' and {field} <> '[]'"
    return many if way.many else f"{_field(alias, way.field)} is not null"


def _any(said: Sequence[str]) -> str:
    held = [one for one in said if one != "false"]
    if not held:
        return "false"
    return held[0] if len(held) == 1 else f"({' or '.join(held)})"


def _quoted(text: str) -> str:
    """A constant of ours as SQL text."""
    return "'" + text.replace("'", "''") + "'"


def lane(scopes: Scopes, alias: str) -> str:
    """The id of the account or opportunity whose order an event keeps, as the first event of its stream named it.

    As the first one: a record that is moved to another keeps one lane all its life, and so its own order.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for kind, scope in sorted(scopes.items()):
        if scope.lane:
            alike.setdefault(scope.lane, []).append(kind)
    cases = [
        LANE.format(kinds=", ".join(map(_quoted, kinds)), fields=", ".join(map(_first, fields)), a=alias)
        for fields, kinds in alike.items()
    ]
    return f"case {' '.join(cases)} else {alias}.stream_id end" if cases else f"{alias}.stream_id"


def _first(field: str) -> str:
    """The id a field of the first standing holds, the first of a list."""
    value = f"f.data -> 'standing' -> {_quoted(field)}"
    return f"case jsonb_typeof({value}) when 'array' then {value} ->> 0 when 'string' then {value} #>> '{{}}' end"


def fields(scopes: Scopes) -> frozenset[str]:
    """The standing fields on which it depends who sees any record."""
    return frozenset().union(*(scope.fields for scope in scopes.values()))
