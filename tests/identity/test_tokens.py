"""Who gets in: only tokens we signed, for us, in time."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from shared.identity.tokens import (
    AUDIENCE,
    ISSUER,
    SAMPLE_TENANT,
    InvalidToken,
    TokenReader,
    development_key,
    mint_token,
    read_dev_token,
    read_token,
    write_dev_token,
)
from shared.keys import BadKey, decode_key, key_file

KEY = bytes(range(32))
NOW = 1_790_000_000.0


def claims(**changed: Any) -> dict[str, Any]:
    base = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(uuid4()),
        "tenant": str(uuid4()),
        "functions": ["director"],
        "exp": int(NOW) + 60,
    }
    return {name: value for name, value in {**base, **changed}.items() if value is not None}


def signed(header: dict[str, Any] | None = None, key: bytes = KEY, **changed: Any) -> str:
    return jwt.encode(header or {"alg": "HS256"}, claims(**changed), OctKey.import_key(key))


def test_a_minted_token_says_who() -> None:
    tenant, person, unit = uuid4(), uuid4(), uuid4()
    said = read_token(KEY, mint_token(KEY, tenant, person, ["director", "auditor"], unit, ["x:read"], now=NOW), now=NOW)
    assert (said.tenant_id, said.person_id, said.unit_id) == (tenant, person, unit)
    assert said.functions == {"director", "auditor"}
    assert said.scopes == {"x:read"}


@pytest.mark.parametrize(
    "token",
    [
        signed(key=bytes(32)),
        signed(iss="someone"),
        signed(iss=None),
        signed(aud="other"),
        signed(aud=None),
        signed(exp=int(NOW) - 60),
        signed(exp=None),
        signed(exp="soon"),
        signed(nbf=int(NOW) + 600),
        signed(sub="me"),
        signed(sub=None),
        signed(tenant="t"),
        signed(tenant=None),
        signed(tenant=7),
        signed(functions="director"),
        signed(functions=[1]),
        signed(unit="u"),
        "",
        "a.b.c",
        "a.b",
        "....",
        "\u00e9",
        signed() + "x",
        signed()[:-4],
    ],
)
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        read_token(KEY, token, now=NOW)


def test_other_algorithms_and_unknown_critical_headers_are_refused() -> None:
    unsigned = "eyJhbGciOiJub25lIn0." + signed().split(".")[1] + "."
    longer = jwt.encode({"alg": "HS512"}, claims(), OctKey.import_key(KEY * 2), algorithms=["HS512"])
    rsa = jwt.encode({"alg": "RS256"}, claims(), RSAKey.generate_key(2048))
    for token in (unsigned, longer, rsa):
        with pytest.raises(InvalidToken):
            read_token(KEY, token, now=NOW)
    import base64
    import hashlib
    import hmac

    header = base64.urlsafe_b64encode(b'{"alg":"HS256","crit":["x"],"x":1}').rstrip(b"=").decode()
    body = f"{header}.{signed().split('.')[1]}"
    mac = base64.urlsafe_b64encode(hmac.new(KEY, body.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        read_token(KEY, f"{body}.{mac}", now=NOW)


def test_a_remembered_token_still_ends() -> None:
    reader = TokenReader(KEY, remembered=1)
    token = signed()
    assert reader.read(token, NOW) is reader.read(token, NOW)
    with pytest.raises(InvalidToken):
        reader.read(token, NOW + 120)
    with pytest.raises(InvalidToken):
        reader.read(token, NOW + 120)
    reader.read(signed(), NOW)
    reader.read(signed(), NOW)


def test_the_development_token_lies_in_the_data_folder(tmp_path: Path) -> None:
    token = write_dev_token(tmp_path)
    assert read_dev_token(tmp_path) == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys" / "dev").stat().st_mode) == 0o600
    said = read_token(development_key(tmp_path), token, now=time.time())
    assert said.tenant_id == SAMPLE_TENANT
    assert "head_office" in said.functions


def test_keys_are_made_once_and_read_strictly(tmp_path: Path) -> None:
    key = key_file(tmp_path / "keys" / "a")
    assert key_file(tmp_path / "keys" / "a") == key
    assert list((tmp_path / "keys").iterdir()) == [tmp_path / "keys" / "a"]
    assert decode_key("ab" * 32, name="x") == bytes.fromhex("ab" * 32)
    assert decode_key("q" * 43 + "=", name="x")
    for bad in ("", "ab", "zz" * 32, "secret"):
        with pytest.raises(BadKey, match="the key x is not"):
            decode_key(bad, name="x")


def test_the_sample_tenant_is_everywhere_the_same() -> None:
    assert UUID("595157da-485c-56a4-96fb-9821bf51be8f") == SAMPLE_TENANT
