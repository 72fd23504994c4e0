"""Endpoints as they are shown: settings, secrets by number, what may be done next. No secret, no header value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.webhooks.events import WebhookOrder, WebhookPause, WebhookPayload, WebhookSecretKind, WebhookStatus
from shared.http.kit import Kit
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.secrets import public_text

PUBLIC = """
select endpoint_id, number, public_key from delivery.secrets
 where tenant_id = $1 and endpoint_id = any($2::uuid[]) and kind = 'v1a'
"""
UNITS = "select stream_id, name from {units} where tenant_id = $1 and stream_id = any($2::uuid[]) and to_at is null"


class SecretShown(BaseModel):
    """A signing secret by its number. Of `v1a` there is a public key; a `v1` secret was shown once."""

    number: int
    kind: WebhookSecretKind
    made_at: datetime
    expires_at: datetime | None = Field(description="Until when it signs; null: until it is retired.")
    good: bool = Field(description="Whether it signs now.")
    public_key: str | None = Field(description="`whpk_…` of a v1a secret.")


class PlaceShown(BaseModel):
    """A place in the log: events after it. Positions of another epoch say nothing any more."""

    epoch: int
    position: int


class EndpointShown(BaseModel):
    """An endpoint: what it is sent and how, whether it is proven, which secrets sign."""

    id: UUID
    version: int
    name: str
    url: str = Field(title="地址")
    status: WebhookStatus = Field(
        description="`unproven`: nothing is delivered before `prove`; `paused`: nothing lost."
    )
    paused_because: WebhookPause | None = Field(
        title="暂停原因", description="A person did, or deliveries stopped by themselves: why."
    )
    unit_id: UUID | None
    unit_name: str | None
    types: list[str] | None = Field(title="事件类型")
    changed: list[str] | None = Field(title="关注的字段")
    imported: bool = Field(title="含导入的历史")
    payload: WebhookPayload = Field(title="载荷")
    fields: list[str]
    personal: list[str] = Field(title="个人字段")
    schema_versions: dict[str, int] = Field(title="数据版本")
    rate: float | None = Field(title="每秒上限")
    ordered: WebhookOrder = Field(title="顺序")
    headers: list[str] = Field(title="请求头", description="Names of its own headers; the values are shown to nobody.")
    notices: bool = Field(title="接收通知")
    start: PlaceShown = Field(description="Where its deliveries began.")
    skip: PlaceShown | None = Field(title="跳转", description="Where somebody set them to since, the last time.")
    secrets: list[SecretShown] = Field(title="签名密钥")
    changed_at: datetime | None = Field(title="变更时间")
    allowed_actions: list[str] = Field(description="Of who asks, as the endpoint stands.")


def actions(status: str, *, tends: bool, makes: bool) -> list[str]:
    """What may be done next with an endpoint of this status, by the names of the routes."""
    if status == WebhookStatus.REMOVED or not tends:
        return []
    next_steps = {"unproven": "prove", "open": "pause", "paused": "resume"}
    made = ["change", "secrets", "retire-secret"] if makes else []
    return [next_steps[status], "skip", *made, "remove"]


async def shown(
    kit: Kit, tenant_id: UUID, endpoints: Sequence[Endpoint], *, now: datetime, tends: bool, makes: bool
) -> list[EndpointShown]:
    """Endpoints in the form they are shown in, in their order."""
    ids = [one.endpoint_id for one in endpoints]
    rows = await kit.pool.fetch(PUBLIC, tenant_id, ids)
    keys = {(UUID(bytes=row["endpoint_id"].bytes), row["number"]): bytes(row["public_key"]) for row in rows}
    names = await _unit_names(kit, tenant_id, {one.unit_id for one in endpoints if one.unit_id is not None})
    return [_shown(one, keys, names, now, actions(one.status, tends=tends, makes=makes)) for one in endpoints]


async def _unit_names(kit: Kit, tenant_id: UUID, ids: set[UUID]) -> Mapping[UUID, str]:
    if not ids or kit.organisation is None:
        return {}
    rows = await kit.pool.fetch(UNITS.format(units=kit.organisation.views[0].table), tenant_id, list(ids))
    return {UUID(bytes=row["stream_id"].bytes): row["name"] for row in rows}


def _shown(
    one: Endpoint,
    keys: Mapping[tuple[UUID, int], bytes],
    names: Mapping[UUID, str],
    now: datetime,
    allowed: list[str],
) -> EndpointShown:
    secrets = [
        SecretShown(
            number=secret.number,
            kind=WebhookSecretKind(secret.kind),
            made_at=secret.made_at,
            expires_at=secret.expires_at,
            good=secret.expires_at is None or secret.expires_at > now,
            public_key=_public(keys.get((one.endpoint_id, secret.number))),
        )
        for secret in one.secrets
    ]
    said: dict[str, Any] = {
        name: getattr(one, name)
        for name in (
            *("version", "name", "url", "status", "unit_id", "imported", "payload", "fields", "personal"),
            *("schema_versions", "rate", "ordered", "headers", "notices", "changed_at"),
        )
    }
    return EndpointShown.model_validate(
        {
            **said,
            "id": one.endpoint_id,
            "paused_because": one.paused_by,
            "unit_name": None if one.unit_id is None else names.get(one.unit_id),
            "types": None if one.types is None else sorted(one.types),
            "changed": None if one.changed is None else sorted(one.changed),
            "start": _place(one.start),
            "skip": None if one.skip is None else _place(one.skip.place),
            "secrets": secrets,
            "allowed_actions": allowed,
        }
    )


def _place(place: Any) -> PlaceShown:
    return PlaceShown(epoch=place.epoch, position=place.position)


def _public(key: bytes | None) -> str | None:
    return None if key is None else public_text(key)
