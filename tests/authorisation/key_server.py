"""A key server of an identity provider that answers what a test says. Judges nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from shared.identity.oidc import Provider


@dataclass
class Answering:
    """What it answers to every request; and what it was asked."""

    said: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def provider(self) -> Provider:
        """Somebody whose keys are there."""
        address = f"http://127.0.0.1:{self.port}"
        return Provider(
            tenant_id=uuid4(),
            provider_id=uuid4(),
            issuer=address,
            audience="dakehu",
            jwks_uri=f"{address}/keys",
            algorithms=frozenset(("RS256",)),
            person_claim="sub",
        )


@asynccontextmanager
async def answering(server: Answering) -> AsyncIterator[Answering]:
    """Serve it on a free port of this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        server.asked.append(head.split(b" ")[1].decode())
        lines = [f"HTTP/1.1 {server.status} -", f"content-length: {len(server.said)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in server.headers.items()]
        writer.write("\r\n".join((*lines, "", "")).encode() + server.said)
        try:
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            pass  # it has read enough

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server
