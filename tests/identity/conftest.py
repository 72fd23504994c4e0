"""The accounts app, two companies, and identity providers that are real HTTP servers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from shared.http.kit import Kit
from shared.identity.jwks import KeySets
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client, Company
from tests.accounts.conftest import app, clock, company, fold, http, other, settings, store
from tests.identity.issuer import Issuer, serving

__all__ = ["app", "clock", "company", "fold", "http", "other", "settings", "store"]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as issuer:
        yield issuer


@pytest.fixture
def second_issuer() -> Iterator[Issuer]:
    with serving() as issuer:
        yield issuer


class Ticks:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks(app: FastAPI) -> Ticks:
    """Time as the cache of keys sees it."""
    ticks = Ticks()
    app.state.kit.sign_in.key_sets = KeySets(https_only=False, clock=ticks)
    return ticks


@pytest.fixture
def kit(app: FastAPI) -> Kit:
    found: Kit = app.state.kit
    return found


@pytest.fixture
def administrator(http: httpx.AsyncClient, settings: Settings) -> Callable[..., Client]:
    """`administrator(company)`: somebody of a company with other functions and scopes than its staff."""

    def client(company: Company, *functions: str, scopes: Any = None) -> Client:
        person = uuid4()
        given = {} if scopes is None else {"scopes": scopes}
        held = functions or ("tenant_admin",)
        token = mint_token(development_key(settings.data), company.tenant_id, person, held, company.root_id, **given)
        return Client(http, token, person)

    return client


async def trust(admin: Client, issuer: Issuer, **changed: Any) -> str:
    """Trust this issuer; the provider's id."""
    body = {"issuer": issuer.url, "audience": "dakehu", "person_claim": "number", "person_reference": "hr"} | changed
    return str((await admin.make("/v1/identity-providers", body))["id"])


async def join(company: Company, number: str, *functions: str, unit: str = "SH") -> UUID:
    """Take somebody on, with a staff number."""
    body = {
        "name": f"员工{number}",
        "functions": list(functions or ("representative",)),
        "unit_id": str(company.units[unit]),
        "external_refs": {"hr": number},
        "on": "2025-01-01",
    }
    return UUID((await company["director"].make("/v1/people", body))["id"])


async def ask(http: httpx.AsyncClient, credential: str, path: str = "/v1/me", **headers: str) -> httpx.Response:
    """One GET with this credential."""
    sent = {"authorization": f"Bearer {credential}", "accept-language": "en"}
    return await http.get(path, headers=sent | {name.replace("_", "-"): value for name, value in headers.items()})


async def send(http: httpx.AsyncClient, credential: str, path: str, body: Any, **headers: str) -> httpx.Response:
    """One POST with this credential and a new key."""
    sent = {"authorization": f"Bearer {credential}", "idempotency-key": secrets.token_hex(8), "accept-language": "en"}
    return await http.post(path, json=body, headers=sent | {n.replace("_", "-"): v for n, v in headers.items()})
