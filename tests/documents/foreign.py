"""Tools that are not ours, installed where a test wants them. Skips where Node is absent or no registry is reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NPM = ("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
PIP = (
    sys.executable,
    "-m",
    "pip",
    "--disable-pip-version-check",
    "install",
    "--quiet",
    "--no-deps",
    "--require-hashes",
)
SECONDS = 180
AWAY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "E403", "E404", "ETARGET", "network")
AWAY_OF_PYPI = ("No matching distribution", "Could not find a version", "NewConnectionError", "ConnectTimeout")
"""How npm and pip say that there is no registry, or not this package in it."""


def node_folder(folder: Path) -> Path:
    """A folder with the packages of js/ and its programs."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed here")
    made = folder / "js"
    shutil.copytree(HERE / "js", made, ignore=shutil.ignore_patterns("node_modules"))
    _installed(NPM, made, AWAY)
    return made


def generator_folder(folder: Path) -> Path:
    """A folder with `openapi-python-client`: to be put before the path of a Python that has what the tests have."""
    made = folder / "generator"
    _installed((*PIP, "--target", str(made), "--requirement", str(HERE / "generator.lock")), folder, AWAY_OF_PYPI)
    return made


def run(command: Sequence[str], folder: Path, **environment: str) -> str:
    """What a program says; fails with that unless it ends well."""
    given: Mapping[str, str] = {**os.environ, **environment}
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=SECONDS, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5_000:]
    return said


def _installed(command: Sequence[str], folder: Path, away: Sequence[str]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        if any(word in done.stderr for word in away):
            said = next(line for line in done.stderr.splitlines() if any(word in line for word in away))
            pytest.skip(f"no registry is reached: {said.strip()}")
        raise AssertionError(done.stderr)
