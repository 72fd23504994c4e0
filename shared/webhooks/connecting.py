"""The wall around what is sent: each socket is judged where it is made, each connection again whenever it is used.

Sends nothing itself: `Guarded` is what aiohttp connects with, `WAY` says for whom.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from shared.webhooks.addresses import Target, permitted, read_address, special
from shared.webhooks.sending import Networks


@dataclass(slots=True)
class Way:
    """One try: what it may do, and what came of it on the way."""

    target: Target
    allowed: Networks
    proxied: bool
    refused: bool = False
    connecting: bool = False  # a socket was made for it
    kept: bool = False  # a connection of before is used
    inside: bool = False
    status: int | None = None
    heard: bytearray = field(default_factory=bytearray)
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None


WAY: ContextVar[Way] = ContextVar("way")


class Guarded(aiohttp.TCPConnector):
    """Judges the other end of every connection it hands out: a kept one may have been another tenant's."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        connection = await super().connect(req, traces, timeout)
        way = WAY.get()
        way.kept = not way.connecting
        if way.proxied:
            return connection
        peer = connection.transport and connection.transport.get_extra_info("peername")
        if not peer or not _may_connect(way, str(peer[0]), int(peer[1])):
            connection.close()
            raise aiohttp.ClientConnectionResetError("not an address to send to" if peer else "closed")
        way.inside = special(read_address(peer[0]))
        return connection


def socket_for(place: Any) -> socket.socket:
    """What aiohttp makes every socket with, once the name is resolved and the address chosen."""
    family, kind, protocol, _, address = place
    way = WAY.get()
    if not way.proxied and not _may_connect(way, str(address[0]), int(address[1])):
        raise PermissionError(errno.EACCES, "not an address to send to")
    way.connecting = True
    return socket.socket(family, kind, protocol)


def _may_connect(way: Way, address: str, port: int) -> bool:
    may = permitted(read_address(address), port, way.allowed, secure=way.target.secure)
    way.refused = way.refused or not may
    return may


def may_begin(way: Way) -> bool:
    """What can be judged without the name. Behind a proxy that is all there is to judge."""
    target = way.target
    if target.address is not None:
        return permitted(target.address, target.port, way.allowed, secure=target.secure)
    return not way.proxied or (target.secure and target.port == 443)
