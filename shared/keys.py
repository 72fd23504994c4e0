"""Secret keys: from a setting, or, in development, from files of the data folder that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class BadKey(Exception):
    """A key setting is not 32 bytes in hex or base64, or a key file cannot be trusted."""


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def key_file(path: Path) -> bytes:
    """The key in this file; made when absent. Several processes may ask at once: all get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        write_private(beside, secrets.token_hex(KEY_BYTES).encode())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)  # unlike a rename, never replaces a key that another process has just made
        beside.unlink()
    return decode_key(path.read_text().strip(), name=path.name)


def decode_key(text: str, *, name: str) -> bytes:
    """32 bytes given in hex or base64. Raises BadKey, without saying what was given."""
    for decode in (bytes.fromhex, lambda given: base64.b64decode(given, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise BadKey(f"the key {name} is not 32 bytes in hex or base64")


def derive(key: bytes, purpose: str) -> bytes:
    """Another key for one purpose, so that no key serves two."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()
