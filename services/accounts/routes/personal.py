"""Personal data on their way to and from the vault. Nothing here reaches a fact, a log line or a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.privacy.vault import Erased, Of, Restricted

REPLAYED = (b"idempotency-replayed", b"true")


async def keep_new(ctx: CommandContext, subject_id: UUID, fields: Mapping[str, str], of: Of) -> None:
    """Put a new subject's data before its fact is appended; not on a retry, which must change nothing."""
    if await ctx.kit.store.answered(ctx.tenant_id, ctx.principal.person_id, ctx.key) is not None:
        return
    try:
        await ctx.kit.vault.put(ctx.tenant_id, subject_id, fields, of=of)
    except (Erased, Restricted) as error:
        raise refused(error) from None


def refused(error: Erased | Restricted) -> Refused:
    """The refusal of what the vault may not keep."""
    if isinstance(error, Restricted):
        return Refused("person_restricted", "the processing of these personal data is restricted")
    return Refused("person_erased", "the personal data were erased")


def replayed(ctx: CommandContext) -> bool:
    """Whether the receipt that was just made is that of an earlier try."""
    return REPLAYED in ctx.call.headers
