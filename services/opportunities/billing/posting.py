"""One posting of the ERP: told once, never changed; a reversal posting takes it back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

from services.opportunities.billing.commands import Posting
from services.opportunities.events import PostingRecorded
from shared.event_store.stream import Refused, Stream

SAID = ("posting_id", "kind", "order_ref", "opportunity_id", "line", "product", "units", "amount", "currency")


class LedgerPosting(Stream):
    """A posting, by the ERP's own id."""

    stream_type: ClassVar[str] = "posting"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "posting_id": str,
        "kind": str,
        "order_ref": str | None,
        "opportunity_id": UUID | None,
        "line": int | None,
        "product": str | None,
        "units": int,
        "amount": Decimal,
        "currency": str,
        "posted_on": date,
        "reverses": str | None,
    }

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case PostingRecorded():
                self.set(fact, **{name: getattr(fact, name) for name in (*SAID, "posted_on", "reverses")})
            case _:
                self.unknown(fact)

    @classmethod
    def posted(cls, posting: Posting, *, tenant_id: UUID, at: datetime) -> Self:
        """The posting as the ERP told it."""
        return cls.begin(PostingRecorded, id=posting_stream(tenant_id, posting.posting_id), at=at, **_said(posting))

    def require_same(self, posting: Posting, pointer: str) -> None:
        """Raise Refused 409 `posting_differs` when it was told otherwise before."""
        if any(self.standing.get(name) != value for name, value in _said(posting).items()):
            detail = f"posting {posting.posting_id} was told otherwise: reverse it"
            raise Refused("posting_differs", detail, pointer=pointer, posting=posting.posting_id)


def posting_stream(tenant_id: UUID, posting_id: str) -> UUID:
    """The stream of a posting."""
    return uuid5(tenant_id, f"posting:{posting_id}")


def _said(posting: Posting) -> dict[str, Any]:
    return {name: getattr(posting, name) for name in SAID} | {"posted_on": posting.on, "reverses": posting.reverses}
