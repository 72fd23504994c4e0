"""Support teams of accounts: one row per account and standing. Gives their members sight of figures; no names."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import AccountFact
from services.kpi.views.standings import standings
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz, team uuid[] not null
"""

ROWS = f"""{standings("changes ? 'support_team'")}
select tenant_id, stream_id, version, from_at, to_at,
       array(select distinct (m ->> 'person_id')::uuid
               from jsonb_array_elements(standing -> 'support_team') as t(m) order by 1)
  from standings
"""  # noqa: S608 - constants only

TEAMS = View(
    name="kpi.teams",
    version=1,
    stream_types=("account",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} using gin (team) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(AccountFact), FactCorrected, FactVoided),
)
