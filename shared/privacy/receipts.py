"""The list of who was erased, outside the database: a restored backup is made to forget them again by it. Ids only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.settings import Settings

KIND = "person_erased"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One person who was erased: whose, by whose order, why and when."""

    tenant_id: UUID
    subject_id: UUID
    kind: str
    reason: str
    requested_by: UUID
    at: datetime


def list_file(settings: Settings) -> Path:
    """Where the list is: the setting, else `erasures.jsonl` in the data folder."""
    return settings.erasures_file or settings.data / "erasures.jsonl"


def append(path: Path, receipt: Receipt) -> None:
    """Write one line and see it on the disk. A line may come twice; the list may be read while it grows."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = not path.exists()
    line = json.dumps({"type": KIND, **asdict(receipt)}, default=_plain) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read(path: Path) -> Iterator[Receipt]:
    """The receipts of a list, each once. Raises OSError, ValueError for a line that is none; a cut last line is."""
    seen: set[tuple[UUID, UUID]] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            said: dict[str, Any] = json.loads(line)
            if said.pop("type", KIND) != KIND:
                continue  # another kind of line: not of persons
            receipt = Receipt(
                UUID(said["tenant_id"]),
                UUID(said["subject_id"]),
                str(said["kind"]),
                str(said["reason"]),
                UUID(said["requested_by"]),
                datetime.fromisoformat(said["at"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number} of {path.name} is no receipt of an erasure") from error
        if (receipt.tenant_id, receipt.subject_id) not in seen:
            seen.add((receipt.tenant_id, receipt.subject_id))
            yield receipt


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
