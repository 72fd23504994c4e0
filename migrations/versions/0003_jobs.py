"""Operations: long work as rows any worker can take up, with progress, problems and attached files."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
create table es.operations (
    tenant_id        uuid not null,
    operation_id     uuid not null,
    kind             text collate "C" not null,
    principal_id     uuid not null,
    principal        jsonb not null,     -- whom the work is done for: functions, unit, on behalf of whom
    parameters       jsonb not null,
    state            text not null default 'queued'
                     check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    done             bigint not null default 0,
    total            bigint,
    problems         bigint not null default 0,
    checkpoint       jsonb,              -- where to go on after a crash; the kind's own
    result           jsonb,
    error            text,
    cancel_requested boolean not null default false,
    attempts         integer not null default 0,
    holder           integer,
    token            bigint not null default 0,  -- raised at every claim: a former holder is refused
    until            timestamptz,
    created_at       timestamptz not null default clock_timestamp(),
    started_at       timestamptz,
    finished_at      timestamptz,
    updated_at       timestamptz not null default clock_timestamp(),
    primary key (tenant_id, operation_id)
) with (fillfactor = 50);
create index operations_open on es.operations (created_at) where state in ('queued', 'running');

create table es.operation_problems (
    tenant_id    uuid not null,
    operation_id uuid not null,
    number       bigint not null,
    line         bigint,
    column_name  text,
    code         text collate "C" not null,
    message      text not null,
    params       jsonb not null default '{}',
    primary key (tenant_id, operation_id, number)
);

create table es.operation_files (
    tenant_id    uuid not null,
    operation_id uuid not null,
    name         text not null,
    size         bigint not null,
    digest       bytea not null,         -- sha256 of the content
    primary key (tenant_id, operation_id, name)
);

create table es.operation_file_chunks (
    tenant_id    uuid not null,
    operation_id uuid not null,
    name         text not null,
    number       integer not null,
    content      bytea not null,
    primary key (tenant_id, operation_id, name, number)
);
alter table es.operation_file_chunks alter column content set storage external;
"""

DROP = "drop table es.operation_file_chunks, es.operation_files, es.operation_problems, es.operations"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
