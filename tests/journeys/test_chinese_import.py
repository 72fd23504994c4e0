"""Five hundred opportunities as Chinese Excel writes them: whatever the encoding, the same prospects are on file."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.importing import MAPPINGS, Desk

FILES = (
    "opportunities_utf8.csv",
    "opportunities_utf8_bom_crlf.csv",
    "opportunities_gb18030.csv",
    "opportunities_utf16le_tab.txt",
)


async def on_file(desk: Desk, *, whole: bool) -> list[dict[str, Any]]:
    """All opportunities as the service shows them, in the file's words; `whole`: each looked at by itself too."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await desk.read("/v1/opportunities", limit=200, **cursor)
        items += page["items"]
        if not page.get("next"):
            break
        cursor = {"after": page["next"]}
    found = []
    for item in items:
        stage = None
        if whole:
            read = await desk.read(f"/v1/opportunities/{item['id']}")
            stage = read.get("standing", read)["stage_given"]
        found.append(
            {
                "商机编号": item["external_refs"]["chinese_import"],
                "客户名称": item["account"],
                "销售阶段": stage,
                "赢率": round(float(item["probability"] or 0) * 100),
                "金额_分": round(float(item["amount"]) * 100),
                "创建日期": captured_day(item["captured_at"]),
                "预计成交日期": item["expected_on"],
                "负责人": item["owner"],
            }
        )
    return sorted(found, key=lambda row: row["商机编号"])


def captured_day(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()


@pytest.mark.parametrize("name", FILES)
async def test_every_encoding_gives_the_same_prospects(at_desk: Desk, reference_data: Path, name: str) -> None:
    folder = reference_data / "chinese_import"
    done = await at_desk.imported(folder / name, MAPPINGS / "chinese_import.yaml")
    assert (done["created"], done["problems"]) == (500, 0)
    expected = json.loads((folder / "expected_normalised.json").read_text(encoding="utf-8"))
    whole = name == FILES[0]  # the next story shows that the others say the same to the last field
    if not whole:
        expected = [row | {"销售阶段": None} for row in expected]
    assert await on_file(at_desk, whole=whole) == sorted(expected, key=lambda row: row["商机编号"])


async def test_one_encoding_after_another_changes_nothing_and_names_no_person_in_the_log(
    at_desk: Desk, reference_data: Path
) -> None:
    folder, mapping = reference_data / "chinese_import", MAPPINGS / "chinese_import.yaml"
    await at_desk.imported(folder / FILES[0], mapping)
    position = (await at_desk.office.head()).position
    for name in FILES[1:]:
        done = await at_desk.imported(folder / name, mapping)
        assert (done["created"], done["changed"], done["unchanged"], done["problems"]) == (0, 0, 500, 0), name
    assert (await at_desk.office.head()).position == position
    rows = json.loads((folder / "opportunities.json").read_text(encoding="utf-8"))
    people = {str(row[column]).strip() for row in rows for column in ("联系人", "手机", "负责人") if row.get(column)}
    log = json.dumps([fact.data for fact in await at_desk.office.log()], ensure_ascii=False)
    assert [name for name in people if f'"{name}"' in log] == []
