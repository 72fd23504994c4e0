"""Several services' apps in one process, on one port. Not a proxy; adds no resource of its own; knows no service.

An address belongs to the service that alone has routes beginning like it (`/v1/visits`, `/v1/inbound/orders`). What all
services have (`/v1/events`, `/v1/me`) is answered by the first: they read the same log. Ready means that all are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.merged import merge

SHORTEST, LONGEST = 2, 3
"""Segments of a path that tell whose it is: `/v1/visits`, `/v1/inbound/orders`."""


class Door:
    """An ASGI app over the services' apps. The first answers what belongs to none alone."""

    def __init__(self, apps: Mapping[str, Starlette]) -> None:
        self.apps = apps
        self.first = next(iter(apps.values()))
        self._owners = owners(apps)
        for app in apps.values():  # the first streams what changes in the views of all
            if app is not self.first and (kit := getattr(app.state, "kit", None)) is not None:
                self.first.state.kit.neighbours += kit.views
        self._life = Starlette(lifespan=self._running)
        self._document: Answer | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._life(scope, receive, send)
            return
        path: str = scope["path"]
        if path == "/readyz":
            await (await self._ask_until(scope, receive, lambda answer: answer.status != 200)).give(send)
        elif path.startswith("/problems/"):
            await (await self._ask_until(scope, receive, lambda answer: answer.status != 404)).give(send)
        elif path == "/v1/views":
            await (await self._all_views(scope, receive)).give(send)
        elif path.startswith("/v1/views/"):
            await self.apps.get(path.split("/")[3].partition(".")[0], self.first)(scope, receive, send)
        elif path == "/openapi.json":
            await (await self._describe(scope, receive)).give(send)
        else:
            owner = self._owners.get(beginning(path)) or self._owners.get(beginning(path, LONGEST), self.first)
            await owner(scope, receive, send)

    @asynccontextmanager
    async def _running(self, _: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in self.apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    async def _ask_until(self, scope: Scope, receive: Receive, enough: Callable[[Answer], bool]) -> Answer:
        """Ask one service after the other until an answer is enough, or it is the last."""
        answer = Answer()
        for app in self.apps.values():
            answer = await ask(app, scope, receive)
            if enough(answer):
                break
        return answer

    async def _all_views(self, scope: Scope, receive: Receive) -> Answer:
        """Every service tells of its own views: all in one list."""
        items = []
        answer = Answer()
        for app in self.apps.values():
            answer = await ask(app, scope, receive)
            if answer.status != 200:
                return answer
            items += json.loads(answer.body)["items"]
        return answer.with_body({"items": items})

    async def _describe(self, scope: Scope, receive: Receive) -> Answer:
        """One OpenAPI document of all services, made once."""
        if self._document is None:
            whole = {**scope, "headers": [(name, said) for name, said in scope["headers"] if name != b"if-none-match"]}
            bodies = {}
            for name, app in self.apps.items():
                answer = await ask(app, whole, receive)
                if answer.status != 200:
                    return answer
                bodies[name] = answer.body
            self._document = await asyncio.to_thread(_merged, bodies)  # seconds of Python: requests go on
        return self._document


@dataclass
class Answer:
    """A whole response."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def with_body(self, content: object) -> Answer:
        """The same answer with other content."""
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = [header for header in self.headers if header[0].lower() != b"content-length"]
        return Answer(self.status, [*headers, (b"content-length", str(len(body)).encode())], body)

    async def give(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def _merged(bodies: Mapping[str, bytes]) -> Answer:
    documents = {name: json.loads(body) for name, body in bodies.items()}
    return Answer(200, [(b"content-type", b"application/json")]).with_body(merge(documents))


async def ask(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """What an app answers, held back. For requests without a body."""
    answer = Answer()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(dict(scope), receive, keep)
    return answer


def beginning(path: str, segments: int = SHORTEST) -> str:
    """`/v1/visits` of `/v1/visits/17/review`."""
    return "/".join(path.split("/", segments + 1)[: segments + 1])


def owners(apps: Mapping[str, Starlette]) -> dict[str, Starlette]:
    """Beginnings that only one service has."""
    having: dict[str, set[str]] = {}
    for name, app in apps.items():
        for route in app.routes:
            for segments in (SHORTEST, LONGEST):
                having.setdefault(beginning(getattr(route, "path", ""), segments), set()).add(name)
    return {start: apps[next(iter(names))] for start, names in having.items() if len(names) == 1}
