"""Where personal data lives: beside the log, encrypted with a key per person that can be destroyed."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
create schema privacy;

-- One row per person or text: its key, wrapped by the master key. Without the key nothing of it can be read again.
create table privacy.subjects (
    tenant_id  uuid not null,
    subject_id uuid not null,
    key        bytea,                 -- null once erased
    created_at timestamptz not null default clock_timestamp(),
    erased_at  timestamptz,
    primary key (tenant_id, subject_id),
    check ((key is null) = (erased_at is not null))
);

create table privacy.fields (
    tenant_id  uuid not null,
    subject_id uuid not null,
    field      text collate "C" not null,
    value      bytea not null,        -- AES-256-GCM, bound to tenant, subject and field
    search     bytea not null,        -- keyed hash of the normalised value: equality only
    primary key (tenant_id, subject_id, field)
);
create index fields_search on privacy.fields (tenant_id, field, search);

-- A known text under each master key ever used: a process with another key must not start.
create table privacy.seals (
    name  text primary key,
    value bytea not null
);
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("drop schema privacy cascade")
