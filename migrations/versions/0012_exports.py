"""Exports: files that are past their day, and erasures since one was begun, are found by kind."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = "create index operations_by_kind on es.operations (tenant_id, kind, finished_at)"

DROP = "drop index es.operations_by_kind"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
