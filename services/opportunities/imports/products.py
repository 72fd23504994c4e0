"""Products as an imported file names them: found by code or name in the catalogue, or added to it. Changes none."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid5

from pydantic import ValidationError

from services.opportunities import events
from services.opportunities.products.product import CLAIM, AddProduct, Product
from services.opportunities.products.view import PRODUCTS
from shared.event_store.command import Claim
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.imports.codes import code_apart, code_of
from shared.imports.found import Missing
from shared.imports.reading import Reference
from shared.imports.recording import Record, Recorder
from shared.imports.series import current
from shared.projections.waiting import wait_for

WAIT_SECONDS = 60.0
CATALOGUE = f"select code, name from {PRODUCTS.table} where tenant_id = $1 and to_at is null"  # noqa: S608 - our own name


class Products:
    """The catalogue; lines name its products by code."""

    def __init__(self, recorder: Recorder, *, added_at: datetime) -> None:
        self._recorder = recorder
        self._added_at = added_at
        self._repository: Repository[Product] = Repository(recorder.store, Product, facts=registry(events), baselines=0)
        self._codes: set[str] = set()
        self._named: dict[str, set[str]] = {}
        self._found: dict[Any, str | Missing] = {}

    async def load(self) -> None:
        """Read the catalogue as it stands. Raises ViewBehind."""
        recorder = self._recorder
        head = await recorder.store.head(recorder.tenant_id)
        await wait_for(recorder.store.pool, PRODUCTS, recorder.tenant_id, head.position, WAIT_SECONDS)
        for row in await recorder.store.pool.fetch(CATALOGUE, recorder.tenant_id):
            self._codes.add(row["code"])
            self._named.setdefault(_comparable(row["name"]), set()).add(row["code"])

    async def product(self, reference: Reference) -> str | Missing:
        """The code of the product a row names. Missing: `not_found`, `ambiguous`, `code_taken`, `not_acceptable`."""
        known = self._found.get(reference.ways)
        if known is None:
            known = self._found[reference.ways] = await self._find_or_add(reference)
        return known

    async def _find_or_add(self, reference: Reference) -> str | Missing:
        for way in reference.ways:
            if way.by == "code" and way.value in self._codes:
                return way.value
            if way.by == "name":
                codes = self._named.get(_comparable(way.value), set())
                if len(codes) > 1:
                    return Missing("ambiguous", way.value)
                if codes:
                    return next(iter(codes))
        if not reference.create:
            return Missing("not_found", reference.ways[0].value)
        name = reference.by("name") or reference.by("code") or ""
        tenant_id = self._recorder.tenant_id
        first = reference.by("code") or code_of(name)
        for code in (first, code_apart(name, uuid5(tenant_id, f"product:name:{_comparable(name)}"))):
            try:
                command = AddProduct(**{**reference.attributes, "code": code, "name": name})
            except ValidationError as error:
                what = error.errors(include_url=False, include_input=False)[0]
                return Missing("not_acceptable", name, (("reason", what["msg"]),))
            id = uuid5(tenant_id, f"product:code:{code}")
            id = (await current(self._recorder.store.pool, tenant_id, [id]))[id]
            product = Product.add(command, id=id, at=self._added_at)
            claims = (Claim(CLAIM, code, product.id),)
            (outcome,) = await self._recorder.append([Record(self._repository.appends(product), claims)])
            taken = outcome.kind == "claim_taken" or (outcome.kind == "conflict" and not await self._is(product, name))
            if not taken:
                self._codes.add(code)
                self._named.setdefault(_comparable(name), set()).add(code)
                return code
        return Missing("code_taken", name)

    async def _is(self, product: Product, name: str) -> bool:
        """Whether the product added meanwhile under this id is the one meant."""
        there = await self._repository.load(self._recorder.tenant_id, product.id)
        return there is not None and _comparable(there.standing["name"]) == _comparable(name)


def _comparable(name: str) -> str:
    return " ".join(name.split()).casefold()
