"""Products and the rules a tenant publishes, over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg

from services.opportunities.main import FACTS, opportunities_app
from services.opportunities.products.view import PRODUCTS
from services.opportunities.texts import TEXTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.http.texts import TEXTS as KIT_TEXTS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client

CATEGORY = {"code": "price", "zh": "价格", "en": "price", "reasons": [{"code": "price.high", "zh": "高", "en": "high"}]}


async def test_a_product_is_added_once_changed_and_withdrawn(head: Client, rep: Client, stranger: Client) -> None:
    body = {"code": "RS7", "name": "RS7", "list_price": "1500000.00"}
    assert (await rep.post("/v1/products", body)).status_code == 403
    receipt = await head.tell("/v1/products", body)
    path = f"/v1/products/{receipt['id']}"
    again = await head.post("/v1/products", body)
    assert (again.status_code, again.json()["code"]) == (409, "product_code_taken")
    await stranger.tell("/v1/products", body)
    await head.tell(f"{path}/change", {"name": "RS7 Sportback"}, version=1)
    await head.tell(f"{path}/withdraw", {"reason": "停产"}, version=2)
    shown = await rep.read(path)
    assert (shown["name"], shown["list_price"], shown["active"]) == ("RS7 Sportback", "1500000.00", False)
    assert (await rep.post(f"{path}/change", {}, version=3)).status_code == 403
    assert (await stranger.get(path)).status_code == 404
    assert (await rep.get(f"/v1/products/{uuid4()}")).status_code == 404


async def test_the_catalogue_tells_the_codes_that_lines_take(
    head: Client, rep: Client, stranger: Client, pool: asyncpg.Pool
) -> None:
    first = await head.tell("/v1/products", {"code": "Z1", "name": "Z1", "list_price": "99000"})
    last = await head.tell("/v1/products", {"code": "Z2", "name": "Z2"})
    await head.tell(f"/v1/products/{first['id']}/change", {"name": "Z1 长轴"}, version=1)
    last = await head.tell(f"/v1/products/{last['id']}/withdraw", {}, version=1)
    await fold_all(pool, [PRODUCTS])
    listed = await rep.read("/v1/products", min_position=last["position"], limit=1000)
    codes = [item["code"] for item in listed["items"]]
    assert codes == sorted(codes)
    shown = {item["code"]: item for item in listed["items"]}
    assert shown["Z1"] | {"allowed_actions": []} == await rep.read(f"/v1/products/{first['id']}")
    assert shown["Z2"] | {"allowed_actions": []} == await rep.read(f"/v1/products/{last['id']}")
    page, seen = await rep.read("/v1/products", active=True, limit=1), []
    while True:
        seen += [item["code"] for item in page["items"]]
        if page["next"] is None:
            break
        page = await rep.read("/v1/products", active=True, limit=1, after=page["next"])
    assert seen == [code for code in codes if code != "Z2"]
    assert not {"Z1", "Z2"} & {item["code"] for item in (await stranger.read("/v1/products"))["items"]}


async def test_level_policies_are_shipped_and_published(director: Client, rep: Client, stranger: Client) -> None:
    levels = [
        {"code": "H", "window_days": 10, "follow_up_days": 2, "win_rate": "0.8"},
        {"code": "C", "follow_up_days": 20, "win_rate": "0.1"},
    ]
    body = {
        "code": "ours",
        "zh": "自定",
        "en": "ours",
        "effective_from": "2025-04-01",
        "default": True,
        "levels": levels,
    }
    assert (await rep.post("/v1/level-policies", body)).status_code == 403
    await director.tell("/v1/level-policies", body)
    assert (await director.tell("/v1/level-policies", body))["version"] == 1
    shown = await rep.read("/v1/level-policies", on="2025-04-01")
    assert [row["code"] for row in shown["rows"]] == ["h7-a15-b30", "h7-a30-b90", "h30-a90-b180", "ours"]
    assert shown["in_force"] == "ours"
    assert (await rep.read("/v1/level-policies"))["in_force"] == "h7-a15-b30"
    assert len((await stranger.read("/v1/level-policies"))["rows"]) == 3
    wrong = await director.post("/v1/level-policies", body | {"levels": levels[:1]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "windows_out_of_order")


async def test_a_reason_catalogue_is_shipped_and_published(director: Client, rep: Client) -> None:
    assert len((await rep.read("/v1/reason-catalogues"))["rows"]) == 5
    body: dict[str, Any] = {"effective_from": "2025-03-01", "categories": [CATEGORY]}
    assert (await rep.post("/v1/reason-catalogues", body)).status_code == 403
    await director.tell("/v1/reason-catalogues", body)
    assert [row["code"] for row in (await rep.read("/v1/reason-catalogues"))["rows"]] == ["price"]
    assert len((await rep.read("/v1/reason-catalogues", on="2025-02-28"))["rows"]) == 5
    wrong = await director.post("/v1/reason-catalogues", body | {"categories": [CATEGORY, CATEGORY]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "duplicate_code")


async def test_what_needs_approval_is_shown(rep: Client, director: Client) -> None:
    assert (await rep.read("/v1/approval-policies"))["approve_defeat"] == "manual"
    await director.tell("/v1/approval-policies", {"effective_from": "2025-03-01", "approve_freeze": "automatic"})
    assert (await rep.read("/v1/approval-policies"))["approve_freeze"] == "automatic"


async def test_words_have_two_names(rep: Client, pool: asyncpg.Pool) -> None:
    await fold_all(pool, [PRODUCTS, PEOPLE, UNITS])
    words = await rep.read("/v1/catalogues")
    assert {"code": "on_site", "zh": "上门", "en": "on site"} in words["visit_ways"]
    assert all(word["zh"] and word["en"] for catalogue in words["codes"].values() for word in catalogue)


def test_every_fact_can_be_stored_and_every_refusal_has_a_text() -> None:
    assert "ProspectCaptured" in FACTS.types
    assert all(text.zh and text.en for text in TEXTS.values())


def test_every_refusal_in_the_source_is_in_the_catalogue() -> None:
    import re
    from pathlib import Path

    from services import opportunities

    source = Path(opportunities.__file__).parent
    said = "\n".join(path.read_text() for path in source.rglob("*.py") if path.parent.name != "imports")
    codes = set(re.findall(r"Refused\(\s*\"([a-z_]+)\"", said)) | set(re.findall(r"Problem\(\d+, \"([a-z_]+)\"", said))
    assert codes
    assert codes <= set(TEXTS) | set(KIT_TEXTS), codes - set(TEXTS) - set(KIT_TEXTS)


def test_every_command_has_an_example_and_an_operation_id() -> None:
    document = opportunities_app().openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["operationId"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                name = body["schema"].get("$ref", "").rpartition("/")[2]
                schema = document["components"]["schemas"].get(name, {})
                assert "examples" in schema or "example" in body or "examples" in body, path
