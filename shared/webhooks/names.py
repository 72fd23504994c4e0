"""Asks for names: bounded, in threads of its own, and judges whose fault it is when there is no answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from aiohttp.abc import AbstractResolver, ResolveResult

THREADS = 32
"""Names asked for at a time: one that is never answered for holds a thread, and the default executor has six."""
SLOW_THREADS, SLOW_SECONDS = 8, 2.0
"""Names that were not answered for within this time are asked in threads apart until they are: whoever has many that
hang keeps no others waiting."""
MOST_SLOW = 10_000
ADDRESSES = 8
"""Of one name so many are tried."""
TRUSTED_SECONDS = 60.0
"""So long after an answer to any name our resolver is held to be well."""

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
_NONE = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class OwnNamesFail(OSError):
    """No name is answered for: it is our resolver, or our network."""


class Names(AbstractResolver):
    """What aiohttp resolves with. `lookup`: a test's; otherwise the system's."""

    def __init__(self, lookup: Lookup | None = None, *, now: Callable[[], float] = monotonic) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="names")
        self._slow_threads = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="slow names")
        self._slow: set[str] = set()
        self._lookup = lookup or self._ask_the_system
        self._now = now
        self._answered_at: float | None = None
        self._answered: str | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OwnNamesFail, or OSError when there is no such name."""
        try:
            addresses = list(dict.fromkeys(await self._lookup(host, port)))[:ADDRESSES]
        except UnicodeError:
            raise OSError(socket.EAI_NONAME, "not a name") from None
        except socket.gaierror as error:
            if error.errno not in _NONE and not self.well() and not await self._another_is_answered(host):
                raise OwnNamesFail(error.errno, "names are not answered for") from error
            raise
        self._answered_at, self._answered = self._now(), host
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    def well(self) -> bool:
        """Some name was answered for a moment ago: that another is not is that other's fault."""
        return self._answered_at is not None and self._now() - self._answered_at < TRUSTED_SECONDS

    async def _another_is_answered(self, host: str) -> bool:
        """Ask for the name that was answered for last: a receiver whose own servers are down says nothing of ours."""
        if self._answered is None or self._answered == host:
            return False
        try:
            await self._lookup(self._answered, 443)
        except OSError:
            return False
        self._answered_at = self._now()
        return True

    async def close(self) -> None:
        for threads in (self._threads, self._slow_threads):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _ask_the_system(self, host: str, port: int) -> Sequence[str]:
        threads = self._slow_threads if host in self._slow else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, self._timed, host, port)

    def _timed(self, host: str, port: int) -> Sequence[str]:
        """In a thread: slow as long as nobody answers, and until somebody answers soon."""
        if len(self._slow) >= MOST_SLOW:
            self._slow.clear()
        self._slow.add(host)
        began = monotonic()
        try:
            return [str(place[0]) for *_, place in _getaddrinfo(host, port)]
        finally:
            if monotonic() - began < SLOW_SECONDS:
                self._slow.discard(host)


def _getaddrinfo(
    host: str, port: int
) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)  # type: ignore[return-value]
