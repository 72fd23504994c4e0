"""What a user may set or type is described."""

import re
import subprocess
import tomllib
from pathlib import Path

from shared.settings import Settings

ROOT = Path(__file__).parents[2]


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    settings = {
        field.alias or f"{Settings.model_config['env_prefix']}{name}".upper()
        for name, field in Settings.model_fields.items()
    }
    assert described == settings


def test_make_lists_every_verb() -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in listed.splitlines() if line.startswith("  ")} == verbs


def test_the_lock_files_name_no_machine() -> None:
    for lock in ROOT.glob("*.lock"):
        text = lock.read_text()
        assert not re.search(
            r"https?://|file://|--(index-url|extra-index-url|find-links|trusted-host)|(^|\s)/\w", text
        ), lock
        pinned = re.findall(r"^[A-Za-z0-9_.-]+(?:\[[^\]]*\])?==.*$", text, re.MULTILINE)
        assert pinned
        assert all(line.endswith("\\") for line in pinned), "every pin has a hash"


def test_decisions_are_numbered_once_without_a_gap_and_listed() -> None:
    folder = ROOT / "docs/decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name[:4] for name in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    assert re.findall(r"^\| \[\d+\]\((.+?)\)", (folder / "README.md").read_text(), re.MULTILINE) == records
    for name in records:
        assert (folder / name).read_text().startswith(f"# {name[:4]} "), name


def test_every_library_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in wanted}
    reasons = next((ROOT / "docs/decisions").glob("*-libraries.md")).read_text().lower()
    assert {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", reasons)} == set()
