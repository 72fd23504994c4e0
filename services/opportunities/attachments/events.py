"""Facts about attachments: storage format and public language, for ever. See the service's `events.py`.

Bytes and names of files are not here: names and titles lie in the vault, bytes beside it, sealed with a key of their
own. Neither is a digest of the content: whoever reads the log could tell which files they know are here.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class AttachmentStatus(StrEnum):
    KEPT = "kept"
    REMOVED = "removed"


# -- facts -------------------------------------------------------------------------------------------------


class AttachmentAdded(FirstFact):
    """A file was attached to a record. Its name and title lie in the vault, keyed by the attachment's id.

    sets: status = kept, record_kind, record_id, opportunity_id, account_id, category, media_type, size, person_ids,
    added_on
    """

    record_kind: str
    record_id: UUID
    opportunity_id: UUID | None  # the record's, when it was added
    account_id: UUID | None
    category: str | None
    media_type: str  # by its content
    size: int  # bytes
    person_ids: tuple[UUID, ...]  # whom it is about: it is erased with any of them
    added_on: date


class AttachmentConcerns(Fact):
    """Whom it is about was said, or said otherwise. sets: person_ids"""

    person_ids: tuple[UUID, ...]


class AttachmentRemoved(Fact):
    """It was taken away: its bytes and its name are destroyed. sets: status = removed, removed_on, removal_reason"""

    removed_on: date
    removal_reason: str


AttachmentFact = AttachmentAdded | AttachmentConcerns | AttachmentRemoved
