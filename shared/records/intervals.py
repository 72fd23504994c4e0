"""What a view of one row per stream and interval of business time begins with. SQL text only."""

from __future__ import annotations

MERGED = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
"""
"""One row per fact: all that stood from it on (`standing`), until when (`next_at`; null = still). Several facts of one
instant: only the last has an interval, `next_at is distinct from occurred_at` leaves the others out."""
