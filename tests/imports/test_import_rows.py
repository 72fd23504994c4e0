"""What becomes of a row of opportunities: its record, or every reason why it is not taken."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.opportunities.imports.rows import mapped_rows
from services.opportunities.imports.target import Mapped, MappedRow, OpportunityMapping
from shared.imports.lookups import Lookups
from shared.imports.problems import TEXTS, MappingRefused, RowProblem
from shared.imports.reading import Reference, Way
from tests.imports.conftest import mapping, table

TODAY = date(2025, 6, 30)
MAPPING = mapping("""
external: {system: crm, column: id}
owner: {find: {external: owner_id, name: owner}, create: true, required: true}
account: account
lines:
  - product: {find: {code: product}}
    units: units
    unit_price: price
currency: {column: currency, when_blank: CNY}
captured_on: created
expected_on: due
probability: {column: chance, scale: fraction}
level: {column: level, values: {热: H, 温: A, "": C}}
stage:
  column: stage
  values:
    新: {reaches: captured}
    谈: {reaches: judged, stage: 商务谈判, judged_on: judged}
    赢: {reaches: won, closed_on: closed}
    交: {reaches: delivered, closed_on: closed, delivered_on: delivered}
    输: {reaches: lost, closed_on: closed}
    冻: {reaches: frozen, closed_on: closed, reason: no_budget}
recall_on: recall
reason: {column: why, values: {价格: other_brand.price}}
""")
COLUMNS = (
    "id", "owner_id", "owner", "account", "product", "units", "price", "currency", "created", "due", "chance", "level",
    "stage", "judged", "closed", "delivered", "recall", "why",
)  # fmt: skip
NEW = {"id": "1", "owner": "聂涛", "created": "2025-01-02", "stage": "新"}


def read(row: Mapping[str, str], by: OpportunityMapping = MAPPING) -> Mapped:
    text = ",".join(COLUMNS) + "\n" + ",".join(f'"{row.get(column, "")}"' for column in COLUMNS) + "\n"
    (found,) = mapped_rows(table(text), by, Lookups({}), today=TODAY)
    return found


def taken(**row: str) -> MappedRow:
    found = read(NEW | row)
    assert isinstance(found, MappedRow), found
    return found


def refused(**row: str) -> list[tuple[str, str]]:
    found = read(NEW | row)
    assert not isinstance(found, MappedRow)
    assert all(problem.line == 2 and problem.code in TEXTS for problem in found)
    return [(problem.column, problem.code) for problem in found]


def test_a_prospect_is_taken_with_all_that_is_known_of_it() -> None:
    found = taken(account="㐂善堂", owner_id="7", product="GTX", units="2", price="1.5万", due="2025/3/1", chance="0.5")
    assert found.owner is not None
    assert found.owner.person == Reference((Way("external", "7"), Way("name", "聂涛")), create=True)
    assert found.account == Reference((Way("name", "㐂善堂"),))
    assert [(line.product.by("code"), line.units, line.unit_price) for line in found.lines] == [
        ("GTX", 2, Decimal(15_000))
    ]
    assert (found.currency, found.captured_on, found.expected_on) == ("CNY", date(2025, 1, 2), date(2025, 3, 1))
    assert (found.life_cycle, found.probability, found.probability_given) == ("captured", Decimal("0.5"), "0.5")
    assert (found.line, found.external_system, found.external_ref) == (2, "crm", "1")


def test_a_row_without_any_date_is_left_to_the_instant_of_the_import() -> None:
    assert taken(created="").captured_on is None


def test_a_row_may_lack_its_account_and_its_product() -> None:
    assert (taken().account, taken().lines) == (None, ())


def test_a_time_of_day_is_kept_beside_its_day() -> None:
    found = taken(created="2025-01-02T23:30:00Z")
    assert found.captured_on == date(2025, 1, 3)
    assert found.captured_at == datetime(2025, 1, 2, 23, 30, tzinfo=UTC)


def test_a_stage_leads_to_the_life_cycle_it_stands_for() -> None:
    judged = taken(stage="谈", level="热", judged="2025-02-01")
    assert (judged.life_cycle, judged.level, judged.judged_on) == ("judged", "H", date(2025, 2, 1))
    assert (judged.stage, judged.stage_given) == ("商务谈判", "谈")
    won = taken(stage="赢", closed="2025-03-01")
    assert (won.life_cycle, won.closed_on, won.stage) == ("won", date(2025, 3, 1), "赢")
    lost = taken(stage="输", closed="2025-03-01", why="价格")
    assert (lost.reason_code, lost.reason_given, lost.defeat_kind) == ("other_brand.price", "价格", "confirmed")
    frozen = taken(stage="冻", closed="2025-03-01", recall="2026-01-01", why="没钱")
    assert (frozen.reason_code, frozen.reason_given, frozen.recall_on) == ("no_budget", "没钱", date(2026, 1, 1))
    delivered = taken(stage="交", closed="2025-03-01", delivered="2025-04-01")
    assert delivered.delivered_on == date(2025, 4, 1)


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        ({"id": ""}, [("id", "blank")]),
        ({"owner": ""}, [("owner_id / owner", "blank")]),
        ({"stage": "成"}, [("stage", "unmapped")]),
        ({"stage": ""}, [("stage", "blank")]),
        ({"level": "冷"}, [("level", "unmapped")]),
        ({"stage": "谈"}, [("level", "blank")]),
        ({"stage": "赢"}, [("closed", "blank")]),
        ({"stage": "赢", "created": "", "closed": "2025-03-01"}, [("captured_on", "blank")]),
        ({"stage": "赢", "closed": "2024-12-31"}, [("", "closed_before_captured")]),
        ({"stage": "赢", "closed": "2025-07-01"}, [("", "in_the_future")]),
        ({"created": "2025-07-01"}, [("", "in_the_future")]),
        ({"stage": "交", "closed": "2025-03-01"}, [("delivered", "blank")]),
        ({"stage": "输", "closed": "2025-03-01"}, [("why", "blank")]),
        ({"stage": "输", "closed": "2025-03-01", "why": "天气"}, [("why", "unmapped")]),
        ({"product": "GTX", "units": ""}, [("units", "blank")]),
        ({"product": "GTX", "units": "0"}, [("units", "zero")]),
        ({"product": "GTX", "units": "-1"}, [("units", "negative")]),
        ({"product": "GTX", "units": "1", "price": "-3"}, [("price", "negative")]),
        ({"product": "GTX", "units": "1", "price": "3", "currency": "¥"}, [("currency", "not_a_currency")]),
        ({"product": "GTX", "units": "1", "price": "$3"}, [("price", "currency_mismatch")]),
        ({"chance": "75"}, [("chance", "not_a_percentage")]),
    ],
)
def test_a_row_that_cannot_be_meant_is_a_problem(row: dict[str, str], problems: list[tuple[str, str]]) -> None:
    assert refused(**row) == problems


def test_all_problems_of_a_row_are_told_at_once() -> None:
    assert refused(id="", created="x", due="y") == [("id", "blank"), ("created", "not_a_date"), ("due", "not_a_date")]


def test_a_day_expected_in_the_future_is_no_problem() -> None:
    assert taken(due="2030-01-01").expected_on == date(2030, 1, 1)


def test_a_row_that_cannot_be_read_is_a_problem_among_the_others() -> None:
    header = ",".join(COLUMNS)
    (found,) = mapped_rows(table(f"{header}\n1,2\n"), MAPPING, Lookups({}), today=TODAY)
    assert found == (RowProblem(line=2, column="", code="ragged", value=f"2 / {len(COLUMNS)}"),)


def test_a_file_without_the_columns_is_refused_before_its_first_row() -> None:
    with pytest.raises(MappingRefused, match=r"external\.column"):
        next(mapped_rows(table("a,b\n1,2\n"), MAPPING, Lookups({}), today=TODAY))


def test_every_problem_has_a_text_in_both_languages() -> None:
    assert all(english and chinese and english != chinese for english, chinese in TEXTS.values())
    problem = RowProblem(line=3, column="a", code="unmapped", value="x")
    assert problem.message == problem.text("en") != problem.text("zh-CN")
