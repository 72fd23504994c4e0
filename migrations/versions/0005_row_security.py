"""Row-level security: the roles of the processes, and the wall around every tenant's rows."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The vault's keys are wrapped otherwise from 0007 on, and nothing reads what was wrapped before. Asked here, before the
# first step, so that the code that made the database can go on with it.
BEFORE = """
do $$
begin
    if exists (select from privacy.subjects where key is not null) then
        raise exception 'this database is of an earlier version, whose names and phones this one cannot decrypt'
              using hint = 'nothing was changed, and that version still runs on it; for this one choose an empty '
                           'database, or another data folder (DAKEHU_DATA)';
    end if;
end $$;
"""

# dakehu_app serves, dakehu_append writes the log, dakehu_work folds. None may log in: processes take them on.
# A managed server may not let a migration make roles; without them there is no wall, hence the exception.
ROLES = """
do $$
declare
    missing text;
begin
    foreach missing in array array['dakehu_app', 'dakehu_append', 'dakehu_work'] loop
        if not exists (select from pg_roles where rolname = missing) then
            begin
                execute format('create role %I nologin nosuperuser nobypassrls', missing);
            exception
                when duplicate_object or unique_violation then null;  -- another database's migration was first
                when insufficient_privilege then
                    raise exception 'the role % is missing and may not be made by %', missing, current_user
                          using hint = 'let an administrator run what docs/operations.md says under "Roles", then '
                                       'migrate again', errcode = 'insufficient_privilege';
            end;
        end if;
        if exists (select from pg_roles where rolname = missing and (rolsuper or rolbypassrls)) then
            raise exception 'the role % must be neither superuser nor bypassrls', missing;
        end if;
        if not pg_has_role(current_user, missing, 'usage') then
            begin
                execute format('grant %I to current_user', missing);
            exception when insufficient_privilege then
                raise exception '% may not take the role %', current_user, missing
                      using hint = format('grant %I to %I', missing, current_user), errcode = 'insufficient_privilege';
            end;
        end if;
    end loop;
end $$;
"""

# Each role gets what its work needs. The log is appended to and read; the trigger of 0001 refuses the owner too.
GRANTS = """
revoke all on all tables in schema es from dakehu_app;
grant usage on schema es to dakehu_app, dakehu_append, dakehu_work;
grant usage on schema privacy to dakehu_app, dakehu_work;
grant select on public.alembic_version to dakehu_app, dakehu_append, dakehu_work;

select es.wall('es.events', 'select');
revoke insert, update, delete on es.events from dakehu_work;
select es.wall('es.heads', 'select');
select es.wall('es.epochs', 'select');
select es.wall('es.commands', 'select');
select es.wall('es.claims', 'select');

create policy of_all_appended on es.heads to dakehu_append using (true);
create policy of_all_appended on es.events to dakehu_append using (true);
create policy of_all_appended on es.commands to dakehu_append using (true);
create policy of_all_appended on es.claims to dakehu_append using (true);
grant select, update on es.heads to dakehu_append;  -- update: what `for update` asks for
grant select, insert on es.events to dakehu_append;
grant select, insert on es.commands to dakehu_append;
grant select, insert, delete on es.claims to dakehu_append;

select es.wall('es.checkpoints', 'select');
select es.wall('es.parked', 'select, delete');
select es.wall('es.skips', 'select, insert');
grant select on es.views to dakehu_app;
grant select, insert, update, delete on es.views, es.leases, es.workers to dakehu_work;

select es.wall('es.operations');
select es.wall('es.operation_problems');
select es.wall('es.operation_files');
select es.wall('es.operation_file_chunks');

select es.wall('privacy.subjects');
select es.wall('privacy.fields');
grant select, insert on privacy.seals to dakehu_app, dakehu_work;
"""

# View tables made before the wall belong to whoever ran the worker then; from now on to dakehu_work, who makes them.
VIEWS = """
do $$
declare
    held record;
begin
    for held in
        select c.oid::regclass as relation, n.nspname as place
          from es.views v
          join pg_class c on c.oid = to_regclass(v.name || '_v' || v.version)
          join pg_namespace n on n.oid = c.relnamespace
    loop
        execute format('grant usage, create on schema %I to dakehu_work', held.place);
        perform es.wall(held.relation, 'select');
        execute format('alter table %s owner to dakehu_work', held.relation);
    end loop;
end $$;
"""

# The roles stay: they belong to the server, and another database may use them.
DROP = """
do $$
declare
    walled record;
    role text;
begin
    for walled in
        select p.polname, c.oid::regclass as relation from pg_policy p join pg_class c on c.oid = p.polrelid
         where p.polname in ('of_the_tenant', 'of_all', 'of_all_appended')
    loop
        execute format('drop policy %I on %s', walled.polname, walled.relation);
        execute format('alter table %s no force row level security', walled.relation);
        execute format('alter table %s disable row level security', walled.relation);
    end loop;
end $$;
revoke all on all tables in schema es, privacy from dakehu_app, dakehu_append, dakehu_work;
revoke all on public.alembic_version from dakehu_app, dakehu_append, dakehu_work;
drop function es.settle();
drop function es.leaky();
drop function es.unwalled();
drop function es.wall(regclass, text);
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(BEFORE)
    connection.exec_driver_sql(ROLES)
    connection.exec_driver_sql(Path(__file__).with_name("0005_wall.sql").read_text(encoding="utf-8"))
    connection.exec_driver_sql(GRANTS)
    connection.exec_driver_sql(VIEWS)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
