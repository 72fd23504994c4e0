"""Which of published rules is in force on a day."""

from dataclasses import dataclass
from datetime import date

import pytest

from shared.records.of_day import of_day


@dataclass(frozen=True)
class Rules:
    """Rules in force from a day on."""

    effective_from: date
    said: str


SHIPPED = Rules(date(2000, 1, 1), "shipped")
KNOWN = (
    SHIPPED,
    Rules(date(2025, 6, 1), "June"),
    Rules(date(2025, 3, 1), "March, published after June"),
    Rules(date(2025, 6, 1), "June, said anew"),
)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(1999, 12, 31), "shipped"),
        (date(2025, 2, 28), "shipped"),
        (date(2025, 3, 1), "March, published after June"),
        (date(2025, 5, 31), "March, published after June"),
        (date(2025, 6, 1), "June, said anew"),
    ],
)
def test_the_rules_of_a_day_are_the_latest_in_force_and_of_one_day_the_latest_said(day: date, said: str) -> None:
    assert of_day(KNOWN, day).said == said
