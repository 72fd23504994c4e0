"""How uvicorn reads requests: as httptools does, with an end to how long the head of one may be. Serves nothing itself.

It also gives an answer that goes on for long its connection in hand (`Wire`): how much may be under way to a client
that takes nothing, and cutting it off, since closing waits until the client has taken all that was sent. The parser
gathers address and headers in memory until they are complete; without a bound one client could fill it.
"""

from __future__ import annotations

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 65_536
"""Above what the edge allows (bounds.py), which answers with a problem; this only ends what never ends."""
WIRE = "dakehu.wire"
"""The extension of the ASGI scope that holds the request's `Wire`."""
REFUSED = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\ncontent-length: 79\r\nconnection: close\r\n\r\n"
    b'{"type":"/problems/headers_too_large","status":431,"code":"headers_too_large"}\n'
)


class Wire:
    """The connection of one request."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def narrow(self, *, kernel: int, process: int) -> None:
        """At most about so many bytes are under way to a client that takes nothing, before sending waits."""
        connected = self._transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kernel)
        self._transport.set_write_buffer_limits(high=process)

    def cut(self) -> None:
        """End the connection at once; what is under way is lost."""
        self._transport.abort()


class BoundedHead(HttpToolsProtocol):
    """Closes a connection whose request's head goes on beyond the bound."""

    heading = True
    """Between requests, or in the head of one."""
    head_bytes = 0

    def on_message_begin(self) -> None:
        self.heading = True
        self.head_bytes = 0
        super().on_message_begin()
        self.scope["extensions"] = {WIRE: {"wire": Wire(self.transport)}}

    def on_headers_complete(self) -> None:
        self.heading = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.heading:
            self.head_bytes += len(data)
            if self.head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(REFUSED)
                self.transport.close()
