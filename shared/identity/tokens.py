"""Development tokens: made and read here. Signed HS256 with a key in the data folder; production refuses them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.identity.scopes import USUAL
from shared.keys import key_file, write_private

ALGORITHM = "HS256"
ISSUER = "dakehu-development"
AUDIENCE = "dakehu"
LIFETIME = 30 * 24 * 3600
"""Seconds a development token is good for."""
LEEWAY = 30
"""Seconds clocks may differ."""

SAMPLE_TENANT = uuid5(NAMESPACE_URL, "dakehu:sample")
SAMPLE_PERSON = uuid5(SAMPLE_TENANT, "person:dev")
SAMPLE_ROOT = uuid5(SAMPLE_TENANT, "unit:root")


class InvalidToken(Exception):
    """The credential is not ours, not for us, over, or says nothing we understand. The reason is never answered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    tenant_id: UUID
    person_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None
    scopes: frozenset[str]
    expires: float


def development_key(data_dir: Path) -> bytes:
    """The signing key of this data folder, made when absent."""
    return key_file(data_dir / "keys" / "dev")


def mint_token(
    key: bytes,
    tenant_id: UUID,
    person_id: UUID,
    functions: Iterable[str],
    unit_id: UUID | None = None,
    scopes: Iterable[str] = USUAL,
    *,
    now: float | None = None,
    lifetime: int = LIFETIME,
) -> str:
    """A signed token for this person with these functions. With no scopes it is good for nothing but /v1/me."""
    issued = int(time.time() if now is None else now)
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(person_id),
        "tenant": str(tenant_id),
        "functions": sorted(functions),
        "scope": " ".join(sorted(scopes)),
        "iat": issued,
        "exp": issued + lifetime,
    }
    if unit_id is not None:
        claims["unit"] = str(unit_id)
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(key))


def read_token(key: bytes, token: str, *, now: float) -> Claims:
    """What the token says. Raises InvalidToken."""
    try:
        read = jwt.decode(token, OctKey.import_key(key), algorithms=[ALGORITHM])
        jwt.JWTClaimsRegistry(
            now=lambda: int(now),
            leeway=LEEWAY,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        ).validate(read.claims)
        claims = read.claims
        unit = claims.get("unit")
        functions = claims.get("functions", [])
        if not isinstance(functions, list) or not all(isinstance(item, str) for item in functions):
            raise InvalidToken("functions")
        return Claims(
            tenant_id=UUID(claims["tenant"]),
            person_id=UUID(claims["sub"]),
            functions=frozenset(functions),
            unit_id=None if unit is None else UUID(unit),
            scopes=frozenset(str(claims["scope"]).split()) if "scope" in claims else USUAL,
            expires=float(claims["exp"]),
        )
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidToken(type(error).__name__) from error


def write_dev_token(data_dir: Path) -> str:
    """Write `token` in the data folder (0600): head office of the sample tenant, sees everything. Returns it."""
    token = mint_token(
        development_key(data_dir), SAMPLE_TENANT, SAMPLE_PERSON, ("head_office", "director"), SAMPLE_ROOT
    )
    write_private(data_dir / "token", token.encode())
    return token


def read_dev_token(data_dir: Path) -> str:
    """The token `write_dev_token` left."""
    return (data_dir / "token").read_text().strip()


class TokenReader:
    """Reads bearer tokens, remembering those that were good: a signature is checked once, the end each time."""

    def __init__(self, key: bytes, *, remembered: int = 10_000) -> None:
        self._key = key
        self._known: dict[str, Claims] = {}
        self._remembered = remembered

    def read(self, token: str, now: float) -> Claims:
        """What the token says. Raises InvalidToken."""
        claims = self._known.get(token)
        if claims is None:
            claims = read_token(self._key, token, now=now)
            if len(self._known) >= self._remembered:
                self._known.clear()
            self._known[token] = claims
        elif claims.expires + LEEWAY < now:
            self._known.pop(token, None)
            raise InvalidToken("expired")
        return claims
