"""Endpoints as deliveries need them, read from their view. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.views import ENDPOINTS
from shared.webhooks.endpoint import Endpoint, Place, SecretKnown, Skip, Status
from shared.webhooks.secrets import Kind

OPEN = f"""
select * from {ENDPOINTS.table} where to_at is null and status <> 'removed' order by tenant_id, stream_id
"""  # noqa: S608 - constants only
SOME = f"""
select * from {ENDPOINTS.table}
 where tenant_id = $1 and to_at is null and status <> 'removed' and stream_id = any($2::uuid[])
"""  # noqa: S608 - constants only

COUNT = f"""
select count(*) from {ENDPOINTS.table} where tenant_id = $1 and to_at is null and status <> 'removed'
"""  # noqa: S608 - constants only

AS_TOLD = (
    *("name", "url", "unit_id", "imported", "fields", "personal", "schema_versions", "rate"),
    *("headers", "headers_version", "notices"),
)
"""What an endpoint has in the form its stream has it."""


async def open_endpoints(pool: Any) -> list[Endpoint]:
    """Every endpoint that was not removed, unproven and paused ones too: of one's own tenant, for the worker of all."""
    return [endpoint_of(row) for row in await pool.fetch(OPEN)]


async def endpoints_of(pool: Any, tenant_id: UUID, ids: Collection[UUID]) -> list[Endpoint]:
    """Those of these endpoints that were not removed."""
    return [endpoint_of(row) for row in await pool.fetch(SOME, tenant_id, list(ids))]


async def how_many(pool: Any, tenant_id: UUID) -> int:
    """Endpoints that were not removed, as the view knows them."""
    count: int = await pool.fetchval(COUNT, tenant_id)
    return count


def endpoint_of(row: Mapping[str, Any]) -> Endpoint:
    """A row of the view (`webhooks.endpoints`) as an endpoint."""
    return Endpoint(
        tenant_id=_plain(row["tenant_id"]),
        endpoint_id=_plain(row["stream_id"]),
        version=row["version"],
        name=row["name"],
        url=row["url"],
        status=cast("Status", row["status"]),
        start=Place(row["start_epoch"], row["start_position"]),
        unit_id=None if row["unit_id"] is None else _plain(row["unit_id"]),
        types=_set(row["types"]),
        changed=_set(row["changed"]),
        imported=row["imported"],
        payload=row["payload"],
        fields=tuple(row["fields"]),
        personal=tuple(row["personal"]),
        schema_versions=row["schema_versions"],
        rate=row["rate"],
        ordered=row["ordered"],
        skip=_skip(row["skip"]),
        paused_by=row["paused_by"],
        changed_at=row["from_at"],
        secrets=_secrets(row["secrets"]),
        headers=tuple(row["headers"]),
        headers_version=row["headers_version"],
        notices=row["notices"],
    )


def endpoint_as_told(tenant_id: UUID, stream: WebhookEndpoint) -> Endpoint:
    """An endpoint as its stream has it, for who must not wait for the view."""
    said = stream.standing
    skip, paused_by = said["skip"], said["paused_by"]
    return Endpoint(
        tenant_id=tenant_id,
        endpoint_id=stream.id,
        version=stream.version,
        status=stream.status.value,
        start=Place(said["start"].epoch, said["start"].position),
        types=_set(said["types"]),
        changed=_set(said["changed"]),
        payload=said["payload"].value,
        ordered=said["ordered"].value,
        skip=None if skip is None else Skip(skip.version, Place(skip.epoch, skip.position)),
        paused_by=None if paused_by is None else paused_by.value,
        changed_at=stream.latest,
        secrets=tuple(
            SecretKnown(number, secret.kind.value, secret.made_at, secret.expires_at)
            for number, secret in stream.secrets.items()
        ),
        **{name: said[name] for name in AS_TOLD},
    )


def _skip(said: Mapping[str, int] | None) -> Skip | None:
    return None if said is None else Skip(said["version"], Place(said["epoch"], said["position"]))


def _secrets(said: Mapping[str, Mapping[str, Any]]) -> tuple[SecretKnown, ...]:
    found = [
        SecretKnown(int(number), cast("Kind", secret["kind"]), _time(secret["made_at"]), _or_none(secret["expires_at"]))
        for number, secret in said.items()
    ]
    return tuple(sorted(found, key=lambda secret: secret.number))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _set(names: Collection[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _plain(id: UUID) -> UUID:
    """A UUID of Python's own class: asyncpg's compares slowly."""
    return UUID(bytes=id.bytes)
