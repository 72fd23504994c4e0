"""The public keys of identity providers: fetched over HTTP, kept, asked for again at a bounded rate. Verifies no token.

What comes back is untrusted: no redirects, bounded size and time, checked form; of each key only its public members
are taken. While a provider is away its last keys serve on, for a day.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from shared.identity.oidc import ALGORITHMS, MAX_TEXT, Provider
from shared.identity.tokens import InvalidToken
from shared.telemetry import logger

if TYPE_CHECKING:
    import httpx

FRESH_SECONDS = 300.0
"""How long keys are taken as they are; older ones are asked for again, serving meanwhile."""
AGAIN_SECONDS = 10.0
"""A provider is asked at most once in so long, whatever key ids come by."""
SERVE_SECONDS = 24 * 3600.0
"""How long keys serve while their provider is away."""
ANSWER_SECONDS = 5.0
MAX_BYTES = 262_144
MAX_KEYS = 100
MIN_RSA_BITS = 2_048
MAX_RSA_BITS = 8_192
PUBLIC = ("kty", "kid", "use", "alg", "key_ops", "n", "e", "crv", "x", "y")

log = logger("jwks")


class KeysAway(Exception):
    """The provider is away, and there are no keys of it young enough to judge by."""


class BadAnswer(Exception):
    """A provider answered something else than what it should."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key of a provider and what it may be used for."""

    kid: str | None
    algorithm: str | None
    key: Key

    def fits(self, algorithm: str) -> bool:
        kind, curve = ALGORITHMS[algorithm]
        named = self.algorithm in (None, algorithm) or {self.algorithm, algorithm} == {"EdDSA", "Ed25519"}
        return named and self.key.key_type == kind and (curve is None or getattr(self.key, "curve_name", None) == curve)


class _Held:
    """What is held of one provider."""

    def __init__(self) -> None:
        self.keys: tuple[PublicKey, ...] = ()
        self.fetched = float("-inf")
        self.tried = float("-inf")
        self.asking: asyncio.Task[None] | None = None


class KeySets:
    """The keys of all providers this process has met, each by its own issuer and address."""

    def __init__(self, *, https_only: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._https_only = https_only
        self._clock = clock
        self._held: dict[tuple[str, str | None], _Held] = {}
        self._client: httpx.AsyncClient | None = None

    async def key(self, provider: Provider, kid: str | None, algorithm: str) -> Key:
        """The key of this id that fits the algorithm; without an id the only one that fits.

        Raises InvalidToken `algorithm`, `unknown_kid`; KeysAway.
        """
        if algorithm not in provider.algorithms:
            raise InvalidToken("algorithm")
        held = self._held.setdefault((provider.issuer, provider.jwks_uri), _Held())
        age = self._clock() - held.fetched
        if age > SERVE_SECONDS:
            await self._ask(held, provider)
            if self._clock() - held.fetched > SERVE_SECONDS:
                raise KeysAway(provider.issuer)
        elif age > FRESH_SECONDS:
            self._begin(held, provider)
        found = _choose(held.keys, kid, algorithm)
        if found is None:
            await self._ask(held, provider)
            found = _choose(held.keys, kid, algorithm)
        if found is None:
            raise InvalidToken("unknown_kid")
        return found

    async def close(self) -> None:
        """Let go of what is under way."""
        for held in self._held.values():
            if held.asking is not None:
                held.asking.cancel()
                await asyncio.gather(held.asking, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    # -- asking --------------------------------------------------------------------------------------

    async def _ask(self, held: _Held, provider: Provider) -> None:
        """Ask now, unless that was done a moment ago; all who wait, wait for one answer."""
        self._begin(held, provider)
        if held.asking is not None:
            await asyncio.shield(held.asking)

    def _begin(self, held: _Held, provider: Provider) -> None:
        now = self._clock()
        if held.asking is None and now - held.tried >= AGAIN_SECONDS:
            held.tried = now
            held.asking = asyncio.create_task(self._refresh(held, provider))

    async def _refresh(self, held: _Held, provider: Provider) -> None:
        import httpx

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                address = provider.jwks_uri or await self._discover(provider.issuer)
                held.keys = public_keys(await self._get(address))
                held.fetched = self._clock()
        except (BadAnswer, httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError) as error:
            said = str(error) if isinstance(error, BadAnswer) else f"{type(error).__name__}: {error}"[:200]
            log.warning("keys of an identity provider not fetched", issuer=provider.issuer, error=said)
        finally:
            held.asking = None

    async def _discover(self, issuer: str) -> str:
        """Where the issuer's own document says that its keys are."""
        document = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        address = document.get("jwks_uri")
        if document.get("issuer") != issuer:
            raise BadAnswer("the configuration is of another issuer")
        if not isinstance(address, str):
            raise BadAnswer("the configuration has no jwks_uri")
        return address

    async def _get(self, address: str) -> Mapping[str, Any]:
        import httpx

        if (fault := fault_of(address, https_only=self._https_only)) is not None:
            raise BadAnswer(fault)
        if self._https_only:
            await _refuse_own_machine(address)
        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, timeout=ANSWER_SECONDS)
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with self._client.stream("GET", address, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                raise BadAnswer(f"answered {answer.status_code}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise BadAnswer("the answer is compressed")
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MAX_BYTES:
                    raise BadAnswer("the answer is too long")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadAnswer("the answer is not JSON") from error
        if not isinstance(document, dict):
            raise BadAnswer("the answer is not an object")
        return document


def public_keys(document: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The keys of a JWKS that can check signatures; others are passed over. Raises BadAnswer when there are none."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise BadAnswer("the answer has no list of keys, or too long a one")
    found = tuple(key for item in listed if isinstance(item, dict) and (key := _public_key(item)) is not None)
    if not found:
        raise BadAnswer("no key can be used")
    return found


def _public_key(item: Mapping[str, Any]) -> PublicKey | None:
    given = {name: item[name] for name in PUBLIC if name in item}
    kid, algorithm, operations = given.get("kid"), given.get("alg"), given.get("key_ops", ["verify"])
    if not (
        given.get("kty") in ("RSA", "EC", "OKP")
        and (kid is None or (isinstance(kid, str) and len(kid) <= MAX_TEXT))
        and (algorithm is None or algorithm in ALGORITHMS)
        and given.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    ):
        return None
    if given["kty"] == "RSA" and not MIN_RSA_BITS <= _bits(given.get("n")) <= MAX_RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key({name: given[name] for name in given if name not in ("key_ops", "use", "alg")})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return PublicKey(kid, algorithm, key)


def _bits(modulus: object) -> int:
    if not isinstance(modulus, str) or len(modulus) > MAX_RSA_BITS:
        return 0
    try:
        return int.from_bytes(base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length()
    except ValueError:
        return 0


def _choose(keys: tuple[PublicKey, ...], kid: str | None, algorithm: str) -> Key | None:
    """None when no key has this id. Raises InvalidToken when one has, for other algorithms."""
    named = [held for held in keys if kid is None or held.kid == kid]
    fitting = [held.key for held in named if held.fits(algorithm)]
    if named and not fitting:
        raise InvalidToken("algorithm")
    if kid is None and len(fitting) > 1:
        raise InvalidToken("unknown_kid")
    return fitting[0] if fitting else None


# -- addresses ------------------------------------------------------------------------------------------


def fault_of(address: str, *, https_only: bool) -> str | None:
    """What is wrong with an issuer's or a key set's address, in English; None when nothing is."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme != "https" and (https_only or parts.scheme != "http"):
        return "not https"
    if not host or not address.isascii() or any(char <= " " for char in address):
        return "not a URL"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "carries a user or a fragment"
    if https_only and (host == "localhost" or _is_own(host)):
        return "this machine's own address"
    return None


def _is_own(host: str) -> bool:
    """Whether this is an address of the machine itself, or of the cloud's metadata service."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast)


async def _refuse_own_machine(address: str) -> None:
    """A name may stand for an address that is refused."""
    parts = urlsplit(address)
    found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 443)
    if any(_is_own(str(entry[4][0])) for entry in found):
        raise BadAnswer("the name stands for this machine's own address")
