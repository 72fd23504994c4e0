"""What one service's app holds while it runs: store, pool, keys, texts. Opened by the lifespan; no routes here."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import SecretStr
from starlette.types import Send

from shared.days import day_of
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.feed.scopes import Scopes
from shared.feed.tail import Tail
from shared.http.call import Call
from shared.http.errors import RETRY_AFTER, is_away
from shared.http.limits import Limits
from shared.http.problem import MEDIA_TYPE, Catalogue, Problem
from shared.http.quotas import Quotas
from shared.http.shortcuts import Shortcuts
from shared.http.sign_in import Known, SignIn
from shared.identity.organisation import Organisation
from shared.identity.principal import Principal
from shared.identity.sight import Sight, sight_of
from shared.identity.tenants import Tenants
from shared.identity.tokens import TokenReader, development_key
from shared.keys import decode_key, derive, key_file
from shared.postgres.url import database_url
from shared.privacy.vault import Vault
from shared.projections.changes import Watcher
from shared.settings import Settings
from shared.telemetry import logger
from shared.webhooks.sending import Asks

REOPEN_SECONDS = 0.5
"""How long to wait before trying again to reach a database that was away at start."""
FILES_AT_ONCE = 2
"""Files of tables one process makes at a time: each keeps a core busy."""
SIGHT_SECONDS = 5.0
"""How long what somebody sees is remembered: a moved unit or person is felt after at most this."""

log = logger("kit")


class Kit:
    """The running parts of one service."""

    def __init__(
        self,
        *,
        service: str,
        settings: Settings,
        catalogue: Catalogue,
        facts: Any,
        views: Sequence[Any] = (),
        organisation: Organisation | None = None,
        scopes: Scopes | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        store: EventStore | None = None,
    ) -> None:
        self.service = service
        self.settings = settings
        self.catalogue = catalogue
        self.facts = facts
        self.views = views
        self.clock = clock
        self.max_body = settings.max_body_bytes
        self.max_upload = settings.max_upload_bytes
        self.tokens: TokenReader | None = None
        self.sign_in = SignIn(self)
        self.principals: dict[bytes, Known] = {}
        self.tenants = Tenants()
        self.limits = Limits(settings)
        self.quotas = Quotas(settings, clock=clock)
        self.cursor_key = b""
        self.fingerprint_key = b""
        self.hot = Shortcuts()
        self.stopping = False
        self.neighbours: list[Any] = []
        self._watcher: Watcher | None = None
        self._tail: Tail | None = None
        self._sender: Asks | None = None
        self._close_sender: Callable[[], Awaitable[None]] | None = None
        self.making_files = asyncio.Semaphore(FILES_AT_ONCE)
        self.lag_measured = float("-inf")
        self.organisation = organisation
        self.scopes = scopes or {}
        self._sights: dict[tuple[object, ...], tuple[float, Sight]] = {}
        self._given = store
        self._store = store
        self._vault: Vault | None = None
        self._repositories: dict[type[Stream], Any] = {}

    # -- what routes use -------------------------------------------------------------------------------

    @property
    def store(self) -> EventStore:
        """The event store. Refuses (503) while the database was never reached."""
        if self._store is None:
            raise Problem(503, "database_unavailable", headers=RETRY_AFTER)
        return self._store

    @property
    def open(self) -> bool:
        """Whether the database was reached."""
        return self._store is not None

    @property
    def pool(self) -> Any:
        """Connections for reads."""
        return self.store.pool

    @property
    def watcher(self) -> Watcher:
        """Who tells that views have changed: this service's, and those of its neighbours in one process."""
        if self._watcher is None:
            self._watcher = Watcher(lambda: self.pool, lambda: self.store.database_url, [*self.views, *self.neighbours])
        return self._watcher

    @property
    def tail(self) -> Tail:
        """Who tells that the log has grown."""
        if self._tail is None:
            self._tail = Tail(lambda: self.pool, lambda: self.store.database_url, lambda: self.stopping)
        return self._tail

    @property
    def sender(self) -> Asks:
        """What posts to other systems' addresses; a test gives its own."""
        if self._sender is None:
            from shared.webhooks.posting import Poster  # not before it is wanted: it brings a client and certificates

            poster = Poster(proxy=self.settings.webhook_proxy, clock=self.clock)
            self._sender, self._close_sender = poster, poster.close
        return self._sender

    @sender.setter
    def sender(self, given: Asks) -> None:
        self._sender = given

    @property
    def vault(self) -> Vault:
        """Names, phones and texts about persons."""
        if self._vault is None:
            self._vault = Vault(self.pool, Vault.master_key(self.settings))
        return self._vault

    def repository(self, stream: type[Stream]) -> Any:
        """Where streams of this class are loaded; one per process, since it remembers."""
        found = self._repositories.get(stream)
        if found is None:
            found = self._repositories[stream] = Repository(self.store, stream, facts=self.facts)
        return found

    async def zone(self, tenant_id: UUID) -> ZoneInfo | None:
        """The tenant's zone; None when it was never opened."""
        return self.tenants.known(tenant_id) or await self.tenants.zone(self.pool, tenant_id)

    async def check_standing(self, tenant_id: UUID) -> None:
        """Refuse (403) a tenant that is suspended, or gone."""
        standing = await self.tenants.standing(self.pool, tenant_id)
        if standing is None:
            self.vault.forget(tenant_id)
        if standing is None or standing.suspended:
            raise Problem(403, "unknown_tenant" if standing is None else "tenant_suspended")

    async def sight(self, principal: Principal) -> Sight:
        """What this principal sees now, by today's organisation."""
        if principal.sees_everything or self.organisation is None:
            return sight_of(principal, ())
        key = (principal.tenant_id, principal.person_id, principal.unit_id, principal.functions)
        now = asyncio.get_running_loop().time()
        until, sight = self._sights.get(key, (0.0, None))
        if sight is None or until < now:
            day = day_of(self.clock(), principal.zone)
            sight = sight_of(principal, await self.organisation.seats(self.pool, principal, day))
            if len(self._sights) > 10_000:
                self._sights.clear()
            self._sights[key] = (now + SIGHT_SECONDS, sight)
        return sight

    async def answer(self, call: Call, problem: Problem, send: Send) -> None:
        """Send a problem document."""
        body = self.catalogue.render(problem, call.language, instance=call.path, trace_id=call.trace.trace_id)
        headers = [
            (b"content-type", MEDIA_TYPE),
            (b"content-language", call.language.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in problem.headers.items()),
        ]
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if call.scope["method"] == "HEAD" else body})

    # -- life ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keys read, store open (or being tried for), garbage collector quiet, until the block ends."""
        self._keys()
        async with AsyncExitStack() as stack:
            opening: asyncio.Task[None] | None = None
            if self._given is None:
                try:
                    await self._open(stack)
                except Exception as error:
                    if not is_away(error):
                        raise
                    log.warning("database unavailable at start", error=type(error).__name__)
                    opening = asyncio.create_task(self._reopen(stack))
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            restore = self._unready_on_signal()
            try:
                yield
            finally:
                restore()
                self.stopping = True
                if opening is not None:
                    opening.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await opening
                await self.sign_in.close()
                if self._watcher is not None:
                    await self._watcher.close()
                    self._watcher = None
                if self._tail is not None:
                    await self._tail.close()
                    self._tail = None
                if self._close_sender is not None:
                    await self._close_sender()
                    self._sender = self._close_sender = None
                if self._given is None:
                    self._store = None
                    self._vault = None
                    self._repositories.clear()

    def _unready_on_signal(self) -> Callable[[], None]:
        """Say unready as soon as a signal to stop comes, before the server stops taking connections.

        Several kits in one process share one handler, so that they drain together.
        """
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        loop = asyncio.get_running_loop()
        undo: list[Callable[[], object]] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            handler = signal.getsignal(number)
            if not callable(handler) or handler is signal.default_int_handler:
                continue  # no server's own: ending is not ours to delay
            if not isinstance(handler, _Draining):
                undo.append(partial(signal.signal, number, handler))
                handler = _Draining(loop, self.settings.drain_seconds, handler)
                signal.signal(number, handler)
            handler.kits.append(self)
            undo.append(partial(handler.kits.remove, self))

        def restore() -> None:
            for step in reversed(undo):
                step()

        return restore

    def _keys(self) -> None:
        settings = self.settings
        if settings.env == "production":
            if settings.cursor_key is None:
                raise ValueError("production needs DAKEHU_CURSOR_KEY: 32 bytes in hex or base64, the same everywhere")
            self.cursor_key = decode_key(settings.cursor_key.get_secret_value(), name="DAKEHU_CURSOR_KEY")
            if settings.api_key_secret is None:
                raise ValueError("production needs DAKEHU_API_KEY_SECRET: 32 bytes in hex or base64, for ever the same")
            self.sign_in.hash_keys_under(_given(settings.api_key_secret, "DAKEHU_API_KEY_SECRET"))
            return  # development tokens are refused: no reader
        key = development_key(settings.data)
        self.tokens = TokenReader(key)
        given = settings.cursor_key
        self.cursor_key = (
            derive(key_file(settings.data / "keys" / "dev"), "cursor")
            if given is None
            else decode_key(given.get_secret_value(), name="DAKEHU_CURSOR_KEY")
        )
        secret = settings.api_key_secret
        self.sign_in.hash_keys_under(
            derive(key, "api keys") if secret is None else _given(secret, "DAKEHU_API_KEY_SECRET")
        )

    async def _open(self, stack: AsyncExitStack) -> None:
        store = await stack.enter_async_context(await EventStore.open(await database_url(self.settings)))
        self._vault = Vault(store.pool, Vault.master_key(self.settings))
        with contextlib.suppress(asyncpg.UndefinedTableError):  # not migrated yet: unready, not dead
            self.fingerprint_key = await self._vault.unseal()
        self._store = store

    async def _reopen(self, stack: AsyncExitStack) -> None:
        while True:
            await asyncio.sleep(REOPEN_SECONDS)
            try:
                await self._open(stack)
                return
            except Exception as error:
                if not is_away(error):
                    raise


def _given(secret: SecretStr, name: str) -> bytes:
    return decode_key(secret.get_secret_value(), name=name)


class _Draining:
    """A signal handler that makes kits unready, waits, and then lets the server's own handler stop it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, then: Callable[..., Any]) -> None:
        self.kits: list[Kit] = []
        self._loop = loop
        self._seconds = seconds
        self._then = then

    def __call__(self, number: int, frame: FrameType | None) -> None:
        for kit in self.kits:
            kit.stopping = True
        self._loop.call_soon_threadsafe(self._loop.call_later, self._seconds, self._then, number, frame)
