"""Which worker folds which (view, bucket). Saves double work only: exactness is the checkpoint's compare-and-set."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

import asyncpg

from shared.projections.fold import Connection
from shared.projections.view import View

BUCKETS = 16
LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0
"""How often a worker renews, takes what is free and gives up what is more than its share."""

SEEN = """
insert into es.workers (key, name, seen_at) values ($1, $2, clock_timestamp())
on conflict (key) do update set name = excluded.name, seen_at = excluded.seen_at
"""

# A dead session frees its leases at once; the time limit is for a process that hangs with its session open.
GONE = """
with gone as (
    delete from es.workers w where w.seen_at < clock_timestamp() - make_interval(secs => $1) or not es.present(w.key)
    returning key
)
update es.leases l set holder = null, until = null
 where l.holder is not null and (l.until < clock_timestamp() or l.holder in (select key from gone)
                                 or not exists (select from es.workers w where w.key = l.holder))
"""

RENEW = """
update es.leases set until = clock_timestamp() + make_interval(secs => $2) where holder = $1
"""

WANTED = """
insert into es.leases (view, version, bucket)
select v.name, v.version, b from unnest($1::text[], $2::int[]) as v(name, version) cross join generate_series(0, $3) b
on conflict do nothing
"""

# An equal share of each view's buckets for each worker; the token changes with the holder.
SHARE = """
select ceil($1::numeric / greatest(1, (select count(*) from es.workers)))::int
"""
RELEASE_SURPLUS = """
update es.leases l set holder = null, until = null
  from (select view, version, bucket, row_number() over (partition by view, version order by bucket) as n
          from es.leases where holder = $1) mine
 where (l.view, l.version, l.bucket) = (mine.view, mine.version, mine.bucket) and mine.n > $2 and l.holder = $1
"""
TAKE = """
update es.leases l
   set holder = $1, token = l.token + 1, until = clock_timestamp() + make_interval(secs => $3)
  from (select f.view, f.version, f.bucket
          from unnest($4::text[], $5::int[]) as v(name, version)
          cross join lateral (
            select view, version, bucket from es.leases
             where view = v.name and version = v.version and holder is null
             order by bucket
             limit greatest(0, $2 - (select count(*) from es.leases
                                      where view = v.name and version = v.version and holder = $1))
             for update skip locked) f) free
 where (l.view, l.version, l.bucket) = (free.view, free.version, free.bucket) and l.holder is null
"""
HELD = "select view, version, bucket, token from es.leases where holder = $1 and until > clock_timestamp()"


class Leases:
    """This worker's leases, over a connection of its own whose session shows that the worker lives."""

    def __init__(self, connection: asyncpg.Connection[Any] | Connection, views: Collection[View], name: str) -> None:
        self._connection = connection
        self._views = list(views)
        self._name = name
        self.key = 0

    async def open(self) -> None:
        """Take a key that no living session has."""
        while True:
            key = random.randrange(1, 2**31)  # noqa: S311 - any free number does
            if await self._connection.fetchval("select pg_try_advisory_lock(7310, $1)", key):
                self.key = key
                break
        await self._connection.execute(
            WANTED, [v.name for v in self._views], [v.version for v in self._views], BUCKETS - 1
        )

    async def renew(self) -> dict[tuple[str, int, int], int]:
        """Renew, give up a surplus, take what is free. Returns the tokens held, by view, version and bucket."""
        names, versions = [v.name for v in self._views], [v.version for v in self._views]
        async with self._connection.transaction():
            await self._connection.execute(SEEN, self.key, self._name)
            await self._connection.execute("select pg_advisory_xact_lock(7312, 0)")  # shares are counted one at a time
            await self._connection.execute(GONE, LEASE_SECONDS)
            await self._connection.execute(RENEW, self.key, LEASE_SECONDS)
            share = await self._connection.fetchval(SHARE, BUCKETS)
            await self._connection.execute(RELEASE_SURPLUS, self.key, share)
            await self._connection.execute(TAKE, self.key, share, LEASE_SECONDS, names, versions)
        rows = await self._connection.fetch(HELD, self.key)
        return {(row["view"], row["version"], row["bucket"]): row["token"] for row in rows}

    async def close(self) -> None:
        """Free everything for the others."""
        async with self._connection.transaction():
            await self._connection.execute(
                "update es.leases set holder = null, until = null where holder = $1", self.key
            )
            await self._connection.execute("delete from es.workers where key = $1", self.key)
