"""Items of operations: what an operation is about, one by one, and what became of each."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
create table es.operation_items (
    tenant_id    uuid not null,
    operation_id uuid not null,
    number       bigint not null,
    round        integer not null,       -- items are found in rounds: what came meanwhile is found in the next
    kind         text collate "C" not null,
    stream_id    uuid not null,
    said         jsonb not null,         -- what is to be done with it; the kind's own, nothing personal
    state        text not null default 'planned'
                 check (state in ('planned', 'done', 'unchanged', 'refused', 'undone')),
    code         text collate "C",       -- why it was refused
    params       jsonb not null default '{}',
    primary key (tenant_id, operation_id, number)
) with (fillfactor = 70);

select es.wall('es.operation_items');
"""

DROP = "drop table es.operation_items"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
