"""Whatever a receiver does, an attempt ends in time with what came of it, and takes a bounded part of its answer."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from shared.webhooks import connecting, posting
from shared.webhooks.names import TRUSTED_SECONDS, Names, OwnNamesFail
from shared.webhooks.posting import Poster
from shared.webhooks.sending import KEPT_BYTES, USER_AGENT, Network
from tests.webhooks.receivers import LOOPBACK, Receiver, Request, dripping, never, receiver, says, writes

NOW = datetime(2026, 11, 22, 9, 0, 30, tzinfo=UTC)
TRUST = ssl.create_default_context()
FAR = 30.0
"""Seconds nobody should need here."""


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    async with Poster(trust=TRUST, clock=lambda: NOW) as poster:
        yield poster


async def test_what_is_sent_arrives_as_it_was_written(poster: Poster) -> None:
    body = '{"name": "华东"}'.encode()
    async with receiver(says(204, b"")) as theirs:
        answer = await poster.post(
            theirs.url + "?a=%2F", {"content-type": "application/json", "webhook-id": "evt_1_2"}, body, allowed=LOOPBACK
        )
    (request,) = theirs.requests
    assert (answer.status, answer.ok, answer.fault) == (204, True, None)
    assert (request.line, request.body) == ("POST /hook?a=%2F HTTP/1.1", body)
    assert (request.headers["webhook-id"], request.headers["content-length"]) == ("evt_1_2", str(len(body)))
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == USER_AGENT
    assert "cookie" not in request.headers


async def test_a_body_of_megabytes_is_sent_whole(poster: Poster) -> None:
    async with receiver(says()) as theirs:
        assert (await poster.post(theirs.url, {}, b"x" * 3_000_000, allowed=LOOPBACK)).ok
    assert len(theirs.requests[0].body) == 3_000_000


async def test_of_an_answer_the_first_bytes_are_kept_and_of_one_inside_nothing_is_shown(poster: Poster) -> None:
    async with receiver(says(500, b"y" * 5_000)) as theirs:
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)
    assert (answer.status, answer.body, answer.heard) == (500, b"", b"y" * KEPT_BYTES)
    assert "yyy" not in repr(answer)


async def test_what_an_answer_says_beside_its_status_is_told(poster: Poster) -> None:
    headers = [
        ("Retry-After", "120"),
        ("Date", "Sun, 22 Nov 2026 09:00:00 GMT"),
        ("WebHook-Allowed-Origin", "*"),
        ("Set-Cookie", "a=b"),
    ]
    async with receiver(says(429, headers=headers)) as theirs:
        first = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)
        await poster.options(theirs.url, {"webhook-request-origin": "dakehu.example.com"}, allowed=LOOPBACK)
    assert (first.status, first.retry_after, first.skew) == (429, "120", -30.0)
    assert first.webhook == {"webhook-allowed-origin": "*"}
    assert [request.line.split()[0] for request in theirs.requests] == ["POST", "OPTIONS"]
    assert "cookie" not in theirs.requests[1].headers


async def test_a_gibibyte_is_read_in_part_and_left(poster: Poster) -> None:
    poured = 0

    async def pours(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal poured
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
        for _ in range(1_073_741_824 // 65_536):
            writer.write(b"x" * 65_536)
            await writer.drain()
            poured += 65_536

    async with receiver(pours) as theirs:
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK, deadline=FAR)
    assert answer.ok
    assert len(answer.heard) == KEPT_BYTES
    assert poured < 64 * 1_048_576, "what the sockets' buffers hold, and no more"


async def test_a_compressed_answer_is_not_unpacked(poster: Poster) -> None:
    async with receiver(says(500, b"\x1f\x8b\x08bomb", headers=[("content-encoding", "gzip")])) as theirs:
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)
    assert (answer.status, answer.heard) == (500, b"\x1f\x8b\x08bomb")


@pytest.mark.parametrize("slow", [never, dripping])
async def test_who_does_not_answer_is_left_at_the_deadline(poster: Poster, slow: object) -> None:
    async with receiver(slow) as theirs:  # type: ignore[arg-type]
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK, deadline=0.3)
    assert (answer.status, answer.fault) == (None, "timeout")
    assert answer.took_ms >= 290


async def test_a_status_counts_however_the_answer_ends(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.1)
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"

    async def stops(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"half")
        await asyncio.Event().wait()

    async with receiver(writes(head + b"half")) as cut, receiver(stops) as silent:
        for theirs in (cut, silent):
            answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)
            assert (answer.ok, answer.fault, answer.error) == (True, None, "the answer broke off")
            assert answer.heard == b"half"
        silent_again = await poster.post(silent.url, {}, b"{}", allowed=LOOPBACK, deadline=0.05)
        assert silent_again.ok
        assert silent.connections == 2, "a connection with an answer half read is not used again"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 abc Hm\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"\x00" * 100,
    ],
)
async def test_what_is_not_http_is_a_fault_of_protocol(poster: Poster, answer: bytes) -> None:
    async with receiver(writes(answer)) as theirs:
        got = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK, deadline=FAR)
    assert (got.status, got.fault) == (None, "protocol")


async def test_headers_without_end_are_given_up(poster: Poster) -> None:
    async def heading(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x-more: of it\r\n" * 1_000)
            await writer.drain()

    async with receiver(heading) as theirs:
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK, deadline=FAR)
    assert answer.fault == "protocol"


async def test_nobody_listening_is_a_fault_of_connecting_and_names_no_address(poster: Poster) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        answer = await poster.post(f"http://127.0.0.1:{held.getsockname()[1]}/", {}, b"{}", allowed=LOOPBACK)
    assert (answer.fault, answer.error) == ("connect", "Connection refused")


async def test_a_connection_reset_after_the_request_is_a_fault_of_connecting(poster: Poster) -> None:
    async def resets(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with receiver(resets) as theirs:
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)
    assert (answer.fault, len(theirs.requests)) == ("connect", 1)


async def test_a_kept_connection_the_receiver_closed_costs_no_attempt(poster: Poster) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def closes_at_the_second(request: Request, writer: asyncio.StreamWriter) -> None:
        if writer in writers:  # closed while we were writing
            writer.transport.abort()
            return
        writers.append(writer)
        await says()(request, writer)

    async with receiver(closes_at_the_second) as theirs:
        for _ in range(2):
            assert (await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)).ok
    assert theirs.connections == 2


# Names


async def test_no_such_name_is_the_receivers_fault_and_no_answer_is_ours() -> None:
    numbers = {"gone": socket.EAI_NONAME, "silent": socket.EAI_AGAIN}

    async def lookup(host: str, port: int) -> Sequence[str]:
        if (number := numbers.get(host.split(".")[0])) is not None:
            raise socket.gaierror(number, "as told")
        return ["127.0.0.1"]

    now = 1_000.0
    names = Names(lookup, now=lambda: now)
    async with Poster(names=names, trust=TRUST) as poster, receiver(says()) as theirs:

        async def fault(host: str) -> str | None:
            url = f"http://{host}.example.com:{theirs.port}/"
            return (await poster.post(url, {}, b"{}", allowed=LOOPBACK)).fault

        assert await fault("gone") == "dns"
        assert await fault("silent") == "own_dns"
        assert await fault("good") is None
        assert await fault("silent") == "dns", "another name was answered for a moment ago"
        now += TRUSTED_SECONDS
        assert await fault("silent") == "dns", "the other name still is, when asked"
        now += TRUSTED_SECONDS
        numbers["good"] = socket.EAI_AGAIN
        assert await fault("silent") == "own_dns"


async def test_a_resolver_that_hangs_is_ours_until_it_answers_for_others() -> None:
    async def lookup(host: str, port: int) -> Sequence[str]:
        if host.startswith("hangs"):
            await asyncio.Event().wait()
        return ["127.0.0.1"]

    async with Poster(names=Names(lookup), trust=TRUST) as poster, receiver(says()) as theirs:
        hangs, good = (f"http://{host}.example.com:{theirs.port}/" for host in ("hangs", "good"))
        assert (await poster.post(hangs, {}, b"{}", allowed=LOOPBACK, deadline=0.1)).fault == "own_dns"
        assert (await poster.post(good, {}, b"{}", allowed=LOOPBACK)).ok
        assert (await poster.post(hangs, {}, b"{}", allowed=LOOPBACK, deadline=0.1)).fault == "timeout"


async def test_the_systems_resolver_is_asked_and_its_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names()
    assert "127.0.0.1" in [each["host"] for each in await names.resolve("localhost", 80)]
    many = [(2, 1, 6, "", (f"8.8.8.{number}", 80)) for number in range(1, 200)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: many)
    assert len(await names.resolve("many.example.com", 80)) == 8

    def silent(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_FAIL, "as told")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with pytest.raises(socket.gaierror):
        await names.resolve("a.example.com", 80)
    fresh = Names()
    with pytest.raises(OwnNamesFail):
        await fresh.resolve("a.example.com", 80)
    await names.close()
    await fresh.close()


async def test_being_out_of_sockets_is_our_own_fault(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(place: object) -> socket.socket:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(connecting.socket, "socket", lambda *_: none_left(_))  # type: ignore[attr-defined]
    answer = await poster.post("http://127.0.0.1:1/", {}, b"{}", allowed=LOOPBACK)
    assert answer.fault == "own_network"


async def test_no_more_is_begun_than_the_system_has_sockets_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "MOST_AT_ONCE", 2)
    async with receiver(never) as silent, receiver(says()) as theirs, Poster(trust=TRUST) as poster:
        waiting = [
            asyncio.create_task(poster.post(silent.url, {}, b"{}", allowed=LOOPBACK, deadline=FAR)) for _ in range(2)
        ]
        while len(silent.requests) < 2:
            await asyncio.sleep(0.01)
        assert (await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)).fault == "own_network"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)).ok


async def test_who_does_not_read_what_is_sent_is_left_at_the_deadline(poster: Poster) -> None:
    taken = asyncio.Event()

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await taken.wait()
        writer.transport.abort()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1_024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    answer = await poster.post(url, {}, b"x" * 50_000_000, allowed=LOOPBACK, deadline=0.3)
    assert (answer.status, answer.fault) == (None, "timeout")
    taken.set()
    server.close()
    await server.wait_closed()


# TLS


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of our own, and a server's certificate for hooks.example.com by it."""
    folder = tmp_path_factory.mktemp("tls")
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of a test")])
    began, ends = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)

    def certificate(name: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(began)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            named: list[x509.GeneralName] = [x509.DNSName("hooks.example.com")]
            named.append(x509.IPAddress(ipaddress.ip_address("127.0.0.3")))
            builder = builder.add_extension(x509.SubjectAlternativeName(named), critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(
        certificate(authority, authority_key.public_key(), ca=True).public_bytes(pem)
    )
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    (folder / "server.pem").write_bytes(
        certificate(server, key.public_key(), ca=False).public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


async def at_home(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def over_tls(certificates: Path) -> AsyncIterator[Receiver]:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificates / "server.pem")
    async with receiver(says(), ssl=serving) as theirs:
        yield theirs


async def test_a_certificate_is_checked_for_the_name_and_not_for_the_address(certificates: Path) -> None:
    trust = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
    async with over_tls(certificates) as theirs, Poster(names=Names(at_home), trust=trust) as poster:
        for host, fault in (("hooks.example.com", None), ("other.example.com", "tls"), ("127.0.0.1", "tls")):
            answer = await poster.post(f"https://{host}:{theirs.port}/", {}, b"{}", allowed=LOOPBACK)
            assert answer.fault == fault, host


async def test_a_certificate_nobody_vouches_for_is_refused(certificates: Path) -> None:
    async with over_tls(certificates) as theirs, Poster(names=Names(at_home), trust=TRUST) as poster:
        answer = await poster.post(f"https://hooks.example.com:{theirs.port}/", {}, b"{}", allowed=LOOPBACK)
        assert (answer.fault, theirs.requests) == ("tls", [])


async def test_a_receiver_that_does_not_speak_tls_is_a_fault_of_tls_or_connecting() -> None:
    async with receiver(says()) as theirs, Poster(names=Names(at_home), trust=TRUST) as poster:
        url = f"https://hooks.example.com:{theirs.port}/"
        answer = await poster.post(url, {}, b"{}", allowed=LOOPBACK, deadline=0.3)
        assert answer.fault in ("tls", "connect", "timeout")
        assert not answer.ok


# The operator's way out


@asynccontextmanager
async def way_out(to: Receiver | None, status: int = 200) -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that leads every CONNECT to this receiver."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split("\r\n")[0])
        writer.write(f"HTTP/1.1 {status} So\r\n\r\n".encode())
        await writer.drain()
        if status == 200 and to is not None:
            theirs, ours = await asyncio.open_connection("127.0.0.1", to.port)
            await asyncio.gather(_pipe(reader, ours), _pipe(theirs, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://user:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def test_public_names_go_by_the_way_out_and_opened_networks_directly(certificates: Path) -> None:
    trust = ssl.create_default_context(cafile=str(certificates / "authority.pem"))

    async def lookup(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host.startswith("inside") else ["8.8.8.8"]

    async with (
        over_tls(certificates) as theirs,
        receiver(says()) as inside,
        way_out(theirs) as (proxy, asked),
        Poster(proxy=SecretStr(proxy), names=Names(lookup), trust=trust) as poster,
    ):
        for allowed in ((), LOOPBACK):
            assert (await poster.post("https://hooks.example.com/", {}, b"{}", allowed=allowed)).ok
        direct = f"http://inside.example.com:{inside.port}/"
        assert (await poster.post(direct, {}, b"{}", allowed=LOOPBACK)).ok
        assert (await poster.post(inside.url, {}, b"{}", allowed=LOOPBACK)).ok
        for refused in ("https://127.0.0.1/", "https://hooks.example.com:22/", direct):
            assert (await poster.post(refused, {}, b"{}")).fault == "refused_address"
    assert set(asked) == {"CONNECT hooks.example.com:443 HTTP/1.1"}
    assert (len(theirs.requests), len(inside.requests)) == (2, 2)


@pytest.mark.parametrize(
    ("status", "fault"), [(403, "refused_address"), (407, "own_proxy"), (500, "own_proxy"), (502, "connect")]
)
async def test_what_the_way_out_refuses_is_told_apart(status: int, fault: str) -> None:
    async with way_out(None, status) as (proxy, _), Poster(proxy=SecretStr(proxy), trust=TRUST) as poster:
        assert (await poster.post("https://hooks.example.com/", {}, b"{}")).fault == fault


async def test_a_way_out_that_is_gone_is_our_own_fault() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with Poster(proxy=SecretStr(proxy), trust=TRUST) as poster:
            assert (await poster.post("https://hooks.example.com/", {}, b"{}")).fault == "own_proxy"


def test_a_network_is_read_or_refused() -> None:
    assert Network.of("10.0.0.0/8", 443).ports == {443}
    with pytest.raises(ValueError, match="host bits set"):
        Network.of("10.0.0.1/8")
