"""Who may import, and who sees which import. Reads operations; starts none."""

from __future__ import annotations

from uuid import UUID

from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.principal import Principal
from shared.imports.upload import KIND
from shared.jobs import Operation, get_operation


def require_importer(principal: Principal) -> None:
    """Raises Problem 403 for who does not see everything, or may only look."""
    if not principal.sees_everything or principal.only_looks:
        raise Problem(403, "forbidden")


async def visible_import(parts: Kit, who: Principal, import_id: UUID) -> Operation:
    """One's own imports, and everybody's for those who see everything. Raises Problem 404."""
    found = await get_operation(parts.pool, who.tenant_id, import_id)
    if found is None or found.kind != KIND:
        raise Problem(404, "not_found")
    if not (who.sees_everything or found.principal_id == who.person_id):
        raise Problem(404, "not_found")
    return found
