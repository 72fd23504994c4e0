"""Tenants: what their principals take away in a day, and how an operator deletes one with all that is its own."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
-- Rows of lists, feed and files that a principal took away on a day of the tenant's zone.
create table identity.exports (
    tenant_id    uuid not null,
    principal_id uuid not null,
    day          date not null,
    rows         bigint not null,
    primary key (tenant_id, principal_id, day)
) with (fillfactor = 50);
select es.wall('identity.exports');

-- Tenants being deleted, until nothing of them is left: an interrupted deletion is taken up again from here. Without a
-- row here not even the owner of the log can delete an event. Of the operator: no role of the services may look.
create table identity.deletions (
    deletion_id   uuid primary key,
    subject       uuid not null unique,        -- the tenant: not called tenant_id, so as not to go with its rows
    name_digest   bytea not null,              -- sha256 of the tenant's name: what must be typed to go on
    reason        text not null,
    head_position bigint not null,
    head_hash     bytea not null,
    begun_at      timestamptz not null default clock_timestamp()
);
revoke all on identity.deletions from public;

-- The log stays append-only, but for one path: its owner, in a transaction that names the tenant, deletes events of a
-- tenant whose deletion was begun and which has no head any more, so that nothing can be appended to it either.
create function es.deleting() returns uuid language sql stable as $$
    select nullif(current_setting('es.deleting', true), '')::uuid
$$;

create function es.forbid_delete() returns trigger language plpgsql as $$
begin
    if current_user <> (select pg_get_userbyid(c.relowner) from pg_catalog.pg_class c where c.oid = tg_relid)
       or es.deleting() is null
       or not exists (select from identity.deletions d where d.subject = es.deleting())
       or exists (select from es.heads h where h.tenant_id = es.deleting()) then
        raise exception 'es.events is append-only: delete is refused' using errcode = 'DK001';
    end if;
    return null;
end $$;

create function es.forbid_delete_of_others() returns trigger language plpgsql as $$
begin
    if old.tenant_id is distinct from es.deleting() then
        raise exception 'es.events is append-only: another tenant is being deleted' using errcode = 'DK001';
    end if;
    return old;
end $$;

drop trigger append_only on es.events;
create trigger append_only before update or truncate on es.events
    for each statement execute function es.forbid_change();
create trigger append_only_but_of_the_deleted before delete on es.events
    for each statement execute function es.forbid_delete();
create trigger append_only_but_of_the_deleted_row before delete on es.events
    for each row execute function es.forbid_delete_of_others();

do $$
declare
    owner name := (select pg_get_userbyid(c.relowner) from pg_catalog.pg_class c where c.oid = 'es.events'::regclass);
begin  -- the wall binds the owner too: it is shown what it deletes, and no more
    execute format('create policy of_the_deleted on es.events to %I using (tenant_id = es.deleting())', owner);
    execute format('create policy of_the_deleted on es.heads to %I using (tenant_id = es.deleting())', owner);
end $$;
"""

DROP = """
drop policy of_the_deleted on es.events;
drop policy of_the_deleted on es.heads;
drop trigger append_only_but_of_the_deleted on es.events;
drop trigger append_only_but_of_the_deleted_row on es.events;
drop trigger append_only on es.events;
create trigger append_only before update or delete or truncate on es.events
    for each statement execute function es.forbid_change();
drop function es.forbid_delete(), es.forbid_delete_of_others();
drop function es.deleting();
drop table identity.deletions, identity.exports;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
