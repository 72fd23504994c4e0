"""What an opportunity is called in other systems: one key per system, held by a claim. Records no fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.event_store.command import Claim
from shared.names import external_key

OPPORTUNITY_REF = "opportunity.external_ref"
"""Claim scope: a reference in another system belongs to one opportunity of the tenant."""


def ref_claims(id: UUID, standing: Mapping[str, Any]) -> tuple[Claim, ...]:
    """What an opportunity of this standing holds for itself."""
    return tuple(
        Claim(OPPORTUNITY_REF, external_key(system, key), id)
        for system, key in sorted((standing.get("external_refs") or {}).items())
    )
