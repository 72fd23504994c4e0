"""Personal data: keys of tenants, whose a subject is, restriction, who read what, what was erased."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
-- What a subject is, and the record it belongs to (the account of a key person, the opportunity of a contact): ids.
-- `restricted_at`: nothing of it is shown or changed until the restriction is lifted.
alter table privacy.subjects
    add column kind text collate "C" not null default 'other',
    add column record_id uuid,
    add column restricted_at timestamptz;
create index subjects_record on privacy.subjects (tenant_id, record_id) where record_id is not null;

-- The key of a tenant, wrapped by the master key (or by whatever keeps keys in its place). It wraps the keys of persons
-- and makes the search hashes; another master changes one row a tenant.
create table privacy.tenant_keys (
    tenant_id  uuid primary key,
    value      bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    wrapped_at timestamptz not null default clock_timestamp()
);

-- Who was shown personal data of customers, or asked for it: ids and names of fields, never values.
create table privacy.reads (
    tenant_id    uuid not null,
    read_id      uuid not null default gen_random_uuid(),
    at           timestamptz not null default clock_timestamp(),
    actor        uuid not null,
    on_behalf_of uuid,
    viewer       uuid,
    machine      boolean not null,
    action       text collate "C" not null,
    subjects     uuid[] not null,
    fields       text[] not null,
    route        text not null,
    purpose      text,
    trace        text,
    primary key (tenant_id, at, read_id)
);

-- Values nobody may put while a person is being erased, as keyed hashes: a running import must not bring them back.
-- A row lives as long as its operation: the erasure, or an import that was under way.
create table privacy.leaving (
    tenant_id    uuid not null,
    field        text collate "C" not null,
    search       bytea not null,
    operation_id uuid not null,
    primary key (tenant_id, field, search, operation_id)
);

-- What was erased, when and why: the receipt of the log once more, as a row. Ids and codes.
create table privacy.erasures (
    tenant_id    uuid not null,
    subject_id   uuid not null,
    kind         text collate "C" not null,
    reason       text collate "C" not null,
    requested_by uuid not null,
    operation_id uuid,
    at           timestamptz not null default clock_timestamp(),
    primary key (tenant_id, subject_id)
);

select es.wall('privacy.tenant_keys'), es.wall('privacy.reads', 'select, insert'), es.wall('privacy.leaving'),
       es.wall('privacy.erasures', 'select, insert');
grant update (purpose) on privacy.reads to dakehu_app;  -- where a purpose names somebody who is erased
grant select, insert, update on privacy.seals to dakehu_work;  -- another master key
delete from privacy.seals;  -- made the way of before; nothing else was (0005 looked)
"""

DROP = """
set local role dakehu_work;  -- who sees the rows of all tenants
do $$
begin
    if exists (select from privacy.tenant_keys) then
        raise exception 'the keys of all personal data would be dropped'
              using hint = 'restore a backup of before instead; or erase that data first, if that is what is meant';
    end if;
end $$;
reset role;
delete from privacy.seals;
drop table privacy.erasures, privacy.leaving, privacy.reads, privacy.tenant_keys;
drop index privacy.subjects_record;
alter table privacy.subjects drop column kind, drop column record_id, drop column restricted_at;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
