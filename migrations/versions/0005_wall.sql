-- The wall: row-level security with FORCE on every table that holds rows of tenants. The application says which tenant
-- it asks for in `app.tenant`, and names the tenant in each statement as well; either alone keeps tenants apart.

-- Puts a table behind the wall: grants, row-level security, a policy per role. Every new table of a tenant calls it.
-- `app_may`: what the application may do to rows of its own tenant. Called by the owner of the table, harmless twice.
create function es.wall(walled regclass, app_may text default 'select, insert, update, delete') returns void
language plpgsql as $wall$
declare
    place name := (select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where c.oid = walled);
    worker text;
begin
    foreach worker in array array['dakehu_app', 'dakehu_work'] loop
        if not has_schema_privilege(worker, place, 'usage') then
            execute format('grant usage on schema %I to %I', place, worker);
        end if;
    end loop;
    execute format('alter table %s enable row level security', walled);
    execute format('alter table %s force row level security', walled);  -- its owner too
    execute format('drop policy if exists of_the_tenant on %s', walled);
    execute format('create policy of_the_tenant on %s to dakehu_app
                    using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', walled);
    execute format('drop policy if exists of_all on %s', walled);
    execute format('create policy of_all on %s to dakehu_work using (true)', walled);
    execute format('revoke all on %s from public, dakehu_app', walled);
    execute format('grant %s on %s to dakehu_app', app_may, walled);
    execute format('grant select, insert, update, delete on %s to dakehu_work', walled);
end $wall$;

-- Tables with rows of tenants that are not behind the wall: there should be none.
create function es.unwalled() returns setof regclass language sql stable as $$
    select c.oid::regclass
      from pg_catalog.pg_class c
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relkind in ('r', 'p') and c.relpersistence <> 't' and not (c.relrowsecurity and c.relforcerowsecurity)
     order by 1
$$;

-- Functions behind our indexes that PostgreSQL does not know to be leakproof: under the wall it would then not use the
-- index. Why each leaks nothing is in docs/decisions/0013.
create function es.leaky() returns setof regprocedure language sql stable as $$
    select p.oid::regprocedure
      from pg_catalog.pg_proc p
     where not p.proleakproof and p.oid = any (array[
           'pg_catalog.tstzrange(timestamptz, timestamptz)',
           'pg_catalog.range_contains_elem(anyrange, anyelement)',
           'pg_catalog.jsonb_contains(jsonb, jsonb)',
           'pg_catalog.arraycontains(anyarray, anyarray)',
           'pg_catalog.arrayoverlap(anyarray, anyarray)']::regprocedure[]::oid[])
     order by 1
$$;

-- What belongs to the database and not to its tables, so that neither a dump nor a copy carries it: run after each
-- migration and at each start. What it may not do it leaves, with a notice.
create function es.settle() returns void language plpgsql as $settle$
declare
    leaks regprocedure;
begin
    if has_database_privilege('dakehu_work', current_database(), 'create') and not exists (select from es.leaky()) then
        return;
    end if;
    perform pg_advisory_xact_lock(7313, 0);  -- two at once would change the same rows of the catalogue
    if not has_database_privilege('dakehu_work', current_database(), 'create') then
        begin
            execute format('grant create on database %I to dakehu_work', current_database());
        exception when insufficient_privilege then
            raise notice 'dakehu_work may not make the schemas of views here: grant it create on the database';
        end;
    end if;
    for leaks in select es.leaky() loop
        begin
            execute format('alter function %s leakproof', leaks);
        exception when insufficient_privilege then
            raise notice '% is not leakproof here, and only a superuser may say so: reports of past days are slow', leaks;
        end;
    end loop;
end $settle$;
