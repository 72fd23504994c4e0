"""The parts of an uploaded import, out of a multipart body. Interprets none of them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from shared.http.body import is_clean
from shared.http.call import call_of
from shared.http.problem import At, Problem
from shared.imports.mapping import MAX_BYTES
from shared.imports.upload import FILE, MAPPING

MOST_FILES = 20
MOST_FIELDS = 10
MOST_CHARS = 300
"""Of a part's name and file name."""
CHUNK_BYTES = 1 << 20
DRY_RUN = "dry_run"


class Upload:
    """A file to be imported, its mapping, and the look-up files by their names."""

    def __init__(self, name: str, file: Any, mapping: bytes, beside: dict[str, Any], *, dry_run: bool) -> None:
        self.name = name
        self.file = file
        self.mapping = mapping
        self.beside = beside
        self.dry_run = dry_run

    def fingerprint(self, *, dry_run: bool) -> bytes:
        """What the idempotency key stands for: all contents."""
        whole = hashlib.sha256(b"import dry\n" if dry_run else b"import\n")
        for name, file in [(FILE, self.file), *sorted((f"+{name}", file) for name, file in self.beside.items())]:
            file.seek(0)
            whole.update(name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
        whole.update(self.mapping)
        return whole.digest()

    async def chunks(self, file: Any) -> AsyncIterator[bytes]:
        """A file from its beginning, piece by piece."""
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Upload]:
    """The upload, its files open as long as the block. Raises Problem: 415, 422 `validation`, 413."""
    if not (call_of(request.scope).header(b"content-type") or "").lower().startswith("multipart/form-data"):
        raise Problem(
            415, "unsupported_media_type", params={"expected": "multipart/form-data"},
            headers={"Accept-Post": "multipart/form-data"},
        )  # fmt: skip
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) as form:
        file: Any = None
        name, mapping, dry_run = "", None, False
        beside: dict[str, Any] = {}
        faults: list[At] = []
        for field, value in form.multi_items():
            named = field + (value.filename or "" if isinstance(value, UploadFile) else "")
            if not is_clean(named) or len(named) > MOST_CHARS:
                faults.append(At("", "invalid_text"))
                continue
            match field, value:
                case "file", UploadFile() if file is None:
                    file, name = value.file, value.filename or FILE
                case "mapping", UploadFile() if mapping is None:
                    mapping = await value.read(MAX_BYTES + 1)
                case "mapping", str() if mapping is None:
                    mapping = value.encode()
                case "dry_run", "true" | "false":
                    dry_run = value == "true"
                case _, UploadFile() if field not in (FILE, MAPPING) and (value.filename or field) not in beside:
                    beside[value.filename or field] = value.file
                case _:
                    faults.append(At(f"/{field}", "unknown_field" if field != DRY_RUN else "not_boolean"))
        faults += [At(f"/{missing}", "missing") for missing, part in ((FILE, file), (MAPPING, mapping)) if part is None]
        if faults or file is None or mapping is None:
            raise Problem(422, "validation", errors=tuple(faults), params={"count": len(faults)})
        yield Upload(name, file, mapping, beside, dry_run=dry_run)
