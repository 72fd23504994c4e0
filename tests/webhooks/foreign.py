"""Verifiers that are not ours: Standard Webhooks in Python and JavaScript, Ed25519 by its key alone. For tests only."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import standardwebhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

JS = Path(__file__).parent / "js"
INSTALL = ("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
INSTALL_SECONDS, RUN_SECONDS = 90, 30
MISSING = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "E403", "E404", "ETARGET", "network")
"""How npm says that there is no registry, or not this package in it."""


class Case(NamedTuple):
    """What a receiver has: its secret, and what arrived."""

    secret: str
    headers: Mapping[str, str]
    body: bytes


def python_verifies(case: Case) -> bool:
    """By the `standardwebhooks` of PyPI."""
    try:
        standardwebhooks.Webhook(case.secret).verify(case.body, dict(case.headers), json_parse=False)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def javascript_verifies(cases: Sequence[Case], folder: Path) -> list[bool]:
    """By the `standardwebhooks` of npm, installed into this folder. Skips where there is no Node, or no registry."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed here")
    for name in ("package.json", "package-lock.json", "verify.mjs"):
        shutil.copy(JS / name, folder)
    installed = subprocess.run(
        INSTALL, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if installed.returncode != 0:
        if any(word in installed.stderr for word in MISSING):
            pytest.skip(f"npm reaches no registry: {installed.stderr.strip().splitlines()[-1]}")
        raise AssertionError(installed.stderr)
    lines = "".join(
        json.dumps({"secret": case.secret, "headers": dict(case.headers), "body": case.body.decode()}) + "\n"
        for case in cases
    )
    done = subprocess.run(
        ("node", "verify.mjs"), cwd=folder, input=lines, capture_output=True, text=True, timeout=RUN_SECONDS, check=True
    )
    said = done.stdout.split()
    assert len(said) == len(cases), done.stdout
    assert set(said) <= {"verified", "WebhookVerificationError"}, said
    return [word == "verified" for word in said]


def public_key_verifies(public: str, headers: Mapping[str, str], body: bytes) -> bool:
    """By the key alone, as anybody would write it from the standard: `whpk_…`, and a v1a signature that fits."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    for one in headers["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        if version == "v1a":
            try:
                key.verify(base64.b64decode(signature), signed)
            except InvalidSignature:
                continue
            return True
    return False
