"""docs/kpi.md says every definition with its formula. No I/O but the page."""

from __future__ import annotations

from pathlib import Path

from services.kpi.engine.shipped import DEFINITIONS

PAGE = Path(__file__).parents[3] / "docs" / "kpi.md"


def test_every_definition_is_on_the_page_with_its_formula() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    for one in DEFINITIONS:
        version = f" (version {one.version})" if one.version > 1 else ""
        said = [line for line in lines if line.startswith(f"| `{one.id}`{version} | {one.zh} | {one.what_en} |")]
        assert len(said) == 1, f"{one.id}{version}: write its row anew"
        dates = ", ".join((one.date, *one.other_dates))
        assert f"| {dates} |" in said[0], one.id
