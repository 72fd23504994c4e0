"""Names of persons beside their ids, from the vault. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from shared.http.kit import Kit


async def people_names(kit: Kit, tenant_id: UUID, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What these persons are called; the erased and the unknown are absent."""
    found = await kit.vault.get(tenant_id, {id for id in ids if id is not None}, ("name",))
    return {id: fields["name"] for id, fields in found.items() if "name" in fields}
