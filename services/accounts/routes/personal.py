"""Personal data on their way to and from the vault. Nothing here reaches a fact, a log line or a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.privacy.vault import Erased

REPLAYED = (b"idempotency-replayed", b"true")
SHOWN_DIGITS = 4
"""Digits of a phone number that are shown at its end."""
MASKED_FROM = 7
"""Numbers shorter than this are masked altogether."""


async def keep_new(ctx: CommandContext, subject_id: UUID, fields: Mapping[str, str]) -> None:
    """Put a new subject's data before its fact is appended; not on a retry, which must change nothing."""
    if await ctx.kit.store.answered(ctx.tenant_id, ctx.principal.person_id, ctx.key) is not None:
        return
    try:
        await ctx.kit.vault.put(ctx.tenant_id, subject_id, fields)
    except Erased:
        raise Refused("person_erased", "the personal data were erased") from None


def replayed(ctx: CommandContext) -> bool:
    """Whether the receipt that was just made is that of an earlier try."""
    return REPLAYED in ctx.call.headers


def masked(phone: str | None) -> str | None:
    """A number with its middle hidden: 138****5678."""
    if phone is None:
        return None
    if len(phone) < MASKED_FROM:
        return "*" * len(phone)
    start = min(3, len(phone) - SHOWN_DIGITS - 1)
    hidden = len(phone) - start - SHOWN_DIGITS
    return f"{phone[:start]}{'*' * hidden}{phone[-SHOWN_DIGITS:]}"


def masked_mail(mail: str | None) -> str | None:
    """A mail address with its box hidden but for the first letter: w***@example.com."""
    if mail is None:
        return None
    box, _, domain = mail.partition("@")
    return f"{box[:1]}***@{domain}"
