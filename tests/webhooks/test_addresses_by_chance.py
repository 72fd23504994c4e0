"""Addresses and URLs made by chance: judged no milder than by others, and read alike by two parsers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.webhooks.addresses import NEVER, Target, permitted, target_of
from shared.webhooks.sending import Network

V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
V6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**125 - 1).map(lambda low: 1 << 125 | low),  # 2000::/3
    st.integers(0, 2**32 - 1).map(lambda low: 0xFFFF << 32 | low),  # v4-mapped
    st.integers(0, 2**112 - 1).map(lambda low: 0x2002 << 112 | low),
    st.integers(0, 2**32 - 1).map(lambda low: 0x64FF9B << 96 | low),
).map(IPv6Address)
PIECES = st.one_of(
    st.sampled_from("@\\?#.。%[]-_&; \t\n\x00ßⅧー:/"),
    st.sampled_from(("//", "%2e", "::1", "127.0.0.1", "a", "b.c", "hooks.example.com", "localhost", ":443", "0x7f")),
)
URLS = st.lists(PIECES, max_size=12).map(lambda pieces: "https://" + "".join(pieces))


@settings(max_examples=150)
@given(st.one_of(V4, V6))
def test_what_the_standard_library_holds_for_private_is_not_permitted(address: IPv4Address | IPv6Address) -> None:
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    if not plain.is_global or plain.is_multicast:
        assert not permitted(address, 443)
    if isinstance(plain, IPv6Address) and plain not in ip_network("2000::/3"):
        assert not permitted(address, 443)
    assert not permitted(address, 443, secure=False)
    assert not permitted(address, 22)


@settings(max_examples=150)
@given(st.one_of(V4, V6), st.integers(0, 128))
def test_no_network_opens_what_is_never_opened(address: IPv4Address | IPv6Address, bits: int) -> None:
    network = Network(ip_network((int(address), 0 if bits < 1 else min(bits, address.max_prefixlen)), strict=False))
    if network.cidr.version != address.version:  # a small number is read as an IPv4 network
        return
    if any(address in block for block in NEVER):
        assert not permitted(address, 443, [network])


@settings(max_examples=300)
@given(URLS)
@example("https://hooks.example.com:443@127.0.0.1/")
@example("https://127.0.0.1\\@hooks.example.com/")
@example("https://hooks.example.com/@127.0.0.1")
@example("https://[::1]:443/")
@example("https://[]@")
def test_two_parsers_agree_where_a_url_leads(url: str) -> None:
    target = target_of(url)
    if not isinstance(target, Target):
        return
    sent = str(target.url)
    read = urlsplit(sent)
    assert (read.hostname, read.scheme) == (target.host, target.url.scheme)
    assert (read.username, read.password, read.fragment) == (None, None, "")
    assert (read.port or 443) == target.port
    assert sent.isascii()
    assert not set(sent) & set(" \t\r\n\\")
    assert target_of(sent) == target, "taken apart again it is the same"
