"""From the header Authorization to who is asking: a person's token, a machine's key, or a development token.

Whatever is wrong with a credential, the answer is the same 401; the reason is counted, never told. What a credential
opens is asked anew every few seconds, so that a revoked key, a changed function and a person who left are felt.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from joserfc.jwk import Key

from shared.http.call import Call
from shared.http.errors import RETRY_AFTER
from shared.http.problem import Problem
from shared.identity.api_keys import PREFIX, KeyDirectory, is_well_formed
from shared.identity.current_tenant import as_tenant
from shared.identity.jwks import KeysAway, KeySets
from shared.identity.lookups import Staff, machine_key, person_called, provider_for, staff
from shared.identity.oidc import Provider, Unverified, functions_said, named_person, scopes_said, take_apart, verify
from shared.identity.principal import OPERATIONS, Principal
from shared.identity.tokens import ISSUER as DEVELOPMENT
from shared.identity.tokens import InvalidToken
from shared.privacy.disclosure import record
from shared.telemetry import DENIALS

if TYPE_CHECKING:
    from shared.http.kit import Kit

ANEW_SECONDS = 4.0
"""How long a credential is taken as known. With the look-up itself, what changed is felt within 5 s."""
MOST_KNOWN = 10_000
LONGEST_KNOWN = 4_096
"""Bytes of a credential that is remembered; longer ones are looked at each time."""
LAST_INSTANT = 253_402_300_799
"""The end of the year 9999, in epoch seconds: no token outlives it."""
VIEWED_AS = "viewed_as"
LOOKING = frozenset(("GET", "HEAD"))


class Known(NamedTuple):
    """Who a credential is of, and until when that is taken as known, by the monotonic clock."""

    principal: Principal
    until: float


class SignIn:
    """How one service finds out who is asking."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self.key_sets = KeySets(https_only=kit.settings.env == "production")
        self.api_keys = KeyDirectory(secrets.token_bytes())  # until the secret is given, no key is known

    def hash_keys_under(self, secret: bytes) -> None:
        """The secret under which API keys are hashed, the same in all processes."""
        self.api_keys = KeyDirectory(secret)

    def known(self, given: bytes) -> Principal | None:
        """The principal of a credential that was good a moment ago, the usual case. Does not wait."""
        known = self._kit.principals.get(given)
        return known.principal if known is not None and known.until > time.monotonic() else None

    async def principal(self, given: bytes) -> Principal:
        """Who this credential is of.

        Raises Problem: 401 `invalid_token`; 403 `unknown_tenant`, `unknown_person`, `person_left`; 503.
        """
        asked = time.monotonic()
        scheme, _, credential = given.decode("latin-1").partition(" ")
        credential = credential.strip()
        try:
            if scheme.lower() != "bearer":
                raise InvalidToken("scheme")
            if credential.startswith(PREFIX):
                principal = await self._machine(credential)
            else:
                principal = await self._person(credential)
        except InvalidToken as error:
            self._kit.principals.pop(given, None)
            DENIALS.labels(self._kit.service, error.reason).inc()
            raise Problem(
                401,
                "invalid_token",
                headers={"WWW-Authenticate": 'Bearer realm="dakehu", error="invalid_token"'},
            ) from error
        except Problem:
            self._kit.principals.pop(given, None)
            raise
        self._remember(given, principal, asked)
        return principal

    async def viewing(self, call: Call, operator: Principal) -> Principal:
        """The person an operator looks as: their functions and unit, read only, on record.

        Raises Problem: 403 `view_as_not_allowed`, `view_only`, 404 when there is no such person working here.
        """
        try:
            person_id = UUID((call.header(b"view-as") or "").strip())
        except ValueError:
            raise Problem(400, "malformed_header", params={"header": "View-As"}) from None
        if operator.machine or not operator.has(OPERATIONS):
            raise self._denied(Problem(403, "view_as_not_allowed"))
        if call.scope["method"] not in LOOKING:
            raise self._denied(Problem(403, "view_only"))
        viewed = await self.eyes_of(person_id, operator)
        with as_tenant(operator.tenant_id):  # before anything is shown
            await record(
                self._kit.pool,
                viewed,
                action=VIEWED_AS,
                subjects=[person_id],
                fields=[],
                route=f"{call.scope['method']} {call.path}",
                trace=call.trace.trace_id,
            )
        return viewed

    async def eyes_of(self, person_id: UUID, operator: Principal) -> Principal:
        """The person as they are now, with the operator's scopes. Raises Problem 403, 404: who may not look, and who is
        not there."""
        if operator.machine or not operator.has(OPERATIONS):
            raise self._denied(Problem(403, "view_as_not_allowed"))
        found = await staff(self._kit.pool, operator.tenant_id, person_id)
        if found is None or not found.active:
            raise Problem(404, "not_found")
        return replace(
            operator,
            person_id=person_id,
            functions=found.functions,
            unit_id=found.unit_id,
            viewer_id=operator.person_id,
            on_behalf_of=None,
        )

    async def close(self) -> None:
        await self.key_sets.close()
        await self.api_keys.close()

    # -- each kind of credential -----------------------------------------------------------------------

    async def _person(self, text: str) -> Principal:
        token = take_apart(text)
        if token.claims["iss"] == DEVELOPMENT:
            return await self._developer(text)
        kit, now = self._kit, time.time()
        provider = await provider_for(kit.pool, token.claims)
        claims = verify(token, provider, await self._key_of(provider, token), now=now)
        zone = await self._zone(provider.tenant_id)
        named = named_person(provider, claims)
        person_id = None if named is None else await person_called(kit.pool, provider, named)
        found = None if person_id is None else await staff(kit.pool, provider.tenant_id, person_id)
        person = self._working(found)
        functions = functions_said(provider, claims)
        return Principal(
            tenant_id=provider.tenant_id,
            person_id=person.person_id,
            functions=person.functions if functions is None else functions,
            unit_id=person.unit_id,
            scopes=scopes_said(provider, claims),
            zone=zone,
            expires=float(min(claims["exp"], LAST_INSTANT)),
        )

    async def _developer(self, text: str) -> Principal:
        """A development token: in production there is no reader for it. Who it names need not be on file."""
        kit = self._kit
        if kit.tokens is None:
            raise InvalidToken("development_token")
        claims = kit.tokens.read(text, time.time())
        zone = await self._zone(claims.tenant_id)
        return Principal(
            tenant_id=claims.tenant_id,
            person_id=claims.person_id,
            functions=claims.functions,
            unit_id=claims.unit_id,
            scopes=claims.scopes,
            zone=zone,
            expires=claims.expires,
        )

    async def _machine(self, text: str) -> Principal:
        if not is_well_formed(text):
            raise InvalidToken("api_key_malformed")
        kit = self._kit
        directed = await self.api_keys.find(kit.pool, text)
        key = None if directed is None else await machine_key(kit.pool, directed)
        if directed is None or key is None:
            raise InvalidToken("api_key_unknown")
        if key.revoked:
            raise InvalidToken("api_key_revoked")
        if key.expires_at <= kit.clock():
            raise InvalidToken("api_key_expired")
        zone = await self._zone(key.tenant_id)
        self.api_keys.used(kit.pool, directed)
        return Principal(
            tenant_id=key.tenant_id,
            person_id=key.client_id,
            functions=key.functions,
            unit_id=key.unit_id,
            scopes=key.scopes,
            zone=zone,
            expires=key.expires_at.timestamp(),
            machine=True,
        )

    # -- parts -----------------------------------------------------------------------------------------

    async def _key_of(self, provider: Provider, token: Unverified) -> Key:
        try:
            return await self.key_sets.key(provider, token.kid, token.algorithm)
        except KeysAway:
            raise self._denied(Problem(503, "identity_provider_unavailable", headers=RETRY_AFTER)) from None

    async def _zone(self, tenant_id: UUID) -> ZoneInfo:
        zone = await self._kit.zone(tenant_id)
        if zone is None:
            raise self._denied(Problem(403, "unknown_tenant"))
        return zone

    def _working(self, found: Staff | None) -> Staff:
        if found is None:
            raise self._denied(Problem(403, "unknown_person"))
        if not found.active:
            raise self._denied(Problem(403, "person_left"))
        return found

    def _denied(self, problem: Problem) -> Problem:
        DENIALS.labels(self._kit.service, problem.code).inc()
        return problem

    def _remember(self, given: bytes, principal: Principal, asked: float) -> None:
        if len(given) > LONGEST_KNOWN:
            return
        now = self._kit.clock().timestamp() if principal.machine else time.time()
        known = self._kit.principals
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[given] = Known(principal, asked + min(ANEW_SECONDS, principal.expires - now))
