"""Texts and contacts on their way to the vault. Nothing here reaches a fact, a log line or a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid5

from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.privacy.vault import CONTACT, Erased, Of, Restricted

REPLAYED = (b"idempotency-replayed", b"true")

Texts = Mapping[UUID, Mapping[str, str | None]]


def contact_id(opportunity_id: UUID) -> UUID:
    """The vault's subject for the contact given with a prospect."""
    return uuid5(opportunity_id, "contact")


async def keep(ctx: CommandContext, texts: Texts, of: Of, *, contact_of: UUID | None = None) -> None:
    """Keep what was given, once the command was carried out. Raises Refused 409 `person_erased`, `person_restricted`.

    A retry keeps only what is not there: the first try may have been cut off before this, and later texts stay.
    `of` is what the texts are of; with `contact_of` those of other subjects are the contact of that opportunity.
    """
    given = {
        subject: {name: text for name, text in fields.items() if text is not None} for subject, fields in texts.items()
    }
    given = {subject: fields for subject, fields in given.items() if fields}
    if not given:
        return
    vault = ctx.kit.vault
    if REPLAYED in ctx.call.headers:
        there = await vault.known(ctx.tenant_id, list(given))
        given = {
            subject: {name: text for name, text in fields.items() if name not in there.get(subject, {})}
            for subject, fields in given.items()
        }
    contact = of if contact_of is None else Of(CONTACT, contact_of)
    kinds = {subject: of if subject == of.record_id else contact for subject in given}
    try:
        await vault.put_many(ctx.tenant_id, given, of=kinds)
    except (Erased, Restricted) as error:
        if REPLAYED not in ctx.call.headers:
            code = "person_erased" if isinstance(error, Erased) else "person_restricted"
            raise Refused(code, "these personal data may not be kept") from None
