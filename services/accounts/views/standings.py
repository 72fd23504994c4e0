"""What every view over standings begins with. SQL text only."""

from __future__ import annotations

STANDINGS = """
with standings as (
    select tenant_id, stream_id, version, type, changes, occurred_at as from_at,
           lead(occurred_at) over following as to_at,
           first_value(occurred_at) over so_far as opened_at,
           es.merge(changes) over so_far as standing
      from corrected_facts
    window following as (partition by tenant_id, stream_id order by occurred_at, version),
           so_far as (partition by tenant_id, stream_id order by occurred_at, version rows unbounded preceding)
)
"""
"""One row per fact: all that stood from it on (`standing`), from when (inclusive) to when (exclusive; null = still)."""

COMPARABLE = "lower(regexp_replace(btrim(normalize({text}, NFC)), '\\s+', ' ', 'g'))"
"""SQL expression: a name as it is compared."""
