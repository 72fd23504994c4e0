"""The matrix and its targets for attachments: rows by operation, and what makes what they are on."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.opportunities.attachments.attachment import Attachment
from services.opportunities.events import AttachmentAdded
from shared.identity.current_tenant import as_tenant
from shared.privacy.contents import Contents, digest_of
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.deals import OPPORTUNITIES, opportunity_of
from tests.authorisation.nouns.filings import DRAFTING
from tests.authorisation.row import Row
from tests.authorisation.target import Target
from tests.authorisation.world import MARKS, World

BOUNDARY = "attachment-boundary"
ADDED = datetime(2025, 10, 1, 2, tzinfo=UTC)
FILE = b"%PDF-1.7 contract"


def upload(target: Any) -> bytes:
    """A file for this record, as a form sends it."""
    fields = {"record_kind": "opportunity", "record_id": target.id}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n'
        for name, said in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    return "".join((*parts, head)).encode() + FILE + f"\r\n--{BOUNDARY}--\r\n".encode()


CONTENT = {**who.RECORD_READ, who.NO_PERSONAL: "scope", who.READ_ONLY: "scope"}
"""A file may hold personal data: credentials without the scope see that it is there, and no more."""

ROWS: dict[str, Row] = {
    "attachments.list": Row(who.RECORD_READ, query={"record_id": str(id_of("only.deal.hot"))}),
    "attachments.read": Row(who.RECORD_READ, "attachment"),
    "attachments.content": Row(CONTENT, "attachment"),
    "attachments.add": Row(DRAFTING, "deal.won", upload, matched=False),
    "attachments.concern": Row(who.RECORD_CHANGE, "attachment", {"person_ids": []}),
    "attachments.remove": Row(who.RECORD_CHANGE, "attachment", {"reason": "传错"}),
}


async def attachment(world: World) -> Target:
    """A fresh attachment of an order of the first company's b00.a."""
    deal = opportunity_of(replace(OPPORTUNITIES["only.deal.hot"], state="won"), MARKS[0], uuid4())
    id: UUID = uuid4()
    made = Attachment.begin(
        AttachmentAdded, id=id, at=ADDED, record_kind="opportunity", record_id=deal.id, opportunity_id=deal.id,
        account_id=None, category=None, media_type="application/pdf", size=len(FILE), person_ids=(),
        added_on=date(2025, 10, 1),
    )  # fmt: skip
    await world.append(0, [deal], actor="b00.a")
    await world.append(0, [made], actor="b00.a")
    kit = world.apps["opportunities"].state.kit
    with as_tenant(world.tenants[0]):
        file = io.BytesIO(FILE)
        sha256, size = await digest_of(file)
        await Contents(kit.pool, kit.vault).keep(world.tenants[0], id, file, sha256, size, record_id=deal.id)
    return Target(str(id), made.version)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {"attachment": attachment}
