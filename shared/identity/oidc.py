"""Tokens of a tenant's own identity provider: taken apart, then verified by one key of that provider. No I/O.

What a token says of its issuer and tenant before it is verified only chooses whom to ask. Headers that carry or point
to keys (`jwk`, `jku`, `x5c`, `x5u`) are never looked at; any `crit` is refused, since we understand none.
"""

from __future__ import annotations

import base64
import binascii
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from shared.identity.principal import FUNCTIONS
from shared.identity.scopes import SCOPES, USUAL
from shared.identity.tokens import ISSUER as DEVELOPMENT
from shared.identity.tokens import InvalidToken

LEEWAY_SECONDS = 30
"""How far clocks may differ."""
MAX_TOKEN_CHARS = 16_384
MAX_HEADER_BYTES = 4_096
MAX_TEXT = 500
"""Longest issuer, audience, key id or claim that is looked up."""
MAX_AUDIENCES = 20
TYPES = frozenset(("jwt", "at+jwt", "application/jwt", "application/at+jwt"))

ALGORITHMS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "RS256": ("RSA", None),
        "RS384": ("RSA", None),
        "RS512": ("RSA", None),
        "PS256": ("RSA", None),
        "PS384": ("RSA", None),
        "PS512": ("RSA", None),
        "ES256": ("EC", "P-256"),
        "ES384": ("EC", "P-384"),
        "ES512": ("EC", "P-521"),
        "EdDSA": ("OKP", "Ed25519"),
        "Ed25519": ("OKP", "Ed25519"),
    }
)
"""Algorithms a provider may be trusted with, each with the type and curve its key must have: asymmetric ones only."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider as one tenant trusts it.

    `person_claim` names the person by their id here or, with `person_reference`, by their reference in that system.
    `functions` maps values of `functions_claim`; without the claim the organisation's functions hold.
    """

    tenant_id: UUID
    provider_id: UUID
    issuer: str
    audience: str
    jwks_uri: str | None
    algorithms: frozenset[str]
    person_claim: str
    person_reference: str | None = None
    functions_claim: str | None = None
    functions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scope_claim: str | None = None
    tenant_claim: str | None = None
    tenant_value: str | None = None

    @classmethod
    def of(cls, tenant_id: UUID, provider_id: UUID, standing: Mapping[str, Any]) -> Self:
        """From the standing of the tenant's stream."""
        return cls(
            tenant_id=tenant_id,
            provider_id=provider_id,
            issuer=standing["issuer"],
            audience=standing["audience"],
            jwks_uri=standing["jwks_uri"],
            algorithms=frozenset(standing["algorithms"]) & ALGORITHMS.keys(),
            person_claim=standing["person_claim"],
            person_reference=standing["person_reference"],
            functions_claim=standing["functions_claim"],
            functions={value: frozenset(held) & FUNCTIONS for value, held in standing["functions"].items()},
            scope_claim=standing["scope_claim"],
            tenant_claim=standing["tenant_claim"],
            tenant_value=standing["tenant_value"],
        )

    def speaks_for(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token that says this is of this issuer, for this audience and this tenant."""
        return (
            claims.get("iss") == self.issuer
            and self.audience in audiences(claims)
            and (self.tenant_claim is None or claims.get(self.tenant_claim) == self.tenant_value)
        )


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart. Nothing in it may be believed."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def algorithm(self) -> str:
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        return self.header.get("kid")


def take_apart(token: str) -> Unverified:
    """Header and claims, unverified. Raises InvalidToken `malformed`, `crit`."""
    if len(token) > MAX_TOKEN_CHARS or token.count(".") != 2:
        raise InvalidToken("malformed")
    first, second, _ = token.split(".")
    if len(first) > MAX_HEADER_BYTES:
        raise InvalidToken("malformed")
    header, claims = _object(first), _object(second)
    if "crit" in header or "b64" in header:
        raise InvalidToken("crit")
    kid, kind = header.get("kid"), header.get("typ")
    if not isinstance(header.get("alg"), str) or not (kid is None or (isinstance(kid, str) and len(kid) <= MAX_TEXT)):
        raise InvalidToken("malformed")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in TYPES):
        raise InvalidToken("malformed")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or len(issuer) > MAX_TEXT:
        raise InvalidToken("issuer")
    return Unverified(token, header, claims)


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """For whom the token says it is."""
    said = claims.get("aud")
    found = said if isinstance(said, list) else [said]
    return tuple(text for text in found[:MAX_AUDIENCES] if isinstance(text, str) and len(text) <= MAX_TEXT)


def verify(token: Unverified, provider: Provider, key: Key, *, now: float) -> Mapping[str, Any]:
    """The claims, if this key of the provider signed them, for us, now. Raises InvalidToken."""
    algorithm = token.algorithm
    if algorithm not in provider.algorithms or provider.issuer == DEVELOPMENT:
        raise InvalidToken("algorithm")
    kind, curve = ALGORITHMS[algorithm]
    if key.key_type != kind or (curve is not None and getattr(key, "curve_name", None) != curve):
        raise InvalidToken("algorithm")
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = MAX_HEADER_BYTES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the name EdDSA is deprecated; providers still use it
            read = jwt.decode(token.text, key, algorithms=[algorithm], registry=registry)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidToken("signature") from error
    try:
        jwt.JWTClaimsRegistry(
            now=lambda: int(now),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.audience},
            exp={"essential": True},
        ).validate(read.claims)
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidToken("claims") from error
    if not provider.speaks_for(read.claims):
        raise InvalidToken("claims")
    return read.claims


def named_person(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """What the token calls the person: text, or a whole number as text; None when it says nothing usable."""
    said = claims.get(provider.person_claim)
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    return said.strip() or None if isinstance(said, str) and len(said) <= MAX_TEXT else None


def functions_said(provider: Provider, claims: Mapping[str, Any]) -> frozenset[str] | None:
    """The functions by the provider's map; None when the organisation's hold."""
    if provider.functions_claim is None:
        return None
    return frozenset().union(*(provider.functions.get(word, ()) for word in _words(claims, provider.functions_claim)))


def scopes_said(provider: Provider, claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes of ours the token carries; all, when the provider does not say scopes."""
    if provider.scope_claim is None:
        return USUAL
    return frozenset(_words(claims, provider.scope_claim)) & SCOPES.keys()


def _words(claims: Mapping[str, Any], claim: str) -> list[str]:
    """A claim's values: those of a list, or the words of a text."""
    said = claims.get(claim)
    if isinstance(said, str):
        return said.split() if " " in said else [said]
    return [word for word in said if isinstance(word, str)] if isinstance(said, list) else []


def _object(segment: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidToken("malformed") from error
    if not isinstance(found, dict):
        raise InvalidToken("malformed")
    return found
