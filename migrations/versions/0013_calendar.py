"""The working calendar: which days are worked on, for all tenants. A tenant's own days are facts, not rows here.

Years are added by later steps, when their holidays were announced: years without rows are provisional.
"""

from __future__ import annotations

from alembic import op

from shared.public_days import rows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
create table es.calendar_days (
    day        date primary key,
    is_working boolean not null,
    zh         text,               -- the holiday it is, or that it makes up for; null for days like all others
    en         text
);
grant select on es.calendar_days to dakehu_app, dakehu_work;
"""

DROP = "drop table es.calendar_days"


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(TABLES)
    found = list(rows())
    for start in range(0, len(found), 2_000):
        values = ", ".join(
            f"('{row.day}', {row.is_working}, {_text(row.zh)}, {_text(row.en)})" for row in found[start : start + 2_000]
        )
        connection.exec_driver_sql(f"insert into es.calendar_days values {values}")  # noqa: S608 - of a library's


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)


def _text(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"
