"""An import that should not have been: undone, every report is as if it had never been; imported again, all is there.

Read from all three services, now, as of past days and as known then; and from another tenant that never imported.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest

from services.accounts.main import make_app as accounts_app
from services.kpi.main import make_app as kpi_app
from services.opportunities.main import opportunities_app
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import Vault
from shared.projections.follow import Follower
from shared.projections.tables import prepare
from shared.settings import Settings
from tests.imports.office import Office, all_views
from tests.journeys.importing import MAPPINGS
from tests.journeys.test_maven_import import BESIDE, assert_figures

pytestmark = pytest.mark.slow

GROUPS: Final = ("owner", "product", "account", "sector", "org_unit", "office", "month")
DAYS: Final = ("2017-06-30",)
KNOWN_THEN: Final = ("/v1/pipeline", "/v1/outcomes?group_by=owner", "/v1/defeats/analysis?group_by=product")
REPORTS: Final = {
    "opportunities": (
        "/v1/pipeline",
        "/v1/hot-customers",
        "/v1/defeats",
        *(f"/v1/outcomes?group_by={group}" for group in GROUPS),
        *(f"/v1/defeats/analysis?group_by={group}" for group in ("reason", "owner", "product", "month")),
        "/v1/visits",
    ),
    "kpi": ("/v1/kpi/funnel",),
    "accounts": (),
}
"""Read now, as of past days, and as known at a position."""
LISTS: Final = {
    "opportunities": ("/v1/opportunities", "/v1/products"),
    "accounts": ("/v1/accounts", "/v1/accounts/visits-due", "/v1/people", "/v1/units"),
    "kpi": (),
}
"""Read as they stand, first page."""
OF_THE_ASKING: Final = frozenset({"position", "known_at", "as_of", "at", "now", "next", "generated_at"})
"""What an answer says of itself, not of the business."""


@dataclass
class House:
    """One tenant, whose director reads all three services; the worker is this process."""

    office: Office
    clients: dict[str, httpx.AsyncClient]
    token: str
    position: int = 0

    async def get(self, service: str, path: str, **params: Any) -> httpx.Response:
        said = {"authorization": f"Bearer {self.token}", "accept-language": "en"}
        asked = httpx.URL(path)
        given = {**asked.params, **{name: str(value) for name, value in params.items()}}
        return await self.clients[service].get(asked.path, params=given, headers=said)

    async def read(self, path: str, service: str = "opportunities", **params: Any) -> Any:
        answer = await self.get(service, path, **params)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def post(self, path: str, body: Any = None, **given: Any) -> httpx.Response:
        said = {"authorization": f"Bearer {self.token}", "accept-language": "en"}
        said["idempotency-key"] = given.pop("key", None) or secrets.token_hex(8)
        if (version := given.pop("version", None)) is not None:
            said["if-match"] = f'"{version}"'
        service = given.pop("service", "opportunities")
        return await self.clients[service].post(path, json=body, headers=said, **given)

    async def imported(self, file: bytes, mapping: Path, beside: dict[str, bytes] | None = None) -> dict[str, Any]:
        parts = [("file", ("file.csv", file)), ("mapping", (mapping.name, mapping.read_bytes()))]
        parts += [("lookup", (name, content)) for name, content in (beside or {}).items()]
        said = {"authorization": f"Bearer {self.token}", "idempotency-key": secrets.token_hex(8)}
        answer = await self.clients["opportunities"].post("/v1/imports", files=parts, headers=said)
        assert answer.status_code == 202, answer.text
        await self.office.work_off(UUID(answer.json()["id"]))
        done = await self.read(f"/v1/imports/{answer.json()['id']}")
        assert (done["state"], done["problems"], done["views"]) == ("done", 0, "current"), done
        return dict(done)

    async def undone(self, import_id: str, **body: Any) -> dict[str, Any]:
        answer = await self.post(f"/v1/imports/{import_id}/undo", body)
        assert answer.status_code == 202, answer.text
        operation = await self.office.work_off(UUID(answer.json()["id"]))
        assert (operation.state, operation.error) == ("done", None)
        done = await self.read(f"/v1/imports/{import_id}/undo")
        assert done["views"] == "current"
        return dict(done)

    async def reports(self, only: Collection[str] = (), **params: Any) -> dict[str, Any]:
        """Every report, or only some, without what it says of the asking."""
        return {
            path: _told(await self.read(path, service, **params))
            for service, paths in REPORTS.items()
            for path in paths
            if path in only or not only
        }

    async def everything(self) -> dict[str, Any]:
        """Every report now and as of past days, and every list."""
        found: dict[str, Any] = {"now": await self.reports()}
        for day in DAYS:
            found[day] = await self.reports(as_of=day)
        for service, paths in LISTS.items():
            for path in paths:
                found[path] = _told(await self.read(path, service))
        return found


def _told(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: _told(value) for name, value in answer.items() if name not in OF_THE_ASKING}
    if isinstance(answer, list):
        return [_told(one) for one in answer]
    return answer


@asynccontextmanager
async def houses(database_url: str, data: Path) -> AsyncIterator[tuple[House, House]]:
    """Two tenants of one installation, set up alike."""
    async with await EventStore.open(database_url, writers=1) as store, AsyncExitStack() as stack:
        await prepare(store.all_tenants, all_views())
        settings = Settings(data=data)
        clients: dict[str, httpx.AsyncClient] = {}
        for name, make in (("accounts", accounts_app), ("opportunities", opportunities_app), ("kpi", kpi_app)):
            app = make(store=store, settings=settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{name}")
            clients[name] = await stack.enter_async_context(http)
        found: list[House] = []
        same = {"root_id": uuid4(), "person_id": uuid4()}
        for _ in range(2):
            office = Office(store, Vault(store.all_tenants, Vault.master_key(settings)), settings, **same)
            await office.open()
            token = mint_token(development_key(data), office.tenant_id, office.person_id, ("director",), office.root_id)
            found.append(House(office, clients, token))
        yield found[0], found[1]


@pytest.fixture
async def two(own_database_url: str, tmp_path: Path) -> AsyncIterator[tuple[House, House]]:
    async with houses(own_database_url, tmp_path) as found:
        yield found


def maven(reference_data: Path) -> tuple[bytes, Path, dict[str, bytes]]:
    folder = reference_data / "maven_crm"
    beside = {name: (folder / name).read_bytes() for name in BESIDE}
    return (folder / "sales_pipeline.csv").read_bytes(), MAPPINGS / "maven_crm.yaml", beside


async def test_an_import_undone_has_never_been_and_imported_again_it_is_there(
    two: tuple[House, House], reference_data: Path
) -> None:
    ours, theirs = two
    await _fold(ours)
    file, mapping, beside = maven(reference_data)
    before = await ours.everything()
    assert before == await theirs.everything()

    done = await ours.imported(file, mapping, beside)
    imported = await ours.everything()
    assert imported != before

    counted = await ours.read(f"/v1/imports/{done['id']}/undo-preview")
    wanted = {"opportunity": 8_800, "account": 85, "product": 7, "person": 36, "unit": 3}
    assert {one["kind"]: (one["removed"], one["restored"], one["left"]) for one in counted["records"]} == {
        kind: (count, 0, 0) for kind, count in wanted.items()
    }
    assert counted["left"] == []
    undone = await ours.undone(done["id"], reason="wrong file")
    assert undone["records"] == counted["records"]
    assert undone["problems"] == 0

    assert await ours.everything() == before
    known_then = await ours.reports(KNOWN_THEN, known_at=done["position"])
    assert _nameless(known_then) == _nameless({path: imported["now"][path] for path in KNOWN_THEN})

    again = await ours.imported(file, mapping, beside)
    assert (again["created"], again["opened"]) == (8_800, done["opened"])
    reference = json.loads((reference_data / "maven_crm" / "reference.json").read_text(encoding="utf-8"))
    for group_by, table in (("owner", "by_agent"), ("product", "by_product"), ("account", "by_account")):
        rows = (await ours.read("/v1/outcomes", group_by=group_by))["rows"]
        expected = {name.replace("GTXPro", "GTX Pro"): figures for name, figures in reference[table].items()}
        found = {"(blank)" if row["key"] is None else row["label"]: row for row in rows}
        assert found.keys() == expected.keys()
        for name, figures in expected.items():
            assert_figures(found[name], figures, f"{group_by} {name}")
    assert await theirs.everything() == before


def _nameless(answer: Any) -> Any:
    """An answer without the names of our people, which were erased with the import, and the order they gave it."""
    if isinstance(answer, dict):
        return {name: _nameless(value) for name, value in answer.items() if "owner" not in name and name != "label"}
    if isinstance(answer, list):
        return sorted((_nameless(one) for one in answer), key=repr)
    return answer


async def _fold(house: House) -> None:
    """Views that show the offices as they were opened."""
    follower = Follower(house.office.store.all_tenants, all_views())
    while await follower.run_once():
        pass
