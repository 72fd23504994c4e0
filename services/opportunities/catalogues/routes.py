"""GET /v1/catalogues: what forms and filters are filled with, as of any day, with a version. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

import orjson
from fastapi import Header, Response
from pydantic import BaseModel, Field

from services.opportunities.catalogues.collected import catalogues
from services.opportunities.policies.catalogues.words import Word
from services.opportunities.policies.in_force import rules_in_force
from services.opportunities.policies.level_policy import NEW, ORDERED, LevelPolicy, tenant_policy
from services.opportunities.policies.reason_catalogue import in_force
from services.opportunities.policies.routes import ReasonCategoryShown, WordShown
from services.opportunities.products.view import PRODUCTS
from services.opportunities.reports.asking import Asking, Sql, money
from services.opportunities.routes.asked import Ask, Asked
from shared.http.openapi import refuses
from shared.http.route import Router

router = Router(prefix="/v1", tags=["rules"])

ALL_PRODUCTS = """
select p.code, p.name, p.name_en, p.series, p.list_price, p.currency, p.active
  from {products} as p where {holds} and p.code is not null order by p.code
"""
SHIPPED = ("channels", "visit_purposes", "visit_ways", "layers", "objections")


class LevelWord(WordShown):
    """A level of the policy in force: `window_days` inclusive, null for no window of its own."""

    window_days: int | None
    follow_up_days: int


class ProductWord(WordShown):
    """A product: its Chinese name, and the English one where there is one."""

    series: str | None
    list_price: str | None
    currency: str | None
    active: bool


class CataloguesShown(BaseModel):
    """Every code with its names. `version` changes with any of them, and is the ETag."""

    version: str
    on: date
    level_policy: str
    levels: list[LevelWord] = Field(description="In the order of the policy, with N (not judged) and O (ordered).")
    reasons: list[ReasonCategoryShown]
    products: list[ProductWord]
    channels: list[WordShown]
    visit_purposes: list[WordShown]
    visit_ways: list[WordShown]
    layers: list[WordShown]
    objections: list[WordShown]
    codes: dict[str, list[WordShown]] = Field(
        description="Statuses, verdicts, functions, kinds and all other codes of facts and filters, by catalogue."
    )


@router.get(
    "/catalogues",
    operation_id="catalogues.read",
    response_model=CataloguesShown,
    responses={
        **refuses(422),
        200: {"headers": {"ETag": {"description": "The version in quotes", "schema": {"type": "string"}}}},
        304: {"description": "Nothing has changed since the ETag in If-None-Match"},
    },
)
async def read(
    ask: Ask,
    if_none_match: Annotated[str | None, Header(max_length=1_000, description="The ETag you have.")] = None,
) -> Response:
    """Every code with its Chinese and English names: levels, reasons, products, channels, statuses, all of them."""
    asking = await ask.of(PRODUCTS)
    rules = await rules_in_force(ask.read.kit, asking.tenant_id, anew=True)
    policy = tenant_policy(rules.level_policies, asking.day)
    reasons = in_force(rules.reason_catalogues, asking.day)
    found = catalogues()
    content = {
        "level_policy": policy.code,
        "levels": _levels(policy),
        "reasons": [ReasonCategoryShown.model_validate(one).model_dump(mode="json") for one in reasons.categories],
        "products": await _products(ask, asking),
        **{name: _words(found[name]) for name in SHIPPED},
        "codes": {name: _words(words) for name, words in found.items() if name not in SHIPPED},
    }
    version = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
    headers = {"etag": f'"{version}"', "cache-control": "private, no-cache"}
    if if_none_match is not None and _holds(if_none_match, version):
        return Response(status_code=304, headers=headers)
    body = orjson.dumps({"version": version, "on": asking.day, **content})
    return Response(body, media_type="application/json", headers=headers)


def _holds(given: str, version: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
    return version in tags or "*" in tags


def _words(words: Mapping[str, Word]) -> list[dict[str, str]]:
    return [{"code": code, "zh": word.zh, "en": word.en} for code, word in words.items()]


def _levels(policy: LevelPolicy) -> Sequence[Mapping[str, object]]:
    levels: list[tuple[str, str, str, int | None, int]] = [
        (NEW, "未判定", "not judged", None, policy.new_follow_up_days)
    ]
    levels += [
        (level.code, f"{level.code}级", f"level {level.code}", level.window_days, level.follow_up_days)
        for level in policy.levels
    ]
    levels.append((ORDERED, "已订车", "ordered", None, policy.ordered_follow_up_days))
    names = ("code", "zh", "en", "window_days", "follow_up_days")
    return [dict(zip(names, level, strict=True)) for level in levels]


async def _products(ask: Asked, asking: Asking) -> list[dict[str, object]]:
    sql = Sql(asking)
    rows = await ask.pool.fetch(sql.text(ALL_PRODUCTS, holds=sql.holds("p")), *sql.values)
    return [
        {
            "code": row["code"],
            "zh": row["name"] or row["code"],
            "en": row["name_en"] or row["name"] or row["code"],
            "series": row["series"],
            "list_price": money(row["list_price"]),
            "currency": row["currency"],
            "active": row["active"] is not False,
        }
        for row in rows
    ]
