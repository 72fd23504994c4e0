"""The rules of an endpoint: unproven, open, paused, removed; secrets that overlap and end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.webhooks.commands import AddSecret, ChangeEndpoint, RegisterEndpoint, ResumeEndpoint, RetireSecret
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.events import (
    WebhookEndpointChanged,
    WebhookEndpointPaused,
    WebhookEndpointProven,
    WebhookEndpointRemoved,
    WebhookEndpointResumed,
    WebhookEndpointSkipped,
    WebhookPause,
    WebhookPlace,
    WebhookProof,
    WebhookSecretAdded,
    WebhookSecretRetired,
    WebhookSkip,
    WebhookStatus,
)
from shared.testing.scenario import given
from tests.webhooks.steps import BEGAN, URL, proven, register, registered

Step = Callable[[WebhookEndpoint], object]
LATER = BEGAN + timedelta(hours=1)
PLACE = WebhookPlace(1, 40)


def prove(url: str = URL, *, at: datetime = LATER) -> Step:
    return lambda endpoint: endpoint.prove(WebhookProof.PING, url, at=at)


def pause(by: WebhookPause = WebhookPause.PERSON, *, at: datetime = LATER) -> Step:
    return lambda endpoint: endpoint.pause(by, reason=None, at=at)


def resume(skip_to: WebhookPlace | None = None, *, at: datetime = LATER) -> Step:
    return lambda endpoint: endpoint.resume(skip_to=skip_to, reason=None, at=at)


def skip(endpoint: WebhookEndpoint) -> None:
    endpoint.skip(PLACE, reason=None, at=LATER)


def remove(endpoint: WebhookEndpoint) -> None:
    endpoint.remove(reason=None, at=LATER)


def change(**said: Any) -> Step:
    return lambda endpoint: endpoint.change(ChangeEndpoint.model_validate(said), at=LATER)


def add(*, at: datetime = LATER, **said: Any) -> Step:
    return lambda endpoint: endpoint.add_secret(AddSecret.model_validate(said), at=at)


def retire(number: int, seconds: int = 0, *, at: datetime = LATER) -> Step:
    return lambda endpoint: endpoint.retire_secret(RetireSecret(number=number, overlap_seconds=seconds), at=at)


# -- proven, paused, removed ------------------------------------------------------------------------------


def test_a_new_endpoint_is_unproven_until_its_own_address_is_proven() -> None:
    new = given(registered)
    assert new.stream.status is WebhookStatus.UNPROVEN
    given(registered).when(prove(f"{URL}/other")).then_refused("address_changed")
    given(registered).when(prove()).then(WebhookEndpointProven, url=URL).standing(status=WebhookStatus.OPEN)
    given(registered, prove()).when(prove()).then_nothing()


def test_nobody_pauses_or_resumes_what_never_ran() -> None:
    for step in (pause(), resume()):
        given(registered).when(step).then_refused("endpoint_unproven")
    given(registered).when(pause(WebhookPause.FAILING)).then_nothing()


def test_paused_and_resumed_where_it_stood_or_elsewhere() -> None:
    paused = given(proven).when(pause()).then(WebhookEndpointPaused, by=WebhookPause.PERSON)
    paused.standing(status=WebhookStatus.PAUSED, paused_by=WebhookPause.PERSON)
    given(proven, pause()).when(pause(WebhookPause.GONE)).then_nothing()
    given(proven, pause()).when(resume()).then(WebhookEndpointResumed).standing(paused_by=None, skip=None)
    both = given(proven, pause()).when(resume(PLACE)).then_facts(WebhookEndpointSkipped, WebhookEndpointResumed)
    both.standing(skip=WebhookSkip(4, 1, 40), status=WebhookStatus.OPEN)
    given(proven).when(resume()).then_nothing()
    given(proven).when(skip).then(WebhookEndpointSkipped, place=PLACE)


def test_what_the_system_paused_ends_with_another_address_what_a_person_paused_does_not() -> None:
    moved = change(url=f"{URL}/new"), prove(f"{URL}/new")
    for by, status in ((WebhookPause.GONE, WebhookStatus.OPEN), (WebhookPause.PERSON, WebhookStatus.PAUSED)):
        endpoint = given(proven, pause(by), *moved).stream
        assert endpoint.status is status


def test_a_removed_endpoint_stays_removed() -> None:
    given(proven).when(remove).then(WebhookEndpointRemoved)
    given(proven, remove).when(remove).then_nothing()
    for step in (prove(), pause(), resume(), skip, change(rate=1), add(), retire(1)):
        given(proven, remove).when(step).then_refused("endpoint_removed")
    given(proven, remove).when(pause(WebhookPause.GONE)).then_nothing()


def test_by_a_clock_that_is_behind_the_later_still_counts() -> None:
    """Of two servers one is minutes behind: what it is told later holds all the same."""
    early = LATER - timedelta(minutes=5)
    endpoint = given(proven, pause(at=LATER), resume(at=early)).stream
    assert endpoint.status is WebhookStatus.OPEN
    ended = given(proven, add(at=LATER), retire(1, at=early)).stream
    assert ended.secrets[1].expires_at == LATER


# -- settings ---------------------------------------------------------------------------------------------


def test_only_what_differs_is_changed() -> None:
    one = given(lambda: proven(types=["DealWon"], rate=5.0)).when(change(types=["DealWon"], rate=6, name="ERP"))
    one.then(WebhookEndpointChanged, attributes={"rate": 6.0})
    given(lambda: proven(types=["DealWon"])).when(change(types=["DealWon", "DealWon"])).then_nothing()
    given(lambda: proven(types=["DealWon"])).when(change(types=None)).then(
        WebhookEndpointChanged, attributes={"types": None}
    ).standing(types=None)


def test_headers_named_again_are_other_headers_and_their_values_are_in_no_fact() -> None:
    headers = {"X-Line": "77", "Authorization": "Bearer 1"}
    endpoint = given(lambda: proven(headers=headers)).when(change(headers=headers))
    endpoint.then(WebhookEndpointChanged, attributes={"headers": ("Authorization", "X-Line")})
    endpoint.standing(headers=("Authorization", "X-Line"), headers_version=3)
    given(lambda: proven(headers=headers)).when(change(headers={})).then_facts(WebhookEndpointChanged).standing(
        headers=(), headers_version=None
    )
    assert "Bearer" not in repr(registered(headers=headers).pending_events)


def test_fields_are_named_for_the_payload_selected_alone() -> None:
    with pytest.raises(ValidationError, match="selected"):
        register(payload="full", fields=["standing.level"])
    given(proven).when(change(fields=["standing.level"])).then_refused("fields_of_selected", "/fields")
    given(proven).when(change(payload="selected")).then_refused("fields_of_selected", "/fields")
    chosen = given(lambda: proven(payload="selected", fields=["changes"]))
    chosen.when(change(payload="thin")).then_refused("fields_of_selected")
    chosen.when(change(payload="thin", fields=[])).then_facts(WebhookEndpointChanged)


@pytest.mark.parametrize(
    "said",
    [
        {"url": "ftp://erp.example.com/"},
        {"url": "https://erp.example.com/a b"},
        {"rate": 0},
        {"rate": 1001},
        {"types": []},
        {"types": ["Deal Won"]},
        {"personal": ["birthday"]},
        {"headers": {"X-Line": "1\r\nHost: other"}},
        {"headers": {"X Line": "1"}},
        {"name": " "},
        {"start": "tomorrow"},
        {"start": -1},
        {"start": "2026-03-02T09:00:00"},
        {"secret": "v2"},
        {"secrets": []},
    ],
)
def test_a_registration_means_what_it_says(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        register(**said)


def test_a_place_is_a_word_a_position_or_an_instant() -> None:
    for written, meant in (
        ("now", "now"),
        (0, 0),
        ("2026-03-02T17:00:00+08:00", datetime(2026, 3, 2, 9, tzinfo=UTC)),
    ):
        assert RegisterEndpoint.model_validate({"name": "x", "url": URL, "start": written}).start == meant
        assert ResumeEndpoint.model_validate({"skip_to": written}).skip_to == meant


# -- secrets ----------------------------------------------------------------------------------------------


def test_a_new_secret_signs_beside_the_others_or_ends_them_after_a_while() -> None:
    given(proven).when(add()).then(WebhookSecretAdded, number=2)
    rotated = given(proven, add()).when(add(overlap_seconds=600))
    rotated.then_facts(WebhookSecretRetired, WebhookSecretRetired, WebhookSecretAdded)
    assert rotated.stream.good(LATER) == [1, 2, 3]
    assert rotated.stream.good(LATER + timedelta(seconds=600)) == [3]


def test_the_last_secret_stays_and_an_end_is_only_ever_brought_forward() -> None:
    given(proven).when(retire(1)).then_refused("last_secret")
    given(proven, add()).when(retire(3)).then_refused("unknown_secret", "/number")
    given(proven, add(), retire(1, 600)).when(retire(2)).then_refused("last_secret")
    given(proven, add(), retire(1, 600)).when(retire(1, 700)).then_nothing()
    sooner = given(proven, add(), retire(1, 600)).when(retire(1, 60))
    sooner.then(WebhookSecretRetired, number=1, expires_at=LATER + timedelta(seconds=60))


def test_ten_are_good_at_most() -> None:
    ten = given(proven, *(add() for _ in range(9)))
    ten.when(add()).then_refused("too_many_secrets")
    given(proven, *(add() for _ in range(9)), retire(1, 60)).when(add(at=LATER + timedelta(seconds=61))).then(
        WebhookSecretAdded, number=11
    )
    assert given(proven, *(add() for _ in range(9))).when(add(overlap_seconds=0)).refused is None
