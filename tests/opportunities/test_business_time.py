"""From a day to the instant a fact counts from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.event_store.stream import Refused
from shared.records.business_time import business_time
from tests.opportunities.steps import CAPTURED, at, qualify

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 3, 10, 17, 30, tzinfo=UTC)
"""In Shanghai it is the 11th already."""


def test_today_is_now_and_the_zone_says_which_day_it_is() -> None:
    assert business_time(None, now=NOW, zone=SHANGHAI) == NOW
    assert business_time(date(2025, 3, 11), now=NOW, zone=SHANGHAI) == NOW


def test_a_day_gone_by_begins_at_its_midnight() -> None:
    assert business_time(date(2025, 3, 10), now=NOW, zone=SHANGHAI) == datetime(2025, 3, 9, 16, tzinfo=UTC)


def test_the_future_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        business_time(date(2025, 3, 12), now=NOW, zone=SHANGHAI)
    assert (refused.value.code, refused.value.status, refused.value.pointer) == ("in_the_future", 422, "/on")


def test_what_follows_on_the_same_day_comes_after() -> None:
    opportunity = CAPTURED()
    qualify(2)(opportunity)
    assert business_time(date(2025, 3, 2), now=NOW, zone=SHANGHAI, after=opportunity) == at(2)
    assert business_time(date(2025, 3, 3), now=NOW, zone=SHANGHAI, after=opportunity) == datetime(
        2025, 3, 2, 16, tzinfo=UTC
    )
