"""How uvicorn reads requests: as httptools does, with an end to how long the head of one may be. Serves nothing itself.

It also lets an answer cut its connection: closing one waits until the client has taken all that was sent. The parser
gathers address and headers in memory until they are complete; without a bound one client could fill it.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 65_536
"""Above what the edge allows (bounds.py), which answers with a problem; this only ends what never ends."""
ABORT = "dakehu.abort"
"""The extension of the ASGI scope whose `call` cuts the connection at once."""
REFUSED = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\ncontent-length: 79\r\nconnection: close\r\n\r\n"
    b'{"type":"/problems/headers_too_large","status":431,"code":"headers_too_large"}\n'
)


class BoundedHead(HttpToolsProtocol):
    """Closes a connection whose request's head goes on beyond the bound."""

    heading = True
    """Between requests, or in the head of one."""
    head_bytes = 0

    def on_message_begin(self) -> None:
        self.heading = True
        self.head_bytes = 0
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}

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
