"""Clients that others' generators make of the documents: TypeScript that compiles, Python that speaks with the app."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from services.documents.asyncapi import asyncapi
from tests.accounts.company import Company
from tests.documents import foreign

JSON = dict[str, Any]
PACKAGE = "generated_accounts_client"
CONFIG = f"project_name_override: {PACKAGE}\npackage_name_override: {PACKAGE}\npost_hooks: []\n"
NOT_FOR_GENERATORS = ("application/x-ndjson", "application/vnd.openxmlformats")
"""Streams of lines and workbooks: nobody's models."""

pytestmark = pytest.mark.slow


def test_typescript_made_of_the_document_of_opportunities_compiles(openapi: dict[str, JSON], node: Path) -> None:
    (node / "openapi.json").write_text(json.dumps(openapi["opportunities"]))
    foreign.run(("npx", "--no-install", "openapi-typescript", "openapi.json", "-o", "dakehu.d.ts"), node)
    strict = ("--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")
    foreign.run(("npx", "--no-install", "tsc", *strict, "uses.ts"), node)


def test_the_asyncapi_document_is_what_its_makers_call_valid(node: Path) -> None:
    rules = json.loads((node / "node_modules/@asyncapi/specs/schemas/3.0.0.json").read_text())
    jsonschema_rs.validator_for(rules).validate(asyncapi("1"))


@pytest.fixture(scope="module")
def generated(
    openapi: dict[str, JSON], generator: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModuleType]:
    """The package made of the accounts service's document, imported."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(openapi["accounts"]))
    (folder / "config.yaml").write_text(CONFIG)
    said = foreign.run(
        (
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", "openapi.json", "--config", "config.yaml", "--output-path", PACKAGE),
        ),
        folder,
        PYTHONPATH=str(generator),
    )
    left_out = [
        part for part in said.split("WARNING parsing ")[1:] if not any(one in part for one in NOT_FOR_GENERATORS)
    ]
    assert not left_out, "\n".join(left_out)
    assert "Unable to" not in said, said
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))


async def test_the_generated_python_client_opens_an_account_and_reads_it_back(
    generated: ModuleType, app: FastAPI, company: Company
) -> None:
    client = generated.AuthenticatedClient(
        base_url="http://accounts",
        token=company["director"].token,
        httpx_args={"transport": httpx.ASGITransport(app)},
    )
    models, opening = part("models"), part("api.accounts.accounts_open")
    body = models.OpenAccount(name="江淮物流", kinds=["fleet"], owner_id=company["sh_rep"].person_id)
    receipt = await opening.asyncio(client=client, body=body, idempotency_key="one")
    assert isinstance(receipt, models.Receipt)
    again = await opening.asyncio(client=client, body=body, idempotency_key="one")
    assert again == receipt
    refused = await opening.asyncio(client=client, body=models.OpenAccount(name="", kinds=[]), idempotency_key="two")
    assert isinstance(refused, models.Problem)
    assert refused.code == "validation"
    page = await part("api.events.events_read").asyncio(client=client, limit=1_000)
    (opened,) = [item for item in page.items if item.type_ == "AccountOpened"]
    assert opened.subject == receipt.id


async def test_the_generated_python_client_reads_a_webhook_as_a_typed_event(
    generated: ModuleType, company: Company
) -> None:
    director = company["director"]
    await director.make("/v1/accounts", {"name": "江淮物流", "kinds": ["fleet"]})
    events = (await director.read("/v1/events", types="AccountOpened", limit=10))["items"]
    typed = part("models").EventAccountOpened.from_dict(events[0])
    assert (typed.data.name, str(typed.subject)) == ("江淮物流", events[0]["subject"])
    assert typed.occurred_at == datetime.fromisoformat(events[0]["occurred_at"])
    assert typed.data.to_dict() == events[0]["data"]


def part(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")
