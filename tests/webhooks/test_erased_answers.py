"""Who is erased is in no answer of a receiver any more, however it was written."""

from __future__ import annotations

import json
from urllib.parse import quote_plus
from uuid import UUID, uuid4

import asyncpg

from services.privacy.traces import rid_answers
from shared.privacy.redaction import Redactor
from tests.webhooks.delivered import Tried, tried

NOTICE = """
insert into delivery.notices (tenant_id, notice_id, endpoint_id, kind, said) values ($1, $2, $2, 'failing', $3)
"""
ZHANG = Redactor({"name": "张晓明", "phone": "13600001234"}, unique_name=True)


async def test_answers_that_name_the_erased_are_dropped_and_no_others(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    endpoint, other = uuid4(), uuid4()
    naming = [
        Tried(status=422, answer="客户 张晓明 已存在".encode()),
        Tried(status=422, answer="客户 张晓明 已存在".encode("gb18030")),
        Tried(status=200, answer=json.dumps({"said": "张晓明"}).encode()),
        Tried(status=200, answer=quote_plus("客户 张晓明 已存在").encode()),
        Tried(status=500, answer="<p>客户 张晓明 已存在</p>".encode("ascii", "xmlcharrefreplace")),
        Tried(status=200, answer=b'{"phone": "136 0000 1234", "cut off'),
        Tried(status=None, fault="protocol", error="not HTTP: 13600001234"),
    ]
    plain = [Tried(status=200, answer=b"ok"), Tried(status=200, answer=None)]
    ids = await tried(pool, tenant_id, endpoint, [*naming, *plain])
    elsewhere = await tried(pool, other, endpoint, naming[:1])

    assert await rid_answers(pool, tenant_id, [ZHANG]) == len(naming)

    rows = await pool.fetch(
        "select attempt_id, status, answer, error from delivery.attempts where tenant_id = any($1::uuid[])",
        [tenant_id, other],
    )
    kept = {row["attempt_id"] for row in rows if row["answer"] is not None or row["error"] is not None}
    assert kept == {ids[len(naming)], *elsewhere}
    assert len(rows) == len(ids) + 1  # the attempts stay, and their statuses
    assert {row["status"] for row in rows} == {422, 200, 500, None}


async def test_notices_do_not_quote_them_either(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    ids = [uuid4() for _ in range(3)]
    said = [{"name": "ERP", "error": "not HTTP: 13600001234"}, {"name": "ERP", "error": "not HTTP"}, {"name": "ERP"}]
    await pool.executemany(NOTICE, [(tenant_id, id, json.dumps(one)) for id, one in zip(ids, said, strict=True)])
    assert await rid_answers(pool, tenant_id, [ZHANG]) == 1
    rows = await pool.fetch("select notice_id, said from delivery.notices where tenant_id = $1", tenant_id)
    assert {row["notice_id"]: json.loads(row["said"]) for row in rows} == dict(
        zip(ids, [{"name": "ERP"}, *said[1:]], strict=True)
    )
