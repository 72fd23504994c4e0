"""Who is asking, as this service understood the credential: /v1/me. Needs no scope; shows nothing of anybody else."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.context import Parts, Who
from shared.http.names import people_names
from shared.http.route import Router

router = Router(prefix="/v1", tags=["identity"])


class Me(BaseModel):
    """Who the bearer of this credential is here, and what it is good for."""

    tenant_id: UUID
    person_id: UUID = Field(description="Of a machine: its id among the API keys.")
    name: str | None = Field(description="From the vault; null for a machine, and once erased.")
    machine: bool = Field(description="An API key.")
    functions: list[str]
    unit_id: UUID | None = Field(description="Where they work, or what the key was given.")
    unit_ids: list[UUID] = Field(description="Units whose records they see by their functions; none for all or own.")
    sees_everything: bool
    scopes: list[str]
    on_behalf_of: UUID | None
    stands_in_for: list[UUID] = Field(description="Whose deputy they are today.")
    viewer_id: UUID | None = Field(description="The operator who looks through this person's eyes.")
    zone: str = Field(description="The tenant's: days are in it.")
    expires_at: datetime | None = Field(description="When the credential ends.")


@router.get("/me", operation_id="identity.me")
async def me(who: Who, parts: Parts) -> Me:
    """Who the bearer of this credential is here, and what they hold."""
    named = {} if who.machine else await people_names(parts, who.tenant_id, [who.person_id])
    sight = await parts.sight(who)
    return Me(
        tenant_id=who.tenant_id,
        person_id=who.person_id,
        name=named.get(who.person_id),
        machine=who.machine,
        functions=sorted(who.functions),
        unit_id=who.unit_id,
        unit_ids=sorted(sight.unit_ids),
        sees_everything=sight.everything,
        scopes=sorted(who.scopes),
        on_behalf_of=who.on_behalf_of,
        stands_in_for=sorted(sight.stands_in_for),
        viewer_id=who.viewer_id,
        zone=who.zone.key,
        expires_at=datetime.fromtimestamp(who.expires, UTC) if who.expires else None,
    )
