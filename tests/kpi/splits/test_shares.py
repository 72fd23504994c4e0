"""Dividing a target by weight: the parts sum to it, whatever the weights. No I/O."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kpi.splits.events import SplitLine, SplitTotal
from services.kpi.splits.shares import Past, Receiver, divided, require_closing, shares_of, weighed
from shared.event_store.stream import Refused
from tests.authorisation.company import id_of

PEOPLE = [Receiver(person_id=id_of(name)) for name in ("a", "b", "c")]


@given(
    st.decimals(0, 100_000, places=2),
    st.lists(st.integers(0, 50), min_size=1, max_size=8),
    st.sampled_from(["1", "0.01"]),
)
@settings(max_examples=80)
def test_parts_sum_to_the_total_and_keep_the_proportion(total: Decimal, shares: list[int], smallest: str) -> None:
    step = Decimal(smallest)
    parts = divided(total, [Decimal(share) for share in shares], smallest=step)
    assert sum(parts) == total
    assert not [part for part in parts if "E" in str(part)], "the interface takes no exponents"
    whole = sum(shares)
    for part, share in zip(parts, shares, strict=True):
        exact = total * share / whole if whole else total / len(shares)
        assert abs(part - exact) < 2 * step
        assert part >= 0


def past(*said: tuple[int, int]) -> list[Past]:
    return [Past(Decimal(history), Decimal(pipeline)) for history, pipeline in said]


@pytest.mark.parametrize(
    ("said", "by_history", "shares"),
    [
        (past((3, 0), (1, 4)), "0.5", ["0.375", "0.625"]),
        (past((3, 1), (1, 1)), "1", ["0.75", "0.25"]),
        (past((0, 1), (0, 3)), "0.5", ["0.25", "0.75"]),  # nothing done: what is open decides
        (past((1, 0), (3, 0)), "0", ["0.25", "0.75"]),  # nothing open: what was done decides
        (past((0, 0), (0, 0)), "0.5", ["0.5", "0.5"]),
    ],
)
def test_history_and_pipeline_each_have_their_part(said: list[Past], by_history: str, shares: list[str]) -> None:
    assert shares_of(said, Decimal(by_history)) == [Decimal(share) for share in shares]


def test_a_proposal_closes_for_every_target_by_product_and_currency() -> None:
    totals = [
        SplitTotal("orders", Decimal(10), Decimal(13)), SplitTotal("orders", Decimal(4), product="A6L"),
        SplitTotal("amount", Decimal("1000.01"), currency="CNY"), SplitTotal("deliveries", Decimal("2.5")),
    ]  # fmt: skip
    known = {("orders", one): Past(Decimal(place), Decimal(1)) for place, one in enumerate(PEOPLE)}
    lines, weights = weighed(totals, PEOPLE, known, Decimal("0.3"))
    require_closing(totals, lines)
    assert len(lines) == len(totals) * len(PEOPLE)
    assert sum(weight.share for weight in weights if weight.measure == "orders") == pytest.approx(
        Decimal(1), abs=Decimal("0.00001")
    )
    assert {line.target for line in lines if line.measure == "orders" and line.product is None} <= set(
        map(Decimal, range(11))
    )


def test_what_does_not_close_says_by_how_much() -> None:
    totals = [SplitTotal("orders", Decimal(10), Decimal(12))]
    lines = [SplitLine("orders", Decimal(10), Decimal(11), person_id=id_of("a"))]
    with pytest.raises(Refused) as refused:
        require_closing(totals, lines)
    assert (refused.value.code, refused.value.params["total"], refused.value.params["given"]) == (
        "sums_do_not_close", "12", "11",
    )  # fmt: skip


def test_a_part_of_nothing_is_written_as_it_is_taken() -> None:
    shares = shares_of(past((0, 0), (25, 8), (0, 0), (31, 0)), Decimal("0.5"))
    assert [str(part) for part in divided(Decimal(6), shares, smallest=Decimal(1))] == ["0", "4", "0", "2"]
