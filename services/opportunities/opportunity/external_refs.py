"""What an opportunity is called in other systems: one key per system, held by a claim. Records no fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.event_store.command import Claim
from shared.names import external_key

OPPORTUNITY_REF = "opportunity.external_ref"
"""Claim scope: a reference in another system belongs to one opportunity of the tenant."""


HOLDERS = "select key, stream_id from es.claims where tenant_id = $1 and scope = $2 and key = any($3::text[])"


async def holders(pool: Any, tenant_id: UUID, scope: str, claims: Sequence[Claim]) -> dict[Claim, UUID]:
    """Who holds these already."""
    if not claims:
        return {}
    by_key = {claim.key: claim for claim in claims}
    rows = await pool.fetch(HOLDERS, tenant_id, scope, list(by_key))
    return {by_key[row["key"]]: UUID(bytes=row["stream_id"].bytes) for row in rows}


def ref_claims(id: UUID, standing: Mapping[str, Any]) -> tuple[Claim, ...]:
    """What an opportunity of this standing holds for itself."""
    return tuple(
        Claim(OPPORTUNITY_REF, external_key(system, key), id)
        for system, key in sorted((standing.get("external_refs") or {}).items())
    )
