"""What every copy of standings in this service begins with. SQL text only."""

from __future__ import annotations

STANDINGS = """
with standings as (
    select tenant_id, stream_id, version, occurred_at as from_at,
           lead(occurred_at) over (partition by tenant_id, stream_id order by occurred_at, version) as to_at,
           es.merge(changes) over (partition by tenant_id, stream_id order by occurred_at, version
                                   rows unbounded preceding) as standing
      from corrected_facts{facts}
)"""


def standings(where: str | None = None) -> str:
    """One row per fact: all that stood from it on (`standing`), from when to when. `where`: of which facts."""
    return STANDINGS.format(facts="" if where is None else f"\n     where {where}")
