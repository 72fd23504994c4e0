"""A public CRM export of 8 800 deals, imported: every figure and every past month end is that of the file."""

from __future__ import annotations

import csv
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.importing import MAPPINGS, Desk

BESIDE = ("accounts.csv", "products.csv", "sales_teams.csv")
Deal = dict[str, str]

pytestmark = pytest.mark.slow


def folder_of(reference_data: Path, variant: str | None) -> Path:
    folder = reference_data / "maven_crm"
    return folder if variant is None else folder / f"variant_{variant}"


async def import_variant(desk: Desk, reference_data: Path, variant: str | None) -> dict[str, Any]:
    folder = folder_of(reference_data, variant)
    mapping = MAPPINGS / ("maven_crm.yaml" if variant is None else f"maven_crm_{variant}.yaml")
    beside = {name: folder / name for name in BESIDE}
    return await desk.imported(folder / "sales_pipeline.csv", mapping, beside=beside)


@pytest.mark.parametrize("variant", [None, "kisaraF", "ThomasKieny"])
async def test_every_figure_is_that_of_the_reference_now_and_at_every_past_month_end(
    at_desk: Desk, reference_data: Path, variant: str | None
) -> None:
    done = await import_variant(at_desk, reference_data, variant)
    assert (done["created"], done["problems"], done["views"]) == (8_800, 0, "current")
    assert done["opened"] == {"unit": 3, "person": 36, "account": 85, "product": 7}
    reference = json.loads((reference_data / "maven_crm" / "reference.json").read_text(encoding="utf-8"))
    for group_by, table in (
        ("owner", "by_agent"),
        ("product", "by_product"),
        ("account", "by_account"),
        ("sector", "by_sector"),
        ("org_unit", "by_regional_office"),
        ("office", "by_regional_office"),
    ):
        rows = await at_desk.rows("/v1/outcomes", group_by=group_by)
        expected = {name.replace("GTXPro", "GTX Pro"): figures for name, figures in reference[table].items()}
        found = {"(blank)" if row["key"] is None else row["label"]: row for row in rows}
        assert found.keys() == expected.keys(), group_by
        for name, figures in expected.items():
            assert_figures(found[name], figures, f"{group_by} {name}")
        total = reference["overall"]
        assert sum(Decimal(row["amount_won"]) for row in rows) == total["total_won_value"]
        won, lost = sum(row["won"] for row in rows), sum(row["lost"] for row in rows)
        assert won / (won + lost) == pytest.approx(total["win_rate_won_over_closed"], abs=1e-6)
    months = {row["key"]: row for row in await at_desk.rows("/v1/outcomes", group_by="month")}
    for month, figures in reference["by_close_month"].items():
        row = months[month]
        assert (row["won"], row["lost"], Decimal(row["amount_won"])) == (
            figures["won"], figures["lost"], figures["won_value"],
        )  # fmt: skip
        assert row["win_rate"] == pytest.approx(figures["win_rate"], abs=1e-6)
    for month, counts in reference["by_engage_month"].items():
        assert months[month]["captured"] == sum(counts.values())
    if variant is None:
        await assert_every_past_month_end(at_desk, reference_data)


def assert_figures(row: dict[str, Any], figures: dict[str, Any], where: str) -> None:
    """A row of the report against a row of the reference."""
    assert (row["won"], row["lost"], row["open"]) == (figures["won"], figures["lost"], figures["open"]), where
    assert row["captured"] == figures["won"] + figures["lost"] + figures["open"], where
    assert row["win_rate"] == (figures["win_rate"] and pytest.approx(figures["win_rate"], abs=1e-6)), where
    assert Decimal(row["amount_won"]) == figures["won_value"], where
    mean, median = figures["avg_days_to_win_2dp"], figures["median_days_to_win"]
    assert row["cycle_days_mean"] == (mean and pytest.approx(mean, abs=0.0051)), where
    assert row["cycle_days_median"] == median, where


async def assert_every_past_month_end(at_desk: Desk, reference_data: Path) -> None:
    """Board, outcomes and defeats as of each month's end are those of the file's rows up to then."""
    with (folder_of(reference_data, None) / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        deals = list(csv.DictReader(file))
    for day in month_ends(date(2016, 10, 31), date(2017, 12, 31)):
        known = [deal for deal in deals if deal["engage_date"] and deal["engage_date"] <= str(day)]
        decided = [deal for deal in known if deal["close_date"] and deal["close_date"] <= str(day)]
        won = [deal for deal in decided if deal["deal_stage"] == "Won"]
        lost = [deal for deal in decided if deal["deal_stage"] == "Lost"]
        stock = [deal for deal in known if deal not in decided] if len(known) < 50 else _without(known, decided)

        board = await at_desk.read("/v1/pipeline", as_of=day)
        levels = {row["level"]: row["count"] for row in board["rows"]}
        assert levels.get("N", 0) == len(stock), day
        assert levels.get("O", 0) == len(won), day
        assert sum(levels.values()) == len(stock) + len(won)
        ordered = sum(Decimal(row["amount"]) for row in board["rows"] if row["level"] == "O")
        assert ordered == value(won), day

        for group_by, key in GROUPS.items():
            rows = await at_desk.rows("/v1/outcomes", group_by=group_by, as_of=day)
            found = {
                row["label"] if row["key"] is not None else "": (
                    row["captured"], row["open"], row["won"], row["lost"], Decimal(row["amount_won"]),
                    row["cycle_days_median"],
                )
                for row in rows
            }  # fmt: skip
            assert found == recomputed(key, known, stock, won, lost), (day, group_by)

        defeats = await at_desk.rows("/v1/defeats", as_of=day)
        assert sorted((row["captured_on"], row["lost_on"], row["account"] or "") for row in defeats) == sorted(
            (deal["engage_date"], deal["close_date"], deal["account"]) for deal in lost
        ), day


GROUPS: dict[str, Callable[[Deal], str]] = {
    "owner": lambda deal: deal["sales_agent"],
    "product": lambda deal: deal["product"].replace("GTXPro", "GTX Pro"),
    "account": lambda deal: deal["account"],
}


def _without(known: list[Deal], decided: list[Deal]) -> list[Deal]:
    gone = {deal["opportunity_id"] for deal in decided}
    return [deal for deal in known if deal["opportunity_id"] not in gone]


def recomputed(
    key: Callable[[Deal], str], known: list[Deal], stock: list[Deal], won: list[Deal], lost: list[Deal]
) -> dict[str, tuple[Any, ...]]:
    """The report in plain Python."""
    groups: dict[str, list[list[Deal]]] = defaultdict(lambda: [[], [], [], []])
    for place, part in enumerate((known, stock, won, lost)):
        for deal in part:
            groups[key(deal)][place].append(deal)
    return {
        name: (len(parts[0]), len(parts[1]), len(parts[2]), len(parts[3]), value(parts[2]), median_days(parts[2]))
        for name, parts in groups.items()
    }


def value(deals: list[Deal]) -> Decimal:
    return sum((Decimal(deal["close_value"]) for deal in deals), Decimal())


def median_days(won: list[Deal]) -> float | None:
    days = [(date.fromisoformat(d["close_date"]) - date.fromisoformat(d["engage_date"])).days for d in won]
    return statistics.median(days) if days else None


def month_ends(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day = (day + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        if day < last and day.day < 28:
            raise AssertionError("not the end of a month")


async def test_the_same_file_again_changes_nothing_and_a_changed_row_its_difference(
    at_desk: Desk, reference_data: Path, tmp_path: Path
) -> None:
    await import_variant(at_desk, reference_data, None)
    before = await at_desk.office.head()
    again = await import_variant(at_desk, reference_data, None)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 8_800)
    assert set(again["opened"].values()) == {0}
    assert (await at_desk.office.head()).position == before.position
