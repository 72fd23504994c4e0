"""What a view is, and the SQL around it. Text only: no connection, no clock.

A view is one SELECT over corrected facts. The same text folds live, rebuilds, answers `known_at` and verifies;
only the streams it looks at (`touched`) differ. All rows of a view belong to one stream, so folding again means:
delete the rows of the touched streams and insert what the SELECT gives for them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")

# `offset 0` keeps each LATERAL a loop over the touched streams with one index probe each. Without it the planner,
# who cannot know how narrow a range of positions is, may join the whole log.
CORRECTED_FACTS = """
span(tenant_id, after, upto) as (
    select distinct tenant_id, 0::bigint, upto from touched
),
mended as materialized (
    select t.tenant_id, t.stream_id, t.upto, coalesce(v.versions, '{{}}') as voided, c.fixes
      from touched t
      cross join lateral (
        select array_agg((e.data ->> 'version')::int) as versions
          from es.events e
         where e.tenant_id = t.tenant_id and e.stream_id = t.stream_id and e.position <= t.upto
           and e.type = 'FactVoided' {kept}
      ) v
      cross join lateral (
        select jsonb_object_agg(x.version, x.fix) as fixes
          from (select e.data ->> 'version' as version,
                       jsonb_build_object(
                           'changes', es.merge(e.data -> 'changes' order by e.version),
                           'occurred_at', (array_agg(e.data ->> 'occurred_at' order by e.version desc)
                                           filter (where e.data ->> 'occurred_at' is not null))[1]) as fix
                  from es.events e
                 where e.tenant_id = t.tenant_id and e.stream_id = t.stream_id and e.position <= t.upto
                   and e.type = 'FactCorrected'
                   and e.version <> all (coalesce(v.versions, '{{}}')) {kept}
                 group by 1) x
      ) c
),
corrected_facts as (
    select f.*
      from mended t
      cross join lateral (
        select e.tenant_id, e.stream_type, e.stream_id, e.version, e.position, e.type, e.schema_version,
               case when x.fix is null then e.occurred_at
                    else coalesce((x.fix ->> 'occurred_at')::timestamptz, e.occurred_at) end as occurred_at,
               case when x.fix is null then u.data -> 'changes'
                    else (u.data -> 'changes') || (x.fix -> 'changes') end as changes,
               u.data, e.metadata, e.recorded_at, b.recorded_at as first_recorded_at
          from es.events e
          cross join lateral (select t.fixes -> e.version::text as fix) x
          {upcasts}
          left join es.events b
            on b.tenant_id = t.tenant_id and b.stream_id = t.stream_id and b.version = 1
         where e.tenant_id = t.tenant_id and e.stream_id = t.stream_id and e.position <= t.upto
           and e.type not in ('FactCorrected', 'FactVoided') and e.version <> all (t.voided) {kept}
        offset 0
      ) f
)"""

# Streams given by the caller: the live fold. Part of every definition: reworded, it makes every released view another.
TOUCHED_GIVEN = "select * from unnest($1::uuid[], $2::uuid[], $3::bigint[])"

# Of these, those with rows at all: where a view's rows are born of few kinds of facts, most streams have none.
TOUCHED_BORN = """
    select t.* from ({touched}) as t(tenant_id, stream_id, upto)
     where exists (select from es.events b
                    where b.tenant_id = t.tenant_id and b.stream_id = t.stream_id and b.type in ({born_of})
                   offset 0)"""

# All streams of a tenant within a range of stream ids: rebuild and verification, chunk by chunk.
TOUCHED_RANGE = """
    select e.tenant_id, e.stream_id, {upto}
      from es.events e
     where e.tenant_id = $1 and e.stream_id between $2 and $3 and e.version = 1
       and e.stream_type in ({types})"""

# Streams that changed after a position, as they were at it: `known_at`. Where the fold has not reached the position,
# also those with events it lacks.
TOUCHED_SINCE = """
    select distinct e.tenant_id, e.stream_id, {position}::bigint
      from es.events e
     where e.tenant_id = {tenant} and e.stream_type in ({types})
       and e.position > coalesce((select least(c.position, {position}::bigint) from es.checkpoints c
                                   where c.tenant_id = {tenant} and c.view = '{name}' and c.version = {version}), 0)"""

# The rows a table holds of those streams.
HELD_GIVEN = """
    select h.tid, h.row
      from touched t
      cross join lateral (
        select v.ctid as tid, v as row from {table} v
         where v.tenant_id = t.tenant_id and v.stream_id = t.stream_id offset 0) h"""
HELD_RANGE = """
    select v.ctid as tid, v as row from {table} v where v.tenant_id = $1 and v.stream_id between $2 and $3"""


@dataclass(frozen=True)
class View:
    """One table, filled from the facts of some stream types. Its name is for ever; a changed fold is a new version.

    `rows` is a SELECT giving tenant_id, stream_id and `columns` in their order. It reads `corrected_facts` and
    nothing that changes otherwise: no other table, no clock, no policy. `born_of` names the facts without one of which
    a stream has no row here (none named: every stream may have): such streams are not folded at all. `reads` names the
    facts that are in `corrected_facts` (none named: all): what else happens to a stream does not fold it again.
    """

    name: str
    version: int
    stream_types: tuple[str, ...]
    columns: str
    key: tuple[str, ...]
    indexes: tuple[str, ...]
    rows: str
    facts: tuple[type, ...]
    born_of: tuple[type, ...] = ()
    reads: tuple[type, ...] = ()

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"a view is named service.noun_phrase, not {self.name!r}")
        if not self.stream_types:
            raise ValueError(f"{self.name} names no stream type")

    @property
    def schema(self) -> str:
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        return f"{self.name}_v{self.version}"

    @cached_property
    def create(self) -> str:
        """The table with its primary key; the indexes come once it is filled."""
        key = ", ".join(("tenant_id", "stream_id", *self.key))
        return (
            f"create table {self.table} (tenant_id uuid not null, stream_id uuid not null, {self.columns}, "
            f"primary key ({key})) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)"
        )

    @cached_property
    def create_indexes(self) -> tuple[str, ...]:
        return tuple(index.format(table=self.table) for index in self.indexes)

    @cached_property
    def definition(self) -> str:
        """Digest of everything that decides the rows, white space aside."""
        text = "\0".join((self.create, *self.create_indexes, self.select(TOUCHED_GIVEN)))
        return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:32]

    def prelude(self, touched: str) -> str:
        """The CTEs in front of `rows`, for the streams that `touched` selects as (tenant_id, stream_id, upto)."""
        if self.born_of:
            touched = TOUCHED_BORN.format(touched=touched, born_of=_listed(fact.__name__ for fact in self.born_of))
        # Hashed once per statement; empty but for the rare position skipped on record.
        kept = (
            "and (e.tenant_id, e.position) not in (select k.tenant_id, k.position from es.skips k"
            f" where k.view = '{self.name}' and k.version = {self.version})"
        )
        if self.reads:
            kept += f" and e.type in ({_listed(sorted(self.moved_by))})"
        facts = CORRECTED_FACTS.format(kept=kept, upcasts=upcasts(self.facts))
        return f"with touched(tenant_id, stream_id, upto) as materialized ({touched}),{facts}"

    @cached_property
    def moved_by(self) -> frozenset[str]:
        """Types of the facts that may change its rows; empty: all."""
        mending = ("FactCorrected", "FactVoided") if self.reads else ()
        return frozenset((*(fact.__name__ for fact in self.reads), *mending))

    def select(self, touched: str) -> str:
        """The rows of these streams. Wrapped, so that `rows` may have CTEs of its own."""
        return f"{self.prelude(touched)}\nselect * from ({self.rows}) as rows_of_view"

    def replace(self, touched: str, held: str) -> str:
        """Make the rows of these streams what the fold gives; rows that are so already are not written.

        `held` selects the table's rows in question, from `{table} v`. One statement: the insert reads the count of
        the deleted, so that all are gone before the first row comes in.
        """
        return f"""
            {self.prelude(touched)},
            fresh as materialized (select r::{self.table} as row from ({self.rows}) as r),
            stored as materialized ({held}),
            gone as (
                delete from {self.table}
                 where ctid = any (array(
                    select s.tid from stored s where not exists (select from fresh f where f.row = s.row)))
                returning 1
            )
            insert into {self.table}
            select (f.row).* from fresh f
             where not exists (select from stored s where s.row = f.row) and (select count(*) from gone) >= 0
        """

    def replace_given(self) -> str:
        """Fold the streams given as arrays: $1 tenants, $2 streams, $3 positions."""
        return self.replace(TOUCHED_GIVEN, HELD_GIVEN.format(table=self.table))

    def replace_range(self) -> str:
        """Fold tenant $1's streams from $2 to $3 up to position $4; rows of any other stream there go."""
        touched = TOUCHED_RANGE.format(types=self.types, upto="$4::bigint")
        return self.replace(touched, HELD_RANGE.format(table=self.table))

    @property
    def types(self) -> str:
        """The stream types as a SQL list."""
        return _listed(self.stream_types)

    def select_range(self, upto: str = "$4::bigint") -> str:
        """The rows of tenant $1's streams from $2 to $3, as of position `upto`."""
        return self.select(TOUCHED_RANGE.format(types=self.types, upto=upto))


def _listed(names: Iterable[str]) -> str:
    """Names as a SQL list."""
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def source(view: View, *, tenant: str = "$1", known_at: str | None = None) -> str:
    """The SQL relation a report reads, to be placed after `from` and given an alias.

    `tenant` and `known_at` are SQL expressions, usually parameters (`"$1"`, `"$7"`), not values. Without `known_at`
    it is the table. With it, the rows as they were when the log ended at that position, exact: streams untouched
    since come from the table, the others are folded again up to there.
    """
    if known_at is None:
        return view.table
    touched = TOUCHED_SINCE.format(
        tenant=tenant, position=known_at, types=view.types, name=view.name, version=view.version
    )
    return (
        f"({view.prelude(touched)}\n"
        f"select * from {view.table} v where v.tenant_id = {tenant}\n"
        "and not exists (select from touched t where t.tenant_id = v.tenant_id and t.stream_id = v.stream_id)\n"
        f"union all\nselect * from ({view.rows}) as rows_of_view)"
    )


def upcasts(facts: tuple[type, ...]) -> str:
    """A LATERAL `u(data)`: the payload brought to its newest schema by the facts' own SQL steps.

    A fact class lists them as `UPCAST_SQL = {1: "<expression over data>"}`: from schema 1 to 2, and so on.
    """
    expression = "e.data"
    for fact in facts:
        steps: dict[int, Any] = getattr(fact, "UPCAST_SQL", None) or {}
        for version, step in sorted(steps.items()):
            expression = (
                f"(select case when e.type = '{fact.__name__}' and e.schema_version <= {version}"
                f" then ({step}) else data end from (select {expression} as data) as d{version})"
            )
    return f"cross join lateral (select {expression} as data) u"
