"""The public reference files, read by the mappings written for them; skipped where the files do not lie beside."""

import csv
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.opportunities.imports.rows import mapped_rows
from services.opportunities.imports.target import MappedRow, OpportunityMapping
from shared.imports.lookups import read_lookups
from shared.imports.mapping import lookups_of, read_mapping
from shared.imports.tables import open_table

TODAY = date(2026, 6, 30)


def records(file: Path, mapping_file: Path) -> list[MappedRow]:
    """Every row of a file; a problem is an error of the test."""
    mapping = read_mapping(mapping_file.read_bytes(), OpportunityMapping)
    lookups = read_lookups(
        lookups_of(mapping), lambda name: (file.parent / name).open("rb"), trim=mapping.defaults.trim
    )
    with open_table(file, mapping.file) as found:
        rows = list(mapped_rows(found, mapping, lookups, today=TODAY))
    assert [row for row in rows if not isinstance(row, MappedRow)] == []
    return [row for row in rows if isinstance(row, MappedRow)]


@pytest.fixture(scope="module")
def maven(reference_data: Path, mappings: Path) -> list[MappedRow]:
    return records(reference_data / "maven_crm" / "sales_pipeline.csv", mappings / "maven_crm.yaml")


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("opportunities_utf8.csv", "utf-8"),
        ("opportunities_utf8_bom_crlf.csv", "utf-8"),
        ("opportunities_gb18030.csv", "gb18030"),
        ("opportunities_utf16le_tab.txt", "utf-16-le"),
        ("opportunities.json", "utf-8"),
    ],
)
def test_the_chinese_file_reads_the_same_in_every_encoding(
    reference_data: Path, mappings: Path, name: str, encoding: str
) -> None:
    folder = reference_data / "chinese_import"
    with open_table(folder / name) as found:
        assert found.encoding.name == encoding
    read = [
        {
            "商机编号": row.external_ref,
            "客户名称": row.account.by("name") if row.account else None,
            "销售阶段": row.stage_given,
            "赢率": int((row.probability or Decimal(0)) * 100),
            "金额_分": int((row.amount or Decimal(0)) * 100),
            "创建日期": str(row.captured_on),
            "预计成交日期": str(row.expected_on),
            "负责人": row.owner.person.by("name") if row.owner else None,
        }
        for row in records(folder / name, mappings / "chinese_import.yaml")
    ]
    assert read == json.loads((folder / "expected_normalised.json").read_text(encoding="utf-8"))


def test_reasons_and_channels_of_the_chinese_file_are_coded_and_kept(reference_data: Path, mappings: Path) -> None:
    rows = records(reference_data / "chinese_import" / "opportunities_utf8.csv", mappings / "chinese_import.yaml")
    assert Counter((row.life_cycle, row.reason_given, row.reason_code, row.defeat_kind) for row in rows) == {
        ("captured", None, None, None): 333,
        ("won", None, None, None): 95,
        ("lost", "价格", "other_brand.price", "confirmed"): 21,
        ("lost", "竞品", "other_brand.preference", "confirmed"): 12,
        ("lost", "预算取消", "project.budget", "presumed"): 20,
        ("lost", "无响应", "project.no_response", "presumed"): 19,
    }
    assert Counter(row.channel_given for row in rows)[None] == 77
    assert all((row.channel is None) == (row.channel_given is None) for row in rows)


@pytest.mark.parametrize("variant", ["kisaraF", "ThomasKieny"])
def test_the_variants_of_the_same_rows_give_the_same_records(
    reference_data: Path, mappings: Path, maven: list[MappedRow], variant: str
) -> None:
    file = reference_data / "maven_crm" / f"variant_{variant}" / "sales_pipeline.csv"
    assert records(file, mappings / f"maven_crm_{variant}.yaml") == maven


def test_the_maven_records_sum_to_the_reference(reference_data: Path, maven: list[MappedRow]) -> None:
    reference = json.loads((reference_data / "maven_crm" / "reference.json").read_text(encoding="utf-8"))
    assert Counter(row.stage_given for row in maven) == reference["stage_counts"]
    assert Counter(row.stage_given for row in maven if row.account is None) == reference["blank_account_by_stage"]

    def won_by(key: str) -> dict[str, tuple[int, Decimal]]:
        won = {name: (0, Decimal(0)) for name in reference[f"by_{key}"]}
        for row in maven:
            if row.life_cycle == "won":
                (line,) = row.lines
                assert row.account is not None
                assert row.owner is not None
                assert row.unit is not None
                assert line.unit_price is not None
                name = {
                    "account": row.account.by("name"),
                    "sector": row.account.attributes["sector"],
                    "agent": row.owner.person.by("name"),
                    "product": line.product.by("name"),
                    "series": line.product.attributes["series"],
                    "regional_office": row.unit.unit.by("name"),
                    "manager": row.owner.reports_to.person.by("name") if row.owner.reports_to else None,
                }[key]
                name = "GTXPro" if name == "GTX Pro" else str(name)  # the reference keeps the pipeline's spelling
                count, value = won[name]
                won[name] = (count + line.units, value + line.units * line.unit_price)
        return won

    for key in ("account", "sector", "agent", "product", "series", "regional_office", "manager"):
        expected = {name: (row["won"], Decimal(row["won_value"])) for name, row in reference[f"by_{key}"].items()}
        assert won_by(key) == expected, key


def test_the_maven_life_cycle_is_that_of_the_file(reference_data: Path, maven: list[MappedRow]) -> None:
    with (reference_data / "maven_crm" / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["opportunity_id"]: row for row in csv.DictReader(file)}
    for record in maven:
        row = rows[record.external_ref]
        assert str(record.captured_on or "") == row["engage_date"]
        assert str(record.closed_on or "") == row["close_date"]
        assert record.reason_code == ("unknown.not_stated" if row["deal_stage"] == "Lost" else None)
        assert record.currency == "USD"
        price = record.lines[0].unit_price
        assert (price is not None) == (row["deal_stage"] == "Won")
