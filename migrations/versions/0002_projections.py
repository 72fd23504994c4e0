"""Where the views stand: which are built, how far each has folded, what is parked. View tables are not made here."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
create extension if not exists btree_gist;

-- Merges jsonb objects in the order given; the later value of a key wins. Also a window function.
create aggregate es.merge(jsonb) (
    sfunc = jsonb_concat, stype = jsonb, initcond = '{}', parallel = safe
);

-- Tenants hashed into 16 buckets: the unit in which workers share the folding.
create function es.bucket(tenant_id uuid) returns integer language sql immutable parallel safe strict
    return get_byte(uuid_send(tenant_id), 15) & 15;

-- Whether the process that took this key still has its session. The kernel closes it on kill -9.
create function es.present(key integer) returns boolean language sql stable
    return exists (
        select from pg_catalog.pg_locks
         where locktype = 'advisory' and granted and classid = 7310 and objid = key::oid
           and database = (select oid from pg_catalog.pg_database where datname = current_database())
    );

-- Folds read the corrections and voids of each touched stream first; they are few.
create index events_fixes on es.events (tenant_id, stream_id, version)
    where type in ('FactCorrected', 'FactVoided');

create table es.views (
    name       text collate "C" not null,
    version    integer not null,
    definition text not null,          -- digest of the columns and the fold: a change needs a new version
    status     text not null default 'building' check (status in ('building', 'live')),
    error      text,                   -- the view's own statement is refused: nothing is folded until it is repaired
    created_at timestamptz not null default clock_timestamp(),
    built_at   timestamptz,
    primary key (name, version)
);

-- All facts of the tenant up to `position` are in the view, unless `refolding`: then only of streams before
-- `refold_from`, and of all that were touched since.
create table es.checkpoints (
    tenant_id   uuid not null,
    view        text collate "C" not null,
    version     integer not null,
    position    bigint not null,
    refolding   boolean not null default false,
    refold_from uuid,
    updated_at  timestamptz not null default clock_timestamp(),
    primary key (tenant_id, view, version)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index checkpoints_refolding on es.checkpoints (view, version) where refolding;

create table es.leases (
    view    text collate "C" not null,
    version integer not null,
    bucket  integer not null,
    holder  integer,
    token   bigint not null default 0,  -- raised whenever the holder changes: a fold of an old holder is refused
    until   timestamptz,
    primary key (view, version, bucket)
) with (fillfactor = 50);

create table es.workers (
    key     integer primary key,
    name    text not null,
    seen_at timestamptz not null
);

-- A view that cannot fold a position of a tenant waits there until someone retries or skips.
create table es.parked (
    tenant_id  uuid not null,
    view       text collate "C" not null,
    version    integer not null,
    position   bigint not null,
    stream_id  uuid,
    type       text,
    error      text not null,
    parked_at  timestamptz not null default clock_timestamp(),
    primary key (tenant_id, view, version)
);

create table es.skips (
    tenant_id  uuid not null,
    view       text collate "C" not null,
    version    integer not null,
    position   bigint not null,
    skipped_by uuid not null,
    reason     text not null,
    error      text not null,
    skipped_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, view, version, position)
);
"""

DROP = """
drop table es.skips, es.parked, es.workers, es.leases, es.checkpoints, es.views;
drop index es.events_fixes;
drop function es.present(integer);
drop function es.bucket(uuid);
drop aggregate es.merge(jsonb);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
