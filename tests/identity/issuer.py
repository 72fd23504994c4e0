"""An identity provider of a test: a real HTTP server on this machine that publishes keys, and signs what it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

AUDIENCE = "dakehu"
CONFIGURATION = "/.well-known/openid-configuration"


def rsa(kid: str, bits: int = 2_048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid})


def ec(kid: str, curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid})


def okp(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


class Issuer:
    """Publishes `keys` (the public parts) while `answers` says nothing else; `asked` are the paths that were asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: list[Key] = [rsa("first")]
        self.asked: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None
        self.said_issuer = url
        self.delay = 0.0

    @property
    def fetches(self) -> int:
        """How often the keys were asked for."""
        return self.asked.count("/keys")

    def answer(self, path: str) -> bytes:
        if path == CONFIGURATION:
            return json.dumps({"issuer": self.said_issuer, "jwks_uri": f"{self.url}/keys"}).encode()
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Claims of a good token; None leaves one out."""
        now = int(time.time())
        base = {"iss": self.url, "aud": AUDIENCE, "sub": "nobody", "iat": now, "exp": now + 300}
        return {name: value for name, value in {**base, **changed}.items() if value is not None}

    def token(self, *, key: Key | None = None, algorithm: str = "RS256", header: Any = None, **changed: Any) -> str:
        """A token signed by a key of this issuer, the last unless another is given."""
        key = key or self.keys[-1]
        head = {"alg": algorithm, "kid": key.kid, **(header or {})}
        registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, self.claims(**changed), key, algorithms=[algorithm], registry=registry)


def signed_by_hand(key: Any, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token with any header, its signature (RS256) good."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    signature = key.private_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return b".".join((signed, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """A token no library would make: HMAC under any bytes, or no signature."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    mac = b"" if secret is None else hmac.new(secret, signed, hashlib.sha256).digest()
    return b".".join((signed, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


def public_pem(key: RSAKey) -> bytes:
    return key.as_pem(private=False)


def secret_of(key: RSAKey) -> OctKey:
    """The public key, misused as a shared secret."""
    return OctKey.import_key(public_pem(key))


@contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer on a free port of its own, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            time.sleep(issuer.delay)
            body = issuer.answer(self.path)
            self.send_response(issuer.status)
            for name, value in issuer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
