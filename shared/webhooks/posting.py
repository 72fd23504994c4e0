"""Posts to receivers with aiohttp. Where to is judged by the wall (`connecting`).

Follows no redirect, keeps no cookie, reads no proxy from the environment, and reads a bounded part of an answer.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import resource
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import monotonic
from typing import Any, Self

import aiohttp
from pydantic import SecretStr

from shared.webhooks.addresses import Target, permitted, read_address, target_of
from shared.webhooks.connecting import WAY, Guarded, Way, may_begin, socket_for
from shared.webhooks.names import Names, OwnNamesFail
from shared.webhooks.sending import DEADLINE_SECONDS, KEPT_BYTES, READ_BYTES, USER_AGENT, Answer, Asks, Fault, Networks

ANSWER_SECONDS = 5.0
"""After the status so long is waited for the rest of the answer: whether it was taken is known by then."""
IDLE_SECONDS = 15.0
"""A connection nobody uses is closed after this; most servers keep theirs longer."""
_STREAMED_BYTES = 1_000_000
"""aiohttp warns when more is written to a socket at once."""
FILES = 16_384
"""So many files we ask the system to let us open; most begin with 1 024."""
MOST_AT_ONCE = 4_096
"""So many are sent to at a time at most, and no more than half of the files we may open."""
_OUT_OF_SOCKETS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.ENETDOWN}
_PROXY_REACHED_NOBODY = {502, 503, 504}


class Poster(Asks):
    """Sends to anybody, for any tenant: connections are kept and shared, each use of one is judged anew.

    `proxy`: the operator's way out, for public names alone; it then judges where they lead, we cannot see it.
    """

    def __init__(
        self,
        *,
        proxy: SecretStr | None = None,
        names: Names | None = None,
        trust: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._proxy = None if proxy is None else proxy.get_secret_value()
        self._names = names or Names()
        self._trust = trust or _the_systems_trust()
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._most = min(MOST_AT_ONCE, _files() // 2)
        self._under_way = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Drop every connection. Whoever is still posting gets a fault."""
        if self._session is not None:
            await self._session.close()
        await self._names.close()

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        allowed: Networks = (),
        deadline: float = DEADLINE_SECONDS,
    ) -> Answer:
        return await self._ask("POST", url, headers, body, allowed, deadline)

    async def options(
        self, url: str, headers: Mapping[str, str], *, allowed: Networks = (), deadline: float = DEADLINE_SECONDS
    ) -> Answer:
        return await self._ask("OPTIONS", url, headers, None, allowed, deadline)

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        allowed: Networks,
        deadline: float,
    ) -> Answer:
        began = monotonic()
        target = target_of(url)
        if not isinstance(target, Target):
            return Answer(None, 0.0, "refused_address", target)
        if self._under_way >= self._most:  # not waited for: whoever sends may hold its flow no longer by then
            return Answer(None, 0.0, "own_network", "too much is under way")
        way = Way(target, allowed, proxied=False)
        fault: Fault | None = None
        self._under_way += 1
        try:
            async with asyncio.timeout(deadline):
                way.proxied = self._proxy is not None and not await self._opened(target, allowed)
                if not may_begin(way):
                    return Answer(None, 0.0, "refused_address", "webhook_address_refused")
                try:
                    await self._exchange(method, headers, body, way)
                except aiohttp.ClientConnectionError:
                    if not way.kept or way.refused or way.status is not None:
                        raise
                    # A kept connection had been closed by the receiver: that tells nothing about this event.
                    way = Way(target, allowed, way.proxied)
                    await self._exchange(method, headers, body, way)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one, too
            fault, way.error = self._fault(error, way)
        finally:
            self._under_way -= 1
        if way.status is not None:
            fault = None
        return self._answer(way, fault, took_ms=(monotonic() - began) * 1_000)

    async def _exchange(self, method: str, headers: Mapping[str, str], body: bytes | None, way: Way) -> None:
        WAY.set(way)
        data: Any = io.BytesIO(body) if body is not None and len(body) > _STREAMED_BYTES else body
        asked = {"accept-encoding": "identity", "user-agent": USER_AGENT, **headers}
        async with self._open().request(
            method,
            way.target.url,
            data=data,
            headers=asked,
            allow_redirects=False,
            proxy=self._proxy if way.proxied else None,
        ) as response:
            way.headers, way.status = response.headers, response.status
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    left = READ_BYTES
                    while left and (chunk := await response.content.read(left)):
                        left -= len(chunk)
                        way.heard += chunk[: KEPT_BYTES - len(way.heard)]
            except (TimeoutError, aiohttp.ClientError, OSError):
                way.error = "the answer broke off"
            if not response.content.at_eof():
                response.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=Guarded(
                    resolver=self._names,
                    socket_factory=socket_for,
                    ssl=self._trust,
                    limit=0,  # how much is on its way is for whoever sends to bound
                    keepalive_timeout=IDLE_SECONDS,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    async def _opened(self, target: Target, allowed: Networks) -> bool:
        """Only a network the operator opened lets us go there: reached directly, not by the way out."""
        if not allowed:
            return False
        if target.address is not None:
            addresses = [target.address]
        else:
            try:
                found = await self._names.resolve(target.host, target.port)
            except OSError:
                return False
            addresses = [read_address(each["host"]) for each in found]
        return any(
            permitted(each, target.port, allowed, secure=target.secure)
            and not permitted(each, target.port, secure=target.secure)
            for each in addresses
        )

    def _fault(self, error: aiohttp.ClientError | OSError, way: Way) -> tuple[Fault, str]:
        """What it says of the receiver, or of us."""
        match error:
            case _ if way.refused and not way.connecting:
                return "refused_address", "webhook_address_refused"
            case aiohttp.ClientConnectorDNSError():
                own = isinstance(error.os_error, OwnNamesFail)
                return ("own_dns", "names are not answered for") if own else ("dns", "no such name")
            case aiohttp.ClientProxyConnectionError():
                return "own_proxy", "the way out does not answer"
            case aiohttp.ClientHttpProxyError():
                return _of_proxy(error.status)
            case aiohttp.ClientSSLError():
                return "tls", _said(error)
            case aiohttp.ClientConnectorCertificateError():
                return "tls", str(error.certificate_error)[:200]
            case TimeoutError():
                named = way.target.address is None and not way.proxied
                if named and not way.connecting and not way.kept and not self._names.well():
                    return "own_dns", "names are not answered for"
                return "timeout", "no answer in time"
            case OSError() if error.errno in _OUT_OF_SOCKETS:
                return "own_network", os.strerror(error.errno or 0)
            case aiohttp.ClientOSError() | aiohttp.ServerDisconnectedError() | OSError():
                return "connect", _said(error)
            case _:
                return "protocol", "not an answer of HTTP"

    def _answer(self, way: Way, fault: Fault | None, *, took_ms: float) -> Answer:
        heard = bytes(way.heard)
        return Answer(
            status=way.status,
            took_ms=took_ms,
            fault=fault,
            error=way.error,
            body=b"" if way.inside else heard,
            heard=heard,
            webhook={name.lower(): value for name, value in way.headers.items() if name.lower()[:8] == "webhook-"},
            retry_after=way.headers.get("Retry-After"),
            skew=self._skew(way.headers.get("Date")),
        )

    def _skew(self, told: str | None) -> float | None:
        date = None if told is None else _date(told)
        return None if date is None else (date - self._clock()).total_seconds()


def _files() -> int:
    """How many files this process may have open, once it has asked for as many as it wants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinity = resource.RLIM_INFINITY
    if soft == infinity:
        return FILES
    wanted = FILES if hard == infinity else min(FILES, hard)
    if soft < wanted:
        with suppress(ValueError, OSError):  # some systems keep a limit of their own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _the_systems_trust() -> ssl.SSLContext:
    """Certificates as the system trusts them: SSL_CERT_FILE names others, of a company's own authority for instance."""
    trust = ssl.create_default_context()
    trust.set_alpn_protocols(["http/1.1"])
    return trust


def _of_proxy(status: int) -> tuple[Fault, str]:
    if status == 403:
        return "refused_address", "the way out refuses this address"
    if status in _PROXY_REACHED_NOBODY:
        return "connect", f"the way out reached nobody ({status})"
    return "own_proxy", f"the way out answered {status}"


def _said(error: BaseException) -> str:
    """What the system said, without addresses: where a name leads inside is not for everybody."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0 and not isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
        return os.strerror(number)
    return "closed before an answer" if isinstance(error, aiohttp.ServerDisconnectedError) else type(error).__name__


@lru_cache(maxsize=256)
def _date(told: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(told)
    except (ValueError, OverflowError):  # a year or a zone beyond any
        return None
    return None if date.tzinfo is None else date
