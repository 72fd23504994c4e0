"""Webhooks: secrets, flows with their cursors, lanes that wait, attempts, notices, networks an operator allows."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
create schema if not exists delivery;

-- Secrets of endpoints and values of their headers, sealed under the tenant's key. Until when a secret is good, and
-- which headers are sent, is in the log: a row that no fact names is not used.
create table delivery.secrets (
    tenant_id    uuid not null,
    endpoint_id  uuid not null,
    kind         text collate "C" not null check (kind in ('v1', 'v1a', 'headers')),
    number       integer not null,       -- of the secret; of headers: the version of the endpoint that set them
    sealed       bytea not null,
    public_key   bytea,                  -- of v1a
    made_at      timestamptz not null default clock_timestamp(),
    primary key (tenant_id, endpoint_id, kind, number)
);

-- One flow of deliveries to an endpoint: the live one (flow_id = endpoint_id), or a replay beside it. Only who holds it
-- by its token writes where it stands; others set its state.
create table delivery.flows (
    tenant_id    uuid not null,
    flow_id      uuid not null,
    endpoint_id  uuid not null,
    kind         text collate "C" not null check (kind in ('live', 'replay')),
    state        text not null default 'running' check (state in ('running', 'paused', 'done', 'cancelled')),
    epoch        bigint not null,
    position     bigint not null,        -- all up to here is delivered, not for this endpoint, or waits in a lane
    ahead        bigint[] not null default '{}', -- beyond it, and delivered already
    upto         bigint,                 -- of a replay: its end
    question     jsonb not null default '{}',  -- of a replay: types, subject, failed only
    rate         double precision,       -- of a replay: events a second at most
    seen_version integer not null default 0,   -- of the endpoint's stream: skips up to it are carried out
    holder       integer,
    token        bigint not null default 0,    -- raised at every claim: a former holder is refused
    until        timestamptz,
    pace         double precision not null default 16,  -- events under way at a time; less when the receiver is slow
    not_before   timestamptz,            -- the whole flow waits until then
    failing_since timestamptz,           -- since the first failure after the last success; null: it works
    failures     integer not null default 0,   -- in a row
    alarmed_at   timestamptz,            -- it was told that it fails: one event at a time tries whether it works again
    backlog_at   timestamptz,            -- it was told that it is far behind
    paused_by    text collate "C",       -- stopped by us (gone, failing), and from which version of the endpoint on
    paused_version integer,
    in_flight    integer not null default 0,   -- events on their way, as its holder wrote last
    delivered    bigint not null default 0,
    failed       bigint not null default 0,    -- attempts
    total        bigint,                 -- of a replay: how many events, counted beforehand
    made_by      uuid,
    made_at      timestamptz not null default clock_timestamp(),
    moved_at     timestamptz not null default clock_timestamp(),
    finished_at  timestamptz,
    primary key (tenant_id, flow_id)
) with (fillfactor = 50);
create index flows_of_endpoint on delivery.flows (tenant_id, endpoint_id, made_at);

-- A subject whose next event could not be delivered, or takes long: later ones of the same subject wait behind it.
create table delivery.lanes (
    tenant_id    uuid not null,
    flow_id      uuid not null,
    lane         uuid not null,
    endpoint_id  uuid not null,
    position     bigint not null,        -- its first event that is not delivered
    event_at     timestamptz not null,   -- when that event was recorded
    state        text not null default 'waiting' check (state in ('waiting', 'parked')),
    attempts     integer not null default 0,   -- of that event
    next_at      timestamptz not null,
    first_failed_at timestamptz not null default clock_timestamp(),
    status       integer,
    fault        text collate "C",
    primary key (tenant_id, flow_id, lane)
) with (fillfactor = 70);
create index lanes_due on delivery.lanes (tenant_id, flow_id, next_at) where state = 'waiting';

-- The events a lane waits with, the first among them: the cursor of the flow has passed them, or will.
create table delivery.waiting (
    tenant_id    uuid not null,
    flow_id      uuid not null,
    lane         uuid not null,
    position     bigint not null,
    primary key (tenant_id, flow_id, lane, position)
);

-- Processes that deliver, so that each takes its share.
create table delivery.workers (
    key          integer primary key,
    seen_at      timestamptz not null
);

-- What was tried: one row an attempt, kept for a while.
create table delivery.attempts (
    tenant_id    uuid not null,
    attempt_id   uuid not null,          -- uuid7-like: ordered by time
    endpoint_id  uuid not null,
    flow_id      uuid not null,
    event_id     text collate "C" not null,
    position     bigint not null,
    type         text collate "C" not null,
    subject      uuid not null,
    lane         uuid not null,
    number       integer not null,       -- of this event in this flow, from 1
    at           timestamptz not null,
    took_ms      real not null,
    status       integer,
    fault        text collate "C",
    error        text,
    answer       bytea,                  -- the first 2 KB; null when expunged
    next_at      timestamptz,            -- when it is tried again; null: delivered, or parked
    primary key (tenant_id, attempt_id)
);
create index attempts_of_endpoint on delivery.attempts (tenant_id, endpoint_id, at desc);
create index attempts_of_event on delivery.attempts (tenant_id, endpoint_id, position);
create index attempts_failed on delivery.attempts (tenant_id, endpoint_id, position)
 where (status between 200 and 299) is not true;

-- Meta events: what befell an endpoint, told by another channel than the endpoint itself.
create table delivery.notices (
    tenant_id    uuid not null,
    notice_id    uuid not null,
    endpoint_id  uuid not null,
    kind         text collate "C" not null, -- failing, paused, recovered, backlog …
    at           timestamptz not null default clock_timestamp(),
    said         jsonb not null default '{}',
    spread       boolean not null default false, -- its tellings are made
    primary key (tenant_id, notice_id)
);
create index notices_by_time on delivery.notices (tenant_id, at desc);
create index notices_to_spread on delivery.notices (tenant_id, at) where not spread;

-- A notice on its way to an endpoint that asks for notices.
create table delivery.tellings (
    tenant_id    uuid not null,
    notice_id    uuid not null,
    endpoint_id  uuid not null,          -- that is told
    attempts     integer not null default 0,
    next_at      timestamptz not null default clock_timestamp(),
    over_at      timestamptz,            -- delivered, or given up
    status       integer,
    fault        text collate "C",
    primary key (tenant_id, notice_id, endpoint_id)
);
create index tellings_due on delivery.tellings (tenant_id, next_at) where over_at is null;

-- Networks an operator lets a tenant's endpoints be in, and ports beside 443.
create table delivery.networks (
    tenant_id    uuid not null,
    network      cidr not null,
    ports        integer[] not null default '{}',  -- none: any
    note         text,
    made_at      timestamptz not null default clock_timestamp(),
    primary key (tenant_id, network)
);

select es.wall('delivery.secrets');
select es.wall('delivery.flows');
select es.wall('delivery.lanes');
select es.wall('delivery.waiting');
select es.wall('delivery.attempts');
select es.wall('delivery.notices');
select es.wall('delivery.tellings');
select es.wall('delivery.networks', 'select');
grant select, insert, update, delete on delivery.workers to dakehu_work;
"""

DROP = """
drop table delivery.networks, delivery.tellings, delivery.notices, delivery.attempts, delivery.workers,
           delivery.waiting, delivery.lanes, delivery.flows, delivery.secrets
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
