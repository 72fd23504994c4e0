"""Cells of text read as days, amounts, numbers: strictly, one value or a refusal. Must not guess and reads no clock."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from shared.imports.problems import ValueRefused

Trim = Literal["none", "ends", "all"]

CACHED_VALUES: Final = 1 << 13
EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
YEARS: Final = range(1900, 2200)
LARGEST: Final = Decimal(10) ** 18

MINOR_UNITS: Final = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Decimal places of a currency where they are not 2 (ISO 4217)."""

SIGNS: Final[dict[str, tuple[str, ...]]] = {
    "¥": ("CNY", "JPY"), "元": ("CNY",), "人民币": ("CNY",), "RMB": ("CNY",), "CNY": ("CNY",),
    "$": ("USD", "HKD", "TWD", "SGD", "AUD", "CAD", "MXN"), "US$": ("USD",), "USD": ("USD",),
    "HK$": ("HKD",), "HKD": ("HKD",),
    "€": ("EUR",), "EUR": ("EUR",), "£": ("GBP",), "GBP": ("GBP",), "円": ("JPY",), "JPY": ("JPY",),
}  # fmt: skip
"""What may stand before or after an amount, and the currencies it may mean."""

MULTIPLES: Final = {
    "千": Decimal(1000),
    "万": Decimal(10_000),
    "百万": Decimal(1_000_000),
    "千万": Decimal(10_000_000),
    "亿": Decimal(100_000_000),
}

_DATES: Final = {
    "iso": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
    "yyyy-m-d": re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    "yyyy/m/d": re.compile(r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})"),
    "yyyy.m.d": re.compile(r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})"),
    "yyyy年m月d日": re.compile(r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]"),
    "yyyymmdd": re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    "m/d/yyyy": re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"),
    "d/m/yyyy": re.compile(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})"),
    "dd.mm.yyyy": re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
    "dd-mm-yyyy": re.compile(r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})"),
    "dd-mm-yy": re.compile(r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{2})"),
    "mm-dd-yy": re.compile(r"(?P<m>\d{1,2})-(?P<d>\d{1,2})-(?P<y>\d{2})"),
}
DATE_FORMATS: Final = (*_DATES, "excel")
"""Named formats; anything with a % is a strptime pattern. `excel` is the day number of a spreadsheet."""

YEAR_FIRST: Final = ("iso", "yyyy-m-d", "yyyy/m/d", "yyyy.m.d", "yyyy年m月d日", "yyyymmdd")
"""The formats read when none is stated: the year stands first, so none of them can be mistaken for another."""

_TIME: Final = re.compile(
    r"(?:T| +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" *(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_NUMBER: Final = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?|\.\d+")
_AMOUNT: Final = re.compile(
    r"(?P<before>[^\d.,()+-]*)(?:(?P<sign>[+-])(?P<middle>[^\d.,()+-]*))?(?P<number>[\d.,]+)(?P<after>[^\d.,]*)"
)
"""Written so that no text can be split in two ways: a cell of any length is read in one pass."""


def trimmed(text: str, trim: Trim) -> str:
    """The text without spaces at its ends: `none` taken, those of ASCII (`ends`), or full-width ones too (`all`)."""
    if trim == "ends":
        return text.strip(" \t\r\n\v\f")
    if trim == "all":
        return text.strip().strip("\ufeff\u200b\u200e\u200f").strip()
    return text


def plain(text: str) -> str:
    """Text for the parsers: full-width digits and signs made plain, no space around, one kind of minus."""
    if text.isascii():
        return text.strip()
    return trimmed(unicodedata.normalize("NFKC", text), "all").replace("\u2212", "-")


def day_parser(formats: tuple[str, ...], zone: ZoneInfo) -> Callable[[str], date]:
    """A parser of days; a cell with a time of day gives an aware `datetime` (local times are those of `zone`).

    Raises ValueRefused: `not_a_date`, `date_out_of_range`.
    """

    @lru_cache(maxsize=CACHED_VALUES)
    def parse(text: str) -> date:
        cell = plain(text)
        for wanted in formats:
            try:
                found = _day(cell, wanted, zone)
            except (ValueError, OverflowError):
                continue
            if found is not None:
                if found.year not in YEARS:
                    raise ValueRefused("date_out_of_range", text)
                return found
        raise ValueRefused("not_a_date", text)

    return parse


def _day(cell: str, wanted: str, zone: ZoneInfo) -> date | None:
    """The cell in one format; None or ValueError where it is not of that format."""
    if wanted == "excel":
        return EXCEL_DAY_ZERO + timedelta(days=int(cell)) if cell.isdecimal() else None
    if "%" in wanted:
        instant = datetime.strptime(cell, wanted)  # noqa: DTZ007 - the zone is put in below
        instant = instant if instant.tzinfo else instant.replace(tzinfo=zone)
        return instant if "%H" in wanted or "%I" in wanted else instant.date()
    if (match := _DATES[wanted].match(cell)) is None:
        return None
    year = int(match["y"])
    if len(match["y"]) == 2:
        year += 2000 if year < 69 else 1900  # as strptime's %y
    day = date(year, int(match["m"]), int(match["d"]))
    if match.end() == len(cell):
        return day
    if (clock := _TIME.fullmatch(cell, match.end())) is None:
        return None
    microsecond = int((clock["fraction"] or "").ljust(6, "0")[:6])
    at = time(int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0), microsecond)
    if not clock["zone"]:
        return datetime.combine(day, at, tzinfo=zone)
    offset = clock["zone"].replace("Z", "+00:00")
    return datetime.fromisoformat(f"{day.isoformat()}T{at.isoformat()}{offset}")


def decimal_of(text: str, decimal_mark: str = ".") -> Decimal:
    """A plain number, thousands separators in their places. Raises ValueRefused: `not_a_number`, `too_large`."""
    cell = _dotted(plain(text), decimal_mark)
    sign = cell[:1] if cell[:1] in ("+", "-") else ""
    return -_digits(cell[1:], text) if sign == "-" else _digits(cell[len(sign) :], text)


def _dotted(cell: str, decimal_mark: str) -> str:
    return cell if decimal_mark == "." else cell.replace(".", "\0").replace(",", ".").replace("\0", ",")


def _digits(digits: str, text: str, code: str = "not_a_number") -> Decimal:
    if not digits.isascii() or _NUMBER.fullmatch(digits) is None:
        raise ValueRefused(code, text)
    if len(digits) > 64 or (found := Decimal(digits.replace(",", ""))) > LARGEST:
        raise ValueRefused("too_large", text)
    return found


def integer_of(text: str) -> int:
    """A whole number; `3.0` is one too. Raises ValueRefused: `not_a_number`, `not_an_integer`, `too_large`."""
    found = decimal_of(text)
    if found != found.to_integral_value():
        raise ValueRefused("not_an_integer", text)
    return int(found)


def share_of(text: str, scale: Literal["percent", "fraction"] = "percent") -> Decimal:
    """A percentage as a share from 0 to 1; a % sign outweighs the scale. Raises ValueRefused: `not_a_percentage`."""
    cell = plain(text)
    signed = cell.endswith("%")
    try:
        found = decimal_of(cell.removesuffix("%"))
    except ValueRefused:
        raise ValueRefused("not_a_percentage", text) from None
    share = found.scaleb(-2) if signed or scale == "percent" else found
    if not 0 <= share <= 1:
        raise ValueRefused("not_a_percentage", text)
    return share


def amount_of(text: str, currency: str, *, multiple: Decimal = Decimal(1), decimal_mark: str = ".") -> Decimal:
    """An amount in a currency, half up to its minor unit: `1,234.50`, `¥1234.5`, `145.7243万`, `1.2亿元`, `(12.00)`.

    `multiple` holds for numbers that carry none of their own (a column "in 万元").
    Raises ValueRefused: `not_an_amount`, `currency_mismatch`, `too_large`.
    """
    cell = _dotted(plain(text), decimal_mark)
    negative = cell.startswith("(") and cell.endswith(")")
    if negative:
        cell = cell[1:-1].strip()
    if (match := _AMOUNT.fullmatch(cell)) is None:
        raise ValueRefused("not_an_amount", text)
    number = _digits(match["number"], text, "not_an_amount")
    after = match["after"].strip()
    own = next((word for word in sorted(MULTIPLES, key=len, reverse=True) if after.startswith(word)), "")
    for sign in (match["before"].strip(), (match["middle"] or "").strip(), after[len(own) :].strip()):
        if sign:
            meant = SIGNS.get(sign.upper())
            if meant is None:
                raise ValueRefused("not_an_amount", text)
            if currency not in meant:
                raise ValueRefused("currency_mismatch", text)
    amount = number * (MULTIPLES[own] if own else multiple)
    if amount > LARGEST:
        raise ValueRefused("too_large", text)
    places = MINOR_UNITS.get(currency, 2)
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return -rounded if negative or match["sign"] == "-" else rounded


def truth_of(text: str) -> bool:
    """Yes or no, in the words spreadsheets use. Raises ValueRefused: `not_a_truth`."""
    cell = plain(text).casefold()
    if cell in ("true", "yes", "y", "1", "是", "对", "√"):
        return True
    if cell in ("false", "no", "n", "0", "否", "错", "×"):
        return False
    raise ValueRefused("not_a_truth", text)


def currency_of(text: str) -> str:
    """A three-letter currency code, in capitals. Raises ValueRefused: `not_a_currency`."""
    cell = plain(text).upper()
    if len(cell) != 3 or not cell.isascii() or not cell.isalpha():
        raise ValueRefused("not_a_currency", text)
    return cell
