"""The log: schema `es` with heads, epochs, events, commands, claims, and the append. Knows no service.

`es.append` lives beside this file in SQL, because it is read and profiled as SQL.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None

TABLES = """
create schema es;

-- A lock for each tenant, never updated: an append holds it until it has committed.
create table es.heads (
    tenant_id uuid primary key
);

-- A new epoch begins where a restore forked history. Cursors of an older epoch are refused.
create table es.epochs (
    tenant_id     uuid not null,
    epoch         bigint not null,
    from_position bigint not null,
    reason        text not null,
    at            timestamptz not null default clock_timestamp(),
    primary key (tenant_id, epoch)
);

create table es.events (
    tenant_id      uuid not null,
    position       bigint not null check (position > 0),
    stream_type    text collate "C" not null,
    stream_id      uuid not null,
    version        integer not null check (version > 0),
    type           text collate "C" not null,
    schema_version smallint not null,
    data           jsonb not null,
    metadata       jsonb not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    hash           bytea not null,
    primary key (tenant_id, position),
    unique (tenant_id, stream_id, version)
) with (
    fillfactor = 100,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02
);

-- What was answered under an idempotency key, for as long as keys are kept.
create table es.commands (
    tenant_id      uuid not null,
    principal_id   uuid not null,
    key            text collate "C" not null,
    fingerprint    bytea,
    status         smallint not null,
    code           text collate "C" not null,
    stream_id      uuid,
    version        integer,
    first_position bigint,
    last_position  bigint,
    at             timestamptz not null,
    primary key (tenant_id, principal_id, key)
);
create index commands_at on es.commands using brin (at);

-- Uniqueness across streams. Keys that name a person are stored as keyed hashes only.
create table es.claims (
    tenant_id uuid not null,
    scope     text collate "C" not null,
    key       text collate "C" not null,
    stream_id uuid not null,
    primary key (tenant_id, scope, key)
);

create function es.forbid_change() returns trigger language plpgsql as $$
begin
    raise exception 'es.events is append-only: % is refused', lower(tg_op) using errcode = 'DK001';
end $$;

create trigger append_only before update or delete or truncate on es.events
    for each statement execute function es.forbid_change();
"""

# The log is written by `dakehu_app` in production; nobody but its owner may change a row, and the trigger refuses
# the owner too. A managed server may not let a migration make roles: then the operator makes them first.
GRANTS = """
do $$
begin
    if not exists (select from pg_roles where rolname = 'dakehu_app') then
        create role dakehu_app nologin;
    end if;
exception when insufficient_privilege or duplicate_object or unique_violation then
    raise notice 'role dakehu_app was not made here: %', sqlerrm;
end $$;

revoke all on all tables in schema es from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'dakehu_app') then
        grant usage on schema es to dakehu_app;
        grant select, insert on es.events to dakehu_app;
        grant select, insert, delete on es.commands, es.claims to dakehu_app;
        grant select, insert on es.epochs to dakehu_app;
        grant select, insert, update on es.heads to dakehu_app;  -- update: what `for update` asks for
    end if;
end $$;
"""

DROP = "drop schema es cascade"


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(TABLES)
    connection.exec_driver_sql(Path(__file__).with_name("0001_append.sql").read_text(encoding="utf-8"))
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
