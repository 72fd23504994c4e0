"""What an answer means and when is tried again: pure, with chance and clock given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.webhooks import schedule
from shared.webhooks.rate import Rate
from shared.webhooks.room import LEAST, Room
from shared.webhooks.schedule import SCHEDULE_SECONDS, Verdict, asked_to_wait, delay, fails, hold, parks, verdict
from shared.webhooks.sending import Answer
from shared.webhooks.standing import Standing

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
DAY = 86_400.0


def answer(status: int | None = None, *, fault: str | None = None, retry_after: str | None = None) -> Answer:
    return Answer(status, 1.0, fault, retry_after=retry_after)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (None, 0), ("", 0), ("120", 120), (" 7 ", 7), ("1.5", 1.5), ("0", 0), ("-5", 0), ("1000000000", DAY),
        ("9" * 400, DAY), ("soon", 0), ("1e3", 0), ("١٢", 0), ("inf", 0), ("Thu, 05 Mar 2026 09:32:00 GMT", 120),
        ("Thu, 05 Mar 2026 17:32:00 +0800", 120), ("Thu, 05 Mar 2026 09:00:00 GMT", 0),
        ("Thu, 05 Mar 2036 09:00:00 GMT", DAY), ("Thu, 99 Mar 2026 09:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(given: str | None, seconds: float) -> None:
    assert asked_to_wait(answer(503, retry_after=given), NOW) == seconds


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (answer(200), Verdict.DELIVERED), (answer(299), Verdict.DELIVERED), (answer(301), Verdict.LATER),
        (answer(410), Verdict.GONE), (answer(500), Verdict.LATER), (answer(404), Verdict.NEVER),
        (answer(422), Verdict.NEVER), (answer(fault="own_dns"), Verdict.OURS),
        (answer(fault="own_proxy"), Verdict.OURS),
        (answer(fault="timeout"), Verdict.LATER), (answer(fault="tls"), Verdict.LATER),
        *((answer(status), Verdict.LATER) for status in (408, 409, 425, 429)),
    ],
)  # fmt: skip
def test_what_an_answer_means(given: Answer, means: Verdict) -> None:
    assert verdict(given) is means


def test_attempts_go_on_for_three_days_and_chance_only_adds() -> None:
    least = sum((delay(n, 0, lambda: 0.0) for n in range(1, 10)), timedelta())
    most = sum((delay(n, 0, lambda: 0.999) for n in range(1, 10)), timedelta())
    assert least == timedelta(hours=75, minutes=35, seconds=5)
    assert least < most <= least * 1.2
    assert not parks(Verdict.LATER, len(SCHEDULE_SECONDS), least)
    assert parks(Verdict.LATER, len(SCHEDULE_SECONDS) + 1, least)
    assert not parks(Verdict.LATER, 500, timedelta(days=2)), "probes cost an event none of its time"


def test_what_was_asked_for_is_a_floor() -> None:
    assert delay(1, 120, lambda: 0.0) == timedelta(seconds=120)
    assert delay(2, 120, lambda: 0.0) == timedelta(seconds=300)
    assert delay(1, 120, lambda: 0.5) == timedelta(seconds=132)
    assert hold(answer(429), 120, lambda: 0.0) == timedelta(seconds=120)
    assert hold(answer(500), 120, lambda: 0.0) is None


def test_the_pace_halves_when_the_receiver_is_overloaded_and_comes_back_slowly() -> None:
    pace = schedule.FIRST_PACE
    for status in (503, 429):
        pace = schedule.pace(pace, answer(status))
    assert pace == schedule.FIRST_PACE / 4
    assert schedule.pace(pace, answer(fault="timeout")) == pace / 2
    assert schedule.pace(pace, answer(422)) == pace
    steps = 0
    while pace < schedule.FIRST_PACE:
        pace, steps = schedule.pace(pace, answer(204)), steps + 1
    assert steps > 50
    assert schedule.pace(schedule.MOST_PACE, answer(204)) == schedule.MOST_PACE
    assert schedule.pace(schedule.LEAST_PACE, answer(503)) == schedule.LEAST_PACE


def test_some_failures_are_an_events_many_are_the_receivers() -> None:
    assert not fails(9, timedelta())
    assert fails(10, timedelta())
    assert not fails(2, timedelta(days=1))
    assert fails(3, timedelta(hours=1))


def test_it_is_told_once_that_a_receiver_fails_and_once_that_it_is_back() -> None:
    standing = Standing()

    def says(given: Answer, after: float) -> tuple[str, ...]:
        return tuple(standing.answered(verdict(given), given, NOW + timedelta(seconds=after), lambda: 0.0))

    told = [says(answer(500), n) for n in range(12)]
    assert told == [()] * 9 + [("failing",)] + [()] * 2
    assert standing.most == 1
    assert standing.waits(NOW + timedelta(seconds=30))
    assert says(answer(204), 60) == ("recovered",)
    assert (standing.failures, standing.failing_since, standing.alarmed_at) == (0, None, None)
    assert not standing.waits(NOW + timedelta(seconds=60))
    assert says(answer(204), 61) == ()


def test_who_fails_for_days_is_paused_once() -> None:
    standing = Standing()
    told: list[str] = []
    for hour in range(0, 150):
        if standing.paused_by is None:
            failed = answer(500)
            told += standing.answered(Verdict.LATER, failed, NOW + timedelta(hours=hour), lambda: 0.0)
    assert told == ["failing", "paused"]
    assert (standing.paused_by, standing.failing_since) == ("failing", NOW)


def test_gone_is_told_once_however_many_were_under_way() -> None:
    standing = Standing()
    told = [standing.answered(Verdict.GONE, answer(410), NOW, lambda: 0.0) for _ in range(3)]
    assert [list(each) for each in told] == [["paused"], [], []]


def test_a_success_ends_no_wait_the_receiver_asked_for() -> None:
    standing = Standing()
    busy = answer(429, retry_after="600")
    standing.answered(Verdict.LATER, busy, NOW, lambda: 0.0)
    standing.answered(Verdict.DELIVERED, answer(204), NOW, lambda: 0.0)
    assert standing.waits(NOW + timedelta(seconds=599))


def test_a_rate_lets_a_seconds_worth_go_at_once() -> None:
    rate, now, went = Rate(10.0, None, 20.0), 0.0, 0
    while now < 5.0:
        if wait := rate.wait(now):
            now += wait + 1e-9
        else:
            went += 1
    assert went in (59, 60)
    assert Rate(None, None).wait(0.0) == 0.0
    slow = Rate(0.01)
    assert slow.wait(0.0) == 0.0
    assert 99 < slow.wait(0.0) <= 100


def test_a_worker_s_room_is_shared_by_those_who_use_it() -> None:
    room, under_way = Room(64), [0] * 16
    assert room.share(under_way=0) == 64
    for _ in range(20):
        for flow, count in enumerate(under_way):
            if count < room.share(under_way=count):
                under_way[flow] += 1
                room.entered(under_way[flow])
    assert room.flows == 16
    assert sum(under_way) <= 2.5 * 64, "who came first gives back as it is answered"
    assert min(under_way) >= LEAST
    for flow, count in enumerate(under_way[1:], 1):
        room.left(count, 0)
        under_way[flow] = 0
    assert (room.flows, room.share(under_way=under_way[0])) == (1, 64)
