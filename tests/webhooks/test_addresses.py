"""Nothing is sent to an address that is not public, however it is written and whatever name leads there."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from shared.webhooks import connecting
from shared.webhooks.addresses import check_url, permitted, target_of
from shared.webhooks.headers import unfit
from shared.webhooks.names import Names
from shared.webhooks.posting import Poster
from shared.webhooks.sending import Network
from tests.webhooks.receivers import LOOPBACK, receiver, says

SEEN_IN_THE_URL = [
    "https://127.0.0.1/hook",
    "https://2130706433/hook",  # 127.0.0.1 as one number
    "https://0177.0.0.1/hook",  # octal
    "https://0x7f.0.0.1/hook",
    "https://0x7f000001/hook",
    "https://127.1/hook",
    "https://127.0.0.1./hook",
    "https://0/hook",
    "https://0.0.0.0/hook",
    "https://10.0.0.1/hook",
    "https://172.16.0.1/hook",
    "https://192.168.1.1/hook",
    "https://100.64.0.1/hook",  # carriers' NAT
    "https://100.100.100.200/latest/meta-data/",  # Alibaba
    "https://169.254.169.254/latest/meta-data/",  # AWS, Azure, Google, Tencent, Huawei
    "https://168.63.129.16/",  # Azure's host
    "https://192.0.0.192/opc/v1/instance/",  # Oracle
    "https://198.18.0.1/hook",
    "https://224.0.0.1/hook",
    "https://255.255.255.255/hook",
    "https://[::1]/hook",
    "https://[::]/hook",
    "https://[::ffff:127.0.0.1]/hook",  # v4-mapped
    "https://[::ffff:a9fe:a9fe]/hook",
    "https://[::127.0.0.1]/hook",  # v4-compatible
    "https://[2002:7f00:1::]/hook",  # 6to4 of 127.0.0.1
    "https://[64:ff9b::7f00:1]/hook",  # NAT64 of 127.0.0.1
    "https://[64:ff9b:1::a9fe:a9fe]/hook",  # NAT64, local
    "https://[2001:0:53aa:64c:0:0:80ff:fffe]/hook",  # Teredo of 127.0.0.1
    "https://[fc00::1]/hook",  # unique local
    "https://[fd00:ec2::254]/hook",  # AWS's metadata
    "https://[fe80::1]/hook",
    "https://[fe80::1%25eth0]/hook",
    "https://[fec0::1]/hook",  # site-local
    "https://[ff02::1]/hook",
    "https://[2001:db8::1]/hook",
    "https://localhost/hook",
    "https://localhost./hook",
    "https://hooks.localhost/hook",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://127。0。0。1/hook",  # ideographic full stops
    "https://１２７.0.0.1/hook",  # wide digits
    "https://①②⑦.⓪.⓪.①/hook",
    "https://ⓛocalhost/hook",
    "https://user:secret@hooks.example.com/hook",
    "https://hooks.example.com@127.0.0.1/hook",
    "https://@hooks.example.com/hook",
    "https://hooks.example.com\\@127.0.0.1/hook",
    "https://hooks.example.com:22/hook",
    "https://hooks.example.com:25/hook",
    "https://hooks.example.com:6379/hook",
    "https://hooks.example.com:0/hook",
    "https://hooks.example.com:65536/hook",
    "http://hooks.example.com/hook",
    "ftp://hooks.example.com/hook",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https:///hook",
    "https://hooks example.com/hook",
    "https://hooks.example.com/hook\r\nHost: 127.0.0.1",
    "https://hooks.example.com/hook#fragment",
    "https://hooks%2eexample.com/hook",
    "https://a..example.com/hook",
    "//hooks.example.com/hook",
    "https://hooks.example.com/" + "x" * 2_048,
]

BEHIND_A_NAME = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.255.255.255",
    "172.31.255.255",
    "192.168.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "192.0.0.192",
    "198.19.255.255",
    "239.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "::10.0.0.1",
    "2002:a9fe:a9fe::1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2001:0:53aa:64c:0:0:80ff:fffe",
    "fd12:3456:789a::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
]
TRUST = ssl.create_default_context()
"""Made once: it reads every certificate of the system."""
PUBLIC = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "192.167.1.1", "2606:4700::1111"]


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where sockets were made for: every connection of ours goes through it."""
    made: list[str] = []

    def recorded(*kind: object) -> socket.socket:
        made.append(str(kind))
        raise OSError("no sockets in this test")

    monkeypatch.setattr(connecting, "socket", SimpleNamespace(socket=recorded))
    return made


async def as_they_lead(host: str, port: int) -> Sequence[str]:
    if host == "metadata.google.internal":
        return ["169.254.169.254"]
    return ["127.0.0.1"] if host.rpartition(".")[2] == "localhost" else ["8.8.8.8"]


def leading_to(*answers: Sequence[str]) -> Names:
    """A resolver that gives each answer once, and the last for ever after."""
    turns: Iterator[Sequence[str]] = iter(answers[:-1])

    async def lookup(host: str, port: int) -> Sequence[str]:
        return next(turns, answers[-1])

    return Names(lookup)


@pytest.mark.parametrize("url", SEEN_IN_THE_URL)
async def test_a_bad_url_is_refused_when_an_endpoint_is_made_and_when_it_is_sent_to(
    url: str, sockets: list[str]
) -> None:
    assert check_url(url) is not None
    async with Poster(names=Names(as_they_lead), trust=TRUST) as poster:
        answer = await poster.post(url, {}, b"{}")
    assert (answer.status, answer.fault, sockets) == (None, "refused_address", [])


@pytest.mark.parametrize("address", BEHIND_A_NAME)
async def test_a_name_that_leads_inside_is_refused_where_the_socket_would_be_made(
    address: str, sockets: list[str]
) -> None:
    async with Poster(names=leading_to([address]), trust=TRUST) as poster:
        answer = await poster.post("https://hooks.example.com/hook", {}, b"{}")
    assert (answer.status, answer.fault, sockets) == (None, "refused_address", [])
    assert address not in repr(answer), "where a name leads inside is not told"


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_gone_to(address: str, sockets: list[str]) -> None:
    async with Poster(names=leading_to([address]), trust=TRUST) as poster:
        answer = await poster.post("https://hooks.example.com/hook", {}, b"{}")
    assert answer.fault == "connect"
    assert len(sockets) == 1


@pytest.mark.parametrize(
    "url", ["https://8.8.8.8/hook", "https://[2606:4700::1111]/hook", "https://[2606:4700::1]:443"]
)
async def test_a_public_address_may_be_written_as_such(url: str, sockets: list[str]) -> None:
    async with Poster(trust=TRUST) as poster:
        answer = await poster.post(url, {}, b"{}")
    assert answer.fault == "connect"
    assert len(sockets) == 1


async def test_a_name_that_is_public_first_and_ours_afterwards_is_refused() -> None:
    """DNS rebinding: what was checked is not what is connected to, unless it is checked there."""
    async with receiver(says()) as ours:
        opened = (Network.of("203.0.113.0/24", ours.port),)  # so that the port alone does not refuse it
        names = leading_to(["203.0.113.7"], ["127.0.0.1"])
        url = f"http://rebinding.example.com:{ours.port}/hook"
        assert check_url(url, opened) is None
        assert [each["host"] for each in await names.resolve("rebinding.example.com", ours.port)] == ["203.0.113.7"]
        async with Poster(names=names, trust=TRUST) as poster:
            answer = await poster.post(url, {}, b"{}", allowed=opened)
        assert answer.fault == "refused_address"
        assert ours.connections == 0


async def test_of_several_addresses_only_those_that_may_be_are_gone_to() -> None:
    async with receiver(says()) as theirs:
        async with Poster(names=leading_to(["10.0.0.1", "127.0.0.1", "169.254.169.254"]), trust=TRUST) as poster:
            answer = await poster.post(f"http://mixed.example.com:{theirs.port}/", {}, b"{}", allowed=LOOPBACK)
        assert answer.ok
        assert theirs.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    async with receiver(says()) as inside:
        async with (
            receiver(says(status, headers=[("location", inside.url)])) as outside,
            Poster(trust=TRUST) as poster,
        ):
            answer = await poster.post(outside.url, {}, b"{}", allowed=LOOPBACK)
        assert (answer.status, answer.ok) == (status, False)
        assert inside.connections == 0


async def test_a_kept_connection_of_another_tenant_is_not_lent() -> None:
    async with receiver(says()) as theirs, Poster(trust=TRUST) as poster:
        assert (await poster.post(theirs.url, {}, b"1", allowed=LOOPBACK)).ok
        elsewhere = (Network.of("127.0.0.2/32"),)
        for allowed in ((), elsewhere, (Network.of("127.0.0.0/8", 1),)):
            answer = await poster.post(theirs.url, {}, b"2", allowed=allowed)
            assert answer.fault == "refused_address"
        named = theirs.url.replace("127.0.0.1", "localhost")
        assert (await poster.post(named, {}, b"3", allowed=LOOPBACK)).ok
        answer = await poster.post(named, {}, b"4", allowed=(*elsewhere, Network.of("10.0.0.0/8")))
        assert answer.fault == "refused_address"
        assert [request.body for request in theirs.requests] == [b"1", b"3"]


async def test_our_way_out_is_not_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver(says()) as theirs, receiver(says()) as way_out, Poster(trust=TRUST) as poster:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, way_out.url)
        assert (await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)).ok
        assert way_out.connections == 0


def test_an_operators_network_opens_itself_and_its_ports_alone() -> None:
    inside = ip_address("10.1.2.3")
    assert not permitted(inside, 443)
    assert permitted(inside, 443, [Network.of("10.1.0.0/16")])
    assert permitted(inside, 8080, [Network.of("10.1.0.0/16")], secure=False)
    assert not permitted(inside, 8080, [Network.of("10.1.0.0/16", 443, 8443)])
    assert not permitted(ip_address("10.2.0.1"), 443, [Network.of("10.1.0.0/16")])
    assert permitted(ip_address("::ffff:10.1.2.3"), 443, [Network.of("10.1.0.0/16")])


def test_opening_everything_does_not_open_the_inside() -> None:
    everything = [Network.of("0.0.0.0/0"), Network.of("::/0")]
    assert permitted(ip_address("8.8.8.8"), 8443, everything)
    for address in BEHIND_A_NAME:
        assert not permitted(ip_address(address), 443, everything), address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("169.254.169.254", "169.254.169.254/32"),
        ("::ffff:169.254.169.254", "169.254.0.0/16"),
        ("100.100.100.200", "100.64.0.0/10"),
        ("fd00:ec2::254", "fc00::/7"),
        ("64:ff9b::a9fe:a9fe", "64:ff9b::/96"),
        ("64:ff9b::a00:1", "64:ff9b::/96"),  # a translator is opened, the address behind it is not
        ("2002:7f00:1::", "2002::/16"),
    ],
)
def test_metadata_and_what_hides_behind_a_translator_stay_closed(address: str, network: str) -> None:
    assert not permitted(ip_address(address), 443, [Network.of(network)])


def test_a_translator_an_operator_opens_leads_to_public_addresses() -> None:
    assert permitted(ip_address("64:ff9b::808:808"), 443, [Network.of("64:ff9b::/96")])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services/T0/B%2F1?token=a%20b",
        "https://hooks.example.com:443/",
        "https://HOOKS.example.com",
        "https://回调.例子.中国/收件",
        "https://under_score.example.com/hook",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]/hook",
    ],
)
def test_a_decent_url_is_taken(url: str) -> None:
    assert check_url(url) is None


def test_what_an_operator_opened_is_taken() -> None:
    opened = [Network.of("10.0.0.0/8", 443, 8080)]
    assert check_url("http://erp:8080/hook", opened) is None
    assert check_url("http://10.1.2.3:8080/hook", opened) is None
    assert check_url("http://10.1.2.3:9090/hook", opened) == "webhook_address_refused"
    assert check_url("https://hooks.example.com:9090/", opened) == "webhook_url_port"
    assert check_url("http://erp:8080/hook") == "webhook_address_refused"


def test_a_path_is_sent_as_it_was_written() -> None:
    target = target_of("https://hooks.example.com/a%2fb/%7E?x=%20+y&z=%2F")
    assert not isinstance(target, str)
    assert str(target.url) == "https://hooks.example.com/a%2fb/%7E?x=%20+y&z=%2F"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"webhook-signature": "v1,x"},
        {"Proxy-Authorization": "x"},
        {"x y": "1"},
        {"X-Key": "a\r\nHost: b"},
        {"X-Key": "a\x00"},
        {"X-Key": ""},
        {"X-Key": "a", "x-key": "b"},
        {"X-Key": "x" * 1_025},
        {f"X-{number}": "1" for number in range(21)},
    ],
)
def test_headers_that_are_not_an_endpoints_to_set_are_named(headers: dict[str, str]) -> None:
    assert unfit(headers) is not None


def test_an_endpoint_may_set_headers_of_its_own() -> None:
    assert unfit({"Authorization": "Bearer x", "X-Api-Key": "a b;c"}) is None
