"""Attachments: files of records, encrypted, each content once per tenant, its key a subject of the vault."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
-- A content, once however often it was given. `address` is a keyed hash of it: whoever has the table alone cannot tell
-- whether a file they know is here. `digest`: its sha256, sealed with the content's key.
create table es.attachment_contents (
    tenant_id  uuid not null,
    content_id uuid not null,            -- the subject of the vault that holds its key
    address    uuid not null,
    digest     bytea not null,
    size       bigint not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, content_id),
    unique (tenant_id, address)
);

create table es.attachment_chunks (
    tenant_id  uuid not null,
    content_id uuid not null,
    number     integer not null,         -- from 0
    content    bytea not null,           -- sealed with the content's key, bound to its place
    primary key (tenant_id, content_id, number)
);
alter table es.attachment_chunks alter column content set storage external;

-- Which attachment has which content, of which record, about whom. Without a use a content goes.
create table es.attachment_uses (
    tenant_id     uuid not null,
    attachment_id uuid not null,
    content_id    uuid not null,
    record_id     uuid not null,
    persons       uuid[] not null,
    created_at    timestamptz not null default clock_timestamp(),
    primary key (tenant_id, attachment_id)
);
create index attachment_uses_content on es.attachment_uses (tenant_id, content_id);
create index attachment_uses_record on es.attachment_uses (tenant_id, record_id);
create index attachment_uses_persons on es.attachment_uses using gin (persons);

select es.wall('es.attachment_contents'), es.wall('es.attachment_chunks'), es.wall('es.attachment_uses');
"""

DROP = "drop table es.attachment_uses, es.attachment_chunks, es.attachment_contents"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
