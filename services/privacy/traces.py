"""A person taken out of what operations, their files, the read audit and deliveries say. Holds nothing of the vault."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from shared.imports.encodings import encoding_of
from shared.imports.problems import TableRefused
from shared.jobs import files
from shared.privacy.redaction import MARK, Redactor

BATCH = 500
FIRST = UUID(int=0)
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
"""As JSON writes what is not ASCII; an answer is cut off and need not be JSON as a whole."""
ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")

OPERATIONS = """
select operation_id, parameters::text, principal::text, checkpoint::text, result::text, error from es.operations
 where tenant_id = $1 and operation_id > $2 order by operation_id limit $3
"""
REDACT_OPERATION = """
update es.operations
   set parameters = coalesce($3::text::jsonb, parameters), principal = coalesce($4::text::jsonb, principal),
       checkpoint = coalesce($5::text::jsonb, checkpoint), result = coalesce($6::text::jsonb, result),
       error = coalesce($7, error)
 where tenant_id = $1 and operation_id = $2
"""
PROBLEMS = """
select operation_id, number, column_name, message, params::text from es.operation_problems
 where tenant_id = $1 and (operation_id, number) > ($2, $3) order by operation_id, number limit $4
"""
REDACT_PROBLEM = """
update es.operation_problems set column_name = $4, message = $5, params = $6::text::jsonb
 where tenant_id = $1 and operation_id = $2 and number = $3
"""
FILES = """
select f.operation_id, f.name
  from es.operation_files f join es.operations o using (tenant_id, operation_id)
 where f.tenant_id = $1 and o.kind <> 'export' order by 1, 2
"""
PURPOSES = """
select at, read_id, purpose from privacy.reads
 where tenant_id = $1 and purpose is not null and (at, read_id) > ($2, $3) order by at, read_id limit $4
"""
ANSWERS = """
select attempt_id, answer, error from delivery.attempts
 where tenant_id = $1 and attempt_id > $2 and (answer is not null or error is not null) order by attempt_id limit $3
"""
EXPUNGE = """
update delivery.attempts set answer = null, error = null where tenant_id = $1 and attempt_id = any($2::uuid[])
"""
NOTICES = """
select notice_id, said ->> 'error' as error from delivery.notices
 where tenant_id = $1 and notice_id > $2 and said ->> 'error' is not null order by notice_id limit $3
"""
EXPUNGE_NOTICES = """
update delivery.notices set said = said - 'error' where tenant_id = $1 and notice_id = any($2::uuid[])
"""
REDACT_PURPOSE = "update privacy.reads set purpose = $4 where tenant_id = $1 and at = $2 and read_id = $3"


async def rid_operations(pool: Any, tenant_id: UUID, redactors: Sequence[Redactor]) -> int:
    """Rid parameters, results, errors, row problems, purposes and receivers' answers of these persons; how many rows
    changed."""
    if not redactors:
        return 0
    changed, after = 0, FIRST
    while rows := await pool.fetch(OPERATIONS, tenant_id, after, BATCH):
        for id, *texts, error in rows:
            said = [*(_redacted_json(text, redactors) for text in texts), _redacted(error, redactors)]
            if said != [*texts, error]:
                differing = [now if now != before else None for now, before in zip(said, [*texts, error], strict=True)]
                await pool.execute(REDACT_OPERATION, tenant_id, id, *differing)
                changed += 1
            after = id
    place: tuple[UUID, int] = (FIRST, 0)
    while rows := await pool.fetch(PROBLEMS, tenant_id, *place, BATCH):
        for id, number, *given, params in rows:
            said = [*(_redacted(text, redactors) for text in given), _redacted_json(params, redactors)]
            if said != [*given, params]:
                await pool.execute(REDACT_PROBLEM, tenant_id, id, number, *said)
                changed += 1
            place = (id, number)
    changed += await _rid_purposes(pool, tenant_id, redactors)
    return changed + await rid_answers(pool, tenant_id, redactors)


async def _rid_purposes(pool: Any, tenant_id: UUID, redactors: Sequence[Redactor]) -> int:
    """What people said they looked at data for."""
    changed, place = 0, (datetime(1, 1, 1, tzinfo=UTC), FIRST)
    while rows := await pool.fetch(PURPOSES, tenant_id, *place, BATCH):
        for at, id, purpose in rows:
            if (said := _redacted(purpose, redactors)) != purpose:
                await pool.execute(REDACT_PURPOSE, tenant_id, at, id, said)
                changed += 1
            place = (at, id)
    return changed


async def rid_answers(pool: Any, tenant_id: UUID, redactors: Sequence[Redactor]) -> int:
    """Drop what receivers of webhooks answered where it names these persons: they may echo what they were sent."""
    dropped, after = 0, FIRST
    while rows := await pool.fetch(ANSWERS, tenant_id, after, BATCH) if redactors else ():
        naming = [id for id, answer, error in rows if _names(answer, redactors) or _redacted(error, redactors) != error]
        if naming:
            await pool.execute(EXPUNGE, tenant_id, naming)
            dropped += len(naming)
        after = rows[-1]["attempt_id"]
    return dropped + await _rid_notices(pool, tenant_id, redactors)


async def _rid_notices(pool: Any, tenant_id: UUID, redactors: Sequence[Redactor]) -> int:
    """What a notice quotes of an answer."""
    dropped, after = 0, FIRST
    while rows := await pool.fetch(NOTICES, tenant_id, after, BATCH) if redactors else ():
        naming = [id for id, error in rows if _redacted(error, redactors) != error]
        if naming:
            await pool.execute(EXPUNGE_NOTICES, tenant_id, naming)
            dropped += len(naming)
        after = rows[-1]["notice_id"]
    return dropped


def _names(answer: bytes | None, redactors: Sequence[Redactor]) -> bool:
    """Whether an answer names one of these persons, in whichever encoding, or as JSON, forms or HTML write it."""
    if not answer:
        return False
    for encoding in ENCODINGS[:2]:
        text = answer.decode(encoding, "replace")
        if _redacted(text, redactors) != text:
            return True
    text = answer.decode("utf-8", "replace")
    meant = (ESCAPED.sub(lambda found: chr(int(found[1], 16)), text), unquote_plus(text), unescape(text))
    return any(_redacted(each, redactors) != each for each in meant)


async def rid_files(
    pool: Any, tenant_id: UUID, redactors: Sequence[Redactor], said: Mapping[UUID, Mapping[str, str]]
) -> AsyncIterator[UUID]:
    """Rid files of operations that wait or run of these persons: each operation whose file changed, before it does."""
    for operation_id, name in await pool.fetch(FILES, tenant_id) if redactors else ():
        with suppress(KeyError, files.FileDamaged):  # its operation ended meanwhile
            content = b"".join([chunk async for chunk in files.read_file(pool, tenant_id, operation_id, name)])
            redacted = _without(content, redactors, said)
            if redacted != content:
                yield operation_id
                await _replace(pool, tenant_id, operation_id, name, redacted)


async def _replace(pool: Any, tenant_id: UUID, operation_id: UUID, name: str, content: bytes) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for table in ("operation_file_chunks", "operation_files"):
            gone = await connection.execute(
                f"delete from es.{table} where tenant_id = $1 and operation_id = $2 and name = $3",  # noqa: S608
                tenant_id,
                operation_id,
                name,
            )
        if gone != "DELETE 0":
            await files.attach(connection, tenant_id, operation_id, name, content)


def _redacted(text: str | None, redactors: Sequence[Redactor]) -> str | None:
    for redactor in redactors:
        text = None if text is None else redactor.text(text)
    return text


def _redacted_json(text: str | None, redactors: Sequence[Redactor]) -> str | None:
    """A JSON text without the persons; itself when it names none."""
    if text is None:
        return None
    value = json.loads(text)
    redacted = value
    for redactor in redactors:
        redacted = redactor.value(redacted)
    return text if redacted == value else json.dumps(redacted, ensure_ascii=False)


def _without(content: bytes, redactors: Sequence[Redactor], said: Mapping[UUID, Mapping[str, str]]) -> bytes:
    """A file without the persons, in its own encoding; of one nobody can read, without their values as they stand."""
    try:
        encoding = encoding_of(io.BytesIO(content))
        text = content[encoding.mark_bytes :].decode(encoding.name)
    except (TableRefused, UnicodeDecodeError):
        for value in {value for fields in said.values() for value in fields.values()}:
            for name in ENCODINGS:
                content = content.replace(value.encode(name), MARK.encode(name))
        return content
    redacted = text
    for redactor in redactors:
        redacted = redactor.lines(redacted)
    return content if redacted == text else content[: encoding.mark_bytes] + redacted.encode(encoding.name)
