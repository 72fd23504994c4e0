-- The append: one call, one transaction, a group of commands, an outcome for each. Plain statements only, each on one
-- table and one tenant, so that the same text is fast on one server and on a cluster distributed by tenant_id.

create function es.microseconds(instant timestamptz) returns bigint
language sql stable parallel safe
return (extract(epoch from instant) * 1000000)::bigint;

-- The first event of a tenant is chained to the tenant itself.
create function es.genesis(tenant_id uuid) returns bytea
language sql immutable parallel safe
return sha256(uuid_send(tenant_id));

-- The chain: each event's hash covers the hash before it. Lengths are fixed, or texts that hold no raw line feed.
create function es.chain(
    previous bytea, "position" bigint, stream_id uuid, version integer, occurred_at timestamptz, recorded_at timestamptz,
    schema_version smallint, stream_type text, type text, data jsonb, metadata text
) returns bytea
language sql stable parallel safe
return sha256(
    previous || int8send("position") || uuid_send(stream_id) || int4send(version)
    || int8send(es.microseconds(occurred_at)) || int8send(es.microseconds(recorded_at)) || int2send(schema_version)
    || convert_to(stream_type || chr(10) || type || chr(10) || data::text || chr(10) || metadata, 'UTF8')
);

-- Arrays are laid out in tenant order; `*_to` is the index of the last element that belongs to the tenant, command or
-- append of that row, so slices need no search. Streams and claim keys are listed once and referred to by index.
create function es.append(
    tenants uuid[], commands_to integer[], streams_to integer[], events_to integer[], slots_to integer[],
    -- one per command
    principals uuid[], keys text[], fingerprints bytea[], statuses smallint[], codes text[], metadatas jsonb[],
    earlier integer[],          -- an earlier command of this call under the same key, or null; empty when none
    appends_to integer[], moves_to integer[],   -- moves_to: empty when there are no claims
    -- one per (command, stream)
    append_streams integer[], expected_versions integer[], append_events_to integer[],
    -- one per stream
    stream_types text[], stream_ids uuid[],
    -- one per event
    types text[], schema_versions smallint[], datas jsonb[], occurred timestamptz[],
    -- one per claim taken or released; releases of a command come first
    move_slots integer[], move_streams uuid[], move_releases boolean[],
    -- one per claim key
    slot_scopes text[], slot_keys text[],
    out kinds text[], out out_statuses smallint[], out out_codes text[], out out_streams uuid[],
    out out_versions integer[], out first_positions bigint[], out last_positions bigint[],
    out claim_slots integer[], out holders uuid[], out conflict_streams uuid[]
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $fn$
#variable_conflict use_variable
declare
    tenant uuid;
    c_from integer; c_to integer := 0;
    s_from integer; s_to integer := 0;
    e_from integer; e_to integer := 0;
    q_from integer; q_to integer := 0;
    a_from integer; a_to integer := 0;
    m_from integer; m_to integer := 0;
    x_from integer; x_to integer := 0;
    last_position bigint; last_recorded_at timestamptz; chain bytea; now_at timestamptz;
    first_position bigint;
    versions integer[] := '{}'; version integer; slot integer;
    claimed uuid[] := '{}'; claimed_before uuid[]; claims_changed boolean;
    same integer; kind text; metadata text; stream_id uuid; stream_type text;
    answered record;
    e_positions bigint[] := array_fill(null::bigint, array[cardinality(types)]);
    e_versions integer[] := array_fill(null::integer, array[cardinality(types)]);
    e_hashes bytea[] := array_fill(null::bytea, array[cardinality(types)]);
    e_streams integer[] := array_fill(null::integer, array[cardinality(types)]);
    e_commands integer[] := array_fill(null::integer, array[cardinality(types)]);
    keyed boolean;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'es.append needs read committed: an older snapshot would see an older head'
            using errcode = 'DK002';
    end if;

    kinds := array_fill(null::text, array[cardinality(keys)]);
    out_statuses := statuses;
    out_codes := codes;
    out_streams := array_fill(null::uuid, array[cardinality(keys)]);
    out_versions := array_fill(null::integer, array[cardinality(keys)]);
    first_positions := array_fill(null::bigint, array[cardinality(keys)]);
    last_positions := array_fill(null::bigint, array[cardinality(keys)]);

    for t in 1 .. cardinality(tenants) loop
        tenant := tenants[t];
        c_from := c_to + 1; c_to := commands_to[t];
        s_from := s_to + 1; s_to := streams_to[t];
        e_from := e_to + 1; e_to := events_to[t];
        q_from := q_to + 1; q_to := slots_to[t];

        -- The lock, in a statement of its own: the next statement's snapshot sees all that was committed before.
        perform from es.heads h where h.tenant_id = tenant for update;
        if not found then
            raise exception 'tenant % has no head: it was never opened', tenant using errcode = 'DK003';
        end if;
        select e.position, e.recorded_at, e.hash into last_position, last_recorded_at, chain
          from es.events e where e.tenant_id = tenant order by e.position desc limit 1;
        if not found then
            last_position := 0;
            chain := es.genesis(tenant);
        end if;
        now_at := greatest(clock_timestamp(), last_recorded_at);

        if s_to >= s_from then
            versions := versions || array(
                select coalesce((
                       select e.version from es.events e
                        where e.tenant_id = tenant and e.stream_id = s.id order by e.version desc limit 1), 0)
                  from unnest(stream_ids[s_from:s_to]) as s (id));
        end if;
        if q_to >= q_from then
            claimed := claimed || array(
                select (select k.stream_id from es.claims k
                         where k.tenant_id = tenant and k.scope = q.scope and k.key = q.key)
                  from unnest(slot_scopes[q_from:q_to], slot_keys[q_from:q_to]) as q (scope, key));
        end if;
        claims_changed := false;
        keyed := false;

        for answered in
            select q.n, k.*
              from unnest(principals[c_from:c_to], keys[c_from:c_to]) with ordinality as q (principal, key, n),
                   lateral (select * from es.commands c
                             where c.tenant_id = tenant and c.principal_id = q.principal and c.key = q.key
                             limit 1) as k
        loop
            same := c_from - 1 + answered.n;
            kinds[same] := case when answered.fingerprint is not distinct from fingerprints[same]
                                then 'duplicate' else 'key_reused' end;
            out_statuses[same] := answered.status;
            out_codes[same] := answered.code;
            out_streams[same] := answered.stream_id;
            out_versions[same] := answered.version;
            first_positions[same] := answered.first_position;
            last_positions[same] := answered.last_position;
        end loop;

        for c in c_from .. c_to loop
            a_from := a_to + 1; a_to := appends_to[c];
            m_from := m_to + 1; m_to := coalesce(moves_to[c], m_to);
            continue when kinds[c] is not null;
            same := earlier[c];
            while kinds[same] in ('duplicate', 'key_reused') loop
                same := earlier[same];
            end loop;
            if same is not null and kinds[same] = 'ok' then
                kinds[c] := case when fingerprints[same] is not distinct from fingerprints[c]
                                 then 'duplicate' else 'key_reused' end;
                out_statuses[c] := out_statuses[same];
                out_codes[c] := out_codes[same];
                out_streams[c] := out_streams[same];
                out_versions[c] := out_versions[same];
                first_positions[c] := first_positions[same];
                last_positions[c] := last_positions[same];
                continue;
            end if;

            kind := 'ok';
            for a in a_from .. a_to loop
                slot := append_streams[a];
                if versions[slot] <> expected_versions[a] then
                    kind := 'conflict';
                    conflict_streams := coalesce(conflict_streams, array_fill(null::uuid, array[cardinality(keys)]));
                    conflict_streams[c] := stream_ids[slot];
                    out_versions[c] := versions[slot];
                    exit;
                end if;
            end loop;
            if kind = 'ok' and m_to >= m_from then
                claimed_before := claimed;
                for m in m_from .. m_to loop
                    slot := move_slots[m];
                    if move_releases[m] then
                        if claimed[slot] = move_streams[m] then
                            claimed[slot] := null;
                        end if;
                    elsif claimed[slot] is null then
                        claimed[slot] := move_streams[m];
                    elsif claimed[slot] <> move_streams[m] then
                        kind := 'claim_taken';
                        claim_slots := coalesce(claim_slots, array_fill(null::integer, array[cardinality(keys)]));
                        holders := coalesce(holders, array_fill(null::uuid, array[cardinality(keys)]));
                        claim_slots[c] := slot;
                        holders[c] := claimed[slot];
                        exit;
                    end if;
                end loop;
                if kind <> 'ok' then
                    claimed := claimed_before;
                else
                    claims_changed := true;
                end if;
            end if;
            kinds[c] := kind;
            continue when kind <> 'ok';

            keyed := keyed or keys[c] is not null;
            metadata := metadatas[c]::text;
            first_position := last_position + 1;
            for a in a_from .. a_to loop
                slot := append_streams[a];
                stream_id := stream_ids[slot];
                stream_type := stream_types[slot];
                version := versions[slot];
                x_from := case when a > 1 then append_events_to[a - 1] + 1 else 1 end;
                for e in x_from .. append_events_to[a] loop
                    last_position := last_position + 1;
                    version := version + 1;
                    chain := es.chain(chain, last_position, stream_id, version, occurred[e], now_at,
                                      schema_versions[e], stream_type, types[e], datas[e], metadata);
                    e_positions[e] := last_position;
                    e_versions[e] := version;
                    e_hashes[e] := chain;
                    e_streams[e] := slot;
                    e_commands[e] := c;
                end loop;
                versions[slot] := version;
                if a = a_from then
                    out_streams[c] := stream_id;
                    out_versions[c] := version;
                end if;
            end loop;
            if last_position >= first_position then
                first_positions[c] := first_position;
                last_positions[c] := last_position;
            end if;
        end loop;

        if e_to >= e_from then
            insert into es.events
                   (tenant_id, position, stream_type, stream_id, version, type, schema_version, data, metadata,
                    occurred_at, recorded_at, hash)
            select tenant, u.position, stream_types[u.stream], stream_ids[u.stream], u.version, u.type,
                   u.schema_version, u.data, metadatas[u.command], u.occurred_at, now_at, u.hash
              from unnest(e_positions[e_from:e_to], e_streams[e_from:e_to], e_versions[e_from:e_to],
                          e_commands[e_from:e_to], e_hashes[e_from:e_to], types[e_from:e_to],
                          schema_versions[e_from:e_to], datas[e_from:e_to], occurred[e_from:e_to])
                   as u (position, stream, version, command, hash, type, schema_version, data, occurred_at)
             where u.position is not null;
        end if;
        if keyed then
            insert into es.commands
                   (tenant_id, principal_id, key, fingerprint, status, code, stream_id, version, first_position,
                    last_position, at)
            select tenant, u.principal, u.key, u.fingerprint, u.status, u.code, u.stream, u.version, u.first, u.last,
                   now_at
              from unnest(kinds[c_from:c_to], principals[c_from:c_to], keys[c_from:c_to], fingerprints[c_from:c_to],
                          statuses[c_from:c_to], codes[c_from:c_to], out_streams[c_from:c_to],
                          out_versions[c_from:c_to], first_positions[c_from:c_to], last_positions[c_from:c_to])
                   as u (kind, principal, key, fingerprint, status, code, stream, version, first, last)
             where u.kind = 'ok' and u.key is not null;
        end if;
        if claims_changed then
            delete from es.claims k
             using unnest(slot_scopes[q_from:q_to], slot_keys[q_from:q_to], claimed[q_from:q_to])
                   as u (scope, key, holder)
             where k.tenant_id = tenant and k.scope = u.scope and k.key = u.key
               and k.stream_id is distinct from u.holder;
            insert into es.claims (tenant_id, scope, key, stream_id)
            select tenant, u.scope, u.key, u.holder
              from unnest(slot_scopes[q_from:q_to], slot_keys[q_from:q_to], claimed[q_from:q_to])
                   as u (scope, key, holder)
             where u.holder is not null
            on conflict (tenant_id, scope, key) do nothing;  -- held by the same stream already
        end if;
    end loop;
end $fn$;

-- The last position recorded at or before an instant (0 when none): recorded_at never decreases with position.
create function es.position_at(tenant uuid, instant timestamptz) returns bigint
language plpgsql stable as $fn$
declare
    low bigint := 0; high bigint; middle bigint; seen timestamptz;
begin
    select e.position into high from es.events e where e.tenant_id = tenant order by e.position desc limit 1;
    high := coalesce(high, 0);
    while low < high loop
        middle := (low + high + 1) / 2;
        select e.recorded_at into seen from es.events e where e.tenant_id = tenant and e.position = middle;
        if seen <= instant then low := middle; else high := middle - 1; end if;
    end loop;
    return low;
end $fn$;
