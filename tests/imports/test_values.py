"""Days, amounts, numbers as people write them; what is doubtful is refused."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imports.problems import TEXTS, ValueRefused
from shared.imports.values import (
    YEAR_FIRST,
    amount_of,
    currency_of,
    day_parser,
    decimal_of,
    integer_of,
    share_of,
    trimmed,
    truth_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(ValueRefused) as refused:
        read()
    assert refused.value.code in TEXTS
    return refused.value.code


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-12",
        "2025/02/12",
        "2025/2/12",
        "2025年2月12日",
        "20250212",
        " ２０２５．２．１２ ",
        "2025年02月12号",
        "2025-2-12",
    ],
)
def test_a_day_with_the_year_first_needs_no_stated_format(text: str) -> None:
    assert day_parser(YEAR_FIRST, SHANGHAI)(text) == date(2025, 2, 12)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2/12/2025", "m/d/yyyy"),
        ("12-02-25", "dd-mm-yy"),
        ("12/2/2025", "d/m/yyyy"),
        ("45700", "excel"),
        ("12 Feb 2025", "%d %b %Y"),
    ],
)
def test_other_days_are_read_in_the_stated_format_only(text: str, wanted: str) -> None:
    assert day_parser((wanted,), SHANGHAI)(text) == date(2025, 2, 12)
    assert refusal(lambda: day_parser(YEAR_FIRST, SHANGHAI)(text)) == "not_a_date"


@pytest.mark.parametrize(
    "text", ["2025-02-30", "2025-13-01", "25-02-12", "2025-02-12x", "明天", "2025-02-12 25:00", "0", "-"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    assert refusal(lambda: day_parser(YEAR_FIRST, SHANGHAI)(text)) == "not_a_date"


def test_a_day_far_away_is_refused() -> None:
    assert refusal(lambda: day_parser(YEAR_FIRST, SHANGHAI)("0202-05-12")) == "date_out_of_range"


def test_a_time_of_day_is_of_the_zone_unless_it_says_otherwise() -> None:
    parse = day_parser((*YEAR_FIRST, "%d.%m.%Y %H:%M"), SHANGHAI)
    expected = datetime(2025, 2, 11, 17, 30, tzinfo=UTC)
    for text in (
        "2025-02-12 01:30",
        "2025/2/12 1:30:00",
        "2025-02-11T17:30:00.000Z",
        "2025-02-12T01:30+08:00",
        "12.02.2025 01:30",
    ):
        assert parse(text) == expected


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_back_from_every_way_of_writing_it(day: date) -> None:
    written = {
        "yyyy-m-d": f"{day.year}-{day.month}-{day.day}",
        "yyyy/m/d": f"{day.year}/{day.month:02}/{day.day:02}",
        "yyyy年m月d日": f"{day.year}年{day.month}月{day.day}日",
        "yyyymmdd": f"{day.year}{day.month:02}{day.day:02}",
        "m/d/yyyy": f"{day.month}/{day.day}/{day.year}",
        "excel": str((day - date(1899, 12, 30)).days),
    }
    for wanted, text in written.items():
        assert day_parser((wanted,), SHANGHAI)(text) == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("167328.32", "167328.32"), ("161,466.58", "161466.58"),
        ("¥15,461.86", "15461.86"), ("￥１５，４６１.86", "15461.86"),
        ("145.7243万", "1457243.00"), ("1.2亿元", "120000000.00"),
        ("3千", "3000.00"), ("人民币 12.5 元", "12.50"), ("CNY 7", "7.00"),
        ("0.005", "0.01"), ("0.0049", "0.00"), ("1.00005万", "10000.50"),
        ("0", "0.00"), ("-¥3", "-3.00"), ("¥-3", "-3.00"),
        ("(12.00)", "-12.00"), (".5", "0.50"), ("+8", "8.00"), ("2百万", "2000000.00"),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(text: str, expected: str) -> None:
    assert str(amount_of(text, "CNY")) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1,5461.86", "not_an_amount"), ("1.2.3", "not_an_amount"),
        ("1.5E+05", "not_an_amount"), ("面议", "not_an_amount"),
        ("12 台", "not_an_amount"), ("--5", "not_an_amount"), ("5-", "not_an_amount"), ("$5", "currency_mismatch"),
        ("5 EUR", "currency_mismatch"), ("9" * 30, "too_large"),
        ("99999999999亿", "too_large"), ("NaN", "not_an_amount"),
        ("1万2000", "not_an_amount"), ("", "not_an_amount"), ("¥", "not_an_amount"), ("1 000", "not_an_amount"),
    ],
)  # fmt: skip
def test_a_doubtful_amount_is_refused(text: str, code: str) -> None:
    assert refusal(lambda: amount_of(text, "CNY")) == code


def test_an_amount_is_rounded_to_the_minor_unit_of_its_currency() -> None:
    assert str(amount_of("¥2.5", "JPY")) == "3"
    assert str(amount_of("2.0005", "KWD")) == "2.001"
    assert str(amount_of("US$2.345", "USD")) == "2.35"


def test_a_column_can_be_in_ten_thousands_and_a_comma_can_be_the_decimal_mark() -> None:
    assert amount_of("12.5", "CNY", multiple=Decimal(10_000)) == 125_000
    assert amount_of("12.5元", "CNY", multiple=Decimal(10_000)) == 125_000
    assert amount_of("12.5万", "CNY", multiple=Decimal(10_000)) == 125_000
    assert amount_of("1.234,56 €", "EUR", decimal_mark=",") == Decimal("1234.56")


@given(st.decimals(0, 10**11, places=4), st.sampled_from(["{}", "¥{}", "{}元", "{:,}", "¥ {:,}"]))
def test_every_amount_is_read_back_half_up(amount: Decimal, form: str) -> None:
    assert amount_of(form.format(amount), "CNY") == amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert amount_of(f"{amount}万", "CNY") == amount * 10_000


@given(st.text(max_size=20))
def test_no_text_breaks_a_parser(text: str) -> None:
    day = day_parser((*YEAR_FIRST, "excel", "m/d/yyyy", "dd-mm-yy", "%Y %B"), SHANGHAI)
    parsers: list[Callable[[str], object]] = [
        day, decimal_of, integer_of, share_of, truth_of, currency_of, lambda cell: amount_of(cell, "CNY")
    ]  # fmt: skip
    for parse in parsers:
        with suppress(ValueRefused):
            parse(text)


def test_a_percentage_becomes_a_share() -> None:
    assert (
        share_of("75")
        == share_of("75%")
        == share_of("７５％")
        == share_of("0.75", "fraction")
        == share_of("75%", "fraction")
    )
    assert share_of("0") == 0
    assert share_of("100") == 1
    for text in ("101", "-1", "high", "%"):
        assert refusal(lambda text=text: share_of(text)) == "not_a_percentage"  # type: ignore[misc]


def test_whole_numbers_and_truths() -> None:
    assert integer_of("1,200") == integer_of("1200.0") == 1200
    assert refusal(lambda: integer_of("1.5")) == "not_an_integer"
    assert truth_of("是") is truth_of("Yes") is True
    assert truth_of("否") is False
    assert currency_of(" cny ") == "CNY"
    assert refusal(lambda: currency_of("¥")) == "not_a_currency"


def test_trimming_takes_full_width_spaces_only_when_told() -> None:
    assert trimmed(" \u3000名\u3000 ", "none") == " \u3000名\u3000 "
    assert trimmed(" \u3000名\u3000 ", "ends") == "\u3000名\u3000"
    assert trimmed(" \u3000名\u3000 ", "all") == "名"


@pytest.mark.parametrize(
    "text", ["," * 5_000 + ".x.", " " * 5_000 + ".x.", "元" * 5_000 + ".", "-" + " " * 5_000 + "(."]
)
def test_no_cell_takes_long_to_refuse(text: str) -> None:
    started = perf_counter()
    assert refusal(lambda: amount_of(text, "CNY")) == "not_an_amount"
    assert perf_counter() - started < 1
