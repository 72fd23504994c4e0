"""Every code a form needs has its names, of any day, and is asked for again only when something has changed."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import get_args

import asyncpg

from services.accounts import events as account_events
from services.opportunities import events
from services.opportunities.catalogues.collected import catalogues
from services.opportunities.leads.reads import Stage
from services.opportunities.products.view import PRODUCTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client

PATH = "/v1/catalogues"
VIEWS = (PRODUCTS, PEOPLE, UNITS)
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_enumeration_of_facts_is_there_and_every_code_has_a_chinese_name() -> None:
    there = {tuple(words) for words in catalogues().values()}
    for module in (account_events, events):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
                codes = tuple(one.value for one in kind)
                assert any(words[: len(codes)] == codes for words in there), kind.__name__
    assert set(get_args(Stage)) <= set(catalogues()["lead_statuses"])
    assert [word.zh for word in catalogues()["defeat_kinds"].values()] == ["战败", "准战败", "假战败"]
    unnamed = {
        f"{name}.{code}"
        for name, words in catalogues().items()
        for code, word in words.items()
        if not CHINESE.search(word.zh) or not word.en
    }
    assert unnamed == set(), "name them in services/opportunities/catalogues/words.py"


async def test_levels_reasons_and_products_are_those_in_force(
    head: Client, director: Client, rep: Client, stranger: Client, pool: asyncpg.Pool
) -> None:
    await fold_all(pool, VIEWS)
    before = await rep.read(PATH)
    assert [level["code"] for level in before["levels"]] == ["N", "H", "A", "B", "C", "O"]
    assert before["levels"][1] == {
        "code": "H", "zh": "H级", "en": "level H", "window_days": 7, "follow_up_days": 2
    }  # fmt: skip
    assert {word["code"] for word in before["codes"]["functions"]} >= {"representative", "finance"}
    assert all(reason["zh"] for category in before["reasons"] for reason in category["reasons"])
    await head.tell("/v1/products", {"code": "RS7", "name": "运动版", "name_en": "RS7", "list_price": "1500000.00"})
    await fold_all(pool, VIEWS)
    after = await rep.read(PATH)
    (product,) = [one for one in after["products"] if one["code"] == "RS7"]
    assert (product["zh"], product["en"], product["list_price"], product["active"]) == (
        "运动版", "RS7", "1500000.00", True
    )  # fmt: skip
    assert before["version"] != after["version"]
    assert "RS7" not in {one["code"] for one in (await stranger.read(PATH))["products"]}
    earlier = await rep.read(PATH, as_of="2020-01-01")
    assert "RS7" not in {one["code"] for one in earlier["products"]}


async def test_nothing_is_sent_again_that_is_known(rep: Client, pool: asyncpg.Pool) -> None:
    await fold_all(pool, VIEWS)
    first = await rep.get(PATH)
    tag = first.headers["etag"]
    assert tag == f'"{first.json()["version"]}"'
    headers = {"authorization": f"Bearer {rep.token}"}
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await rep.http.get(PATH, headers={**headers, "if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await rep.http.get(PATH, headers={**headers, "if-none-match": '"other"'})).status_code == 200
