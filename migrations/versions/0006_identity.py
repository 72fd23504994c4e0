"""Who may come in: trusted issuers and the hashes of API keys. What they allow is in the log."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Both tables only say in which tenant to look: a row whose fact is not in that tenant's log opens nothing. They are
# read before a tenant is known, so anybody may read them, and they hold nothing that must not be read.
TABLES = """
create schema identity;

-- For which tenants an issuer may vouch. `value` of `claim` says which, when it vouches for several.
create table identity.issuers (
    issuer      text collate "C" not null,
    audience    text collate "C" not null,
    claim       text collate "C" not null default '',
    value       text collate "C" not null default '',
    tenant_id   uuid not null,
    provider_id uuid not null,
    noted_at    timestamptz not null default clock_timestamp(),
    primary key (issuer, audience, value)
);
create index issuers_tenant on identity.issuers (tenant_id);

-- One row per API key: HMAC-SHA256 of the key under a secret of the server. `opening` is how the key begins.
create table identity.api_key_hashes (
    hash         bytea primary key check (octet_length(hash) = 32),
    tenant_id    uuid not null,
    client_id    uuid not null,
    opening      text collate "C" not null,
    noted_at     timestamptz not null default clock_timestamp(),
    last_used_at timestamptz
) with (fillfactor = 80);
create index api_key_hashes_client on identity.api_key_hashes (tenant_id, client_id);

select es.wall('identity.issuers');
select es.wall('identity.api_key_hashes');
create policy everybody_looks on identity.issuers for select to dakehu_app using (true);
create policy everybody_looks on identity.api_key_hashes for select to dakehu_app using (true);
"""

DROP = "drop schema identity cascade"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
