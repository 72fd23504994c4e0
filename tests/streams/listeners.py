"""Many clients of the event stream on bare connections: some read, some do not. As cheap as a thousand must be."""

from __future__ import annotations

import asyncio
import re
import socket
from uuid import UUID, uuid4

from shared.identity.tokens import SAMPLE_TENANT, development_key, mint_token
from tests.stack import Running

STREAM = "/v1/events/stream"
EVENT = re.compile(rb'event: event\nid: (\S+)\ndata: \{.*?"position":(\d+)')
SMALL = 8 * 1024


class Listener(asyncio.Protocol):
    """One connection. What it was told, in order, as positions; `last_id` to come back with."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.last_id = ""
        self.begun = asyncio.Event()
        self.over = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        whole, end, self._rest = (self._rest + data).rpartition(b"\n\n")
        if not end:
            return
        self.begun.set()
        for id, position in EVENT.findall(whole):
            self.heard.append(int(position))
            self.last_id = id.decode()

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True

    def stop_reading(self) -> None:
        """Keep the connection, and take nothing any more."""
        self.transport.pause_reading()


def token(running: Running, tenant: UUID = SAMPLE_TENANT) -> str:
    """Of a director nobody has asked as before."""
    return mint_token(development_key(running.data), tenant, uuid4(), ("director",))


async def listen(running: Running, credential: str, *, last_id: str = "", small: bool = False) -> Listener:
    """An open stream that has been told where it begins. `small`: its system takes little that it does not read."""
    connected = socket.socket()
    if small:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    connected.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connected, ("127.0.0.1", running.ports["DAKEHU_PORT"]))
    _, listener = await loop.create_connection(Listener, sock=connected)
    resumed = f"last-event-id: {last_id}\r\n" if last_id else ""
    asked = f"GET {STREAM} HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {credential}\r\n{resumed}\r\n"
    listener.transport.write(asked.encode())
    async with asyncio.timeout(60):
        await listener.begun.wait()
    return listener
