"""Level policies, the reason catalogue, approvals, products: data a tenant publishes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from services.accounts.events import Layer
from services.opportunities.policies.approval_policy import ApprovalPolicies, PublishApprovalPolicy
from services.opportunities.policies.catalogues.words import LAYERS, PURPOSES, WAYS
from services.opportunities.policies.level_policy import (
    DEFAULT,
    OVERDUE,
    SHIPPED,
    LevelPolicies,
    PublishLevelPolicy,
    all_policies,
    computed_level,
    policy_on,
    tenant_policy,
)
from services.opportunities.policies.reason_catalogue import SHIPPED as REASONS
from services.opportunities.policies.reason_catalogue import PublishReasonCatalogue, ReasonCatalogues, in_force
from services.opportunities.products.product import AddProduct, ChangeProduct, Product, WithdrawProduct
from services.opportunities.visits.commands import Purpose, Way
from shared.event_store.stream import Refused

TENANT = UUID(int=9)
NOW = datetime(2025, 3, 1, tzinfo=UTC)
TODAY = date(2025, 3, 1)


@pytest.mark.parametrize(
    ("days", "level"),
    [(-1, OVERDUE), (0, "H"), (7, "H"), (8, "A"), (15, "A"), (16, "B"), (30, "B"), (31, "C"), (9_999, "C")],
)
def test_bounds_are_inclusive_day_seven_is_h(days: int, level: str) -> None:
    assert computed_level(DEFAULT, TODAY + timedelta(days=days), TODAY) == level


def test_without_an_expected_day_the_level_is_c() -> None:
    assert computed_level(DEFAULT, None, TODAY) == "C"


def test_three_policies_are_shipped_and_the_first_is_the_default() -> None:
    assert [policy.code for policy in SHIPPED] == ["h7-a15-b30", "h7-a30-b90", "h30-a90-b180"]
    assert tenant_policy(None, TODAY).code == "h7-a15-b30"
    for policy in SHIPPED:
        assert policy.codes == ("H", "A", "B", "C")
        assert all(0 <= policy.win_rate(code) <= 1 for code in (*policy.codes, None, "N", "O"))


def test_cadences_are_those_of_the_domain() -> None:
    assert [DEFAULT.follow_up_days(code) for code in ("N", "H", "A", "B", "C", "O")] == [1, 2, 4, 7, 15, 7]
    dealers = SHIPPED[1]
    assert [dealers.follow_up_days(code) for code in ("O", "H", "A", "B", "C")] == [7, 2, 7, 14, 30]


def policy(**said: Any) -> PublishLevelPolicy:
    levels = [
        {"code": "H", "window_days": 10, "follow_up_days": 2, "win_rate": "0.8"},
        {"code": "C", "follow_up_days": 20, "win_rate": "0.1"},
    ]
    return PublishLevelPolicy.model_validate(
        {"code": "ours", "zh": "自定", "en": "ours", "effective_from": "2025-04-01", "levels": levels, **said}
    )


def test_a_published_policy_holds_from_its_day_on() -> None:
    policies = LevelPolicies.published(None, policy(default=True), tenant_id=TENANT, at=NOW)
    assert tenant_policy(policies, date(2025, 3, 31)).code == "h7-a15-b30"
    assert tenant_policy(policies, date(2025, 4, 1)).code == "ours"
    assert policy_on(policies, date(2025, 3, 31), "ours") is None
    assert len(all_policies(policies)) == 4


def test_a_newer_version_replaces_the_older_from_its_day_on() -> None:
    policies = LevelPolicies.published(None, policy(), tenant_id=TENANT, at=NOW)
    later = policy(effective_from="2025-05-01", new_follow_up_days=3)
    policies = LevelPolicies.published(policies, later, tenant_id=TENANT, at=NOW)
    april, may = (policy_on(policies, date(2025, month, 15), "ours") for month in (4, 5))
    assert april is not None
    assert may is not None
    assert (april.new_follow_up_days, may.new_follow_up_days) == (1, 3)


def test_publishing_the_same_again_records_nothing() -> None:
    policies = LevelPolicies.published(None, policy(), tenant_id=TENANT, at=NOW)
    assert LevelPolicies.published(policies, policy(), tenant_id=TENANT, at=NOW).version == 1


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ([("H", 7), ("H", None)], "duplicate_code"),
        ([("N", 7), ("C", None)], "duplicate_code"),
        ([("H", 7), ("A", 7), ("C", None)], "windows_out_of_order"),
        ([("H", 7), ("A", 15)], "windows_out_of_order"),
        ([("H", None), ("C", None)], "windows_out_of_order"),
    ],
)
def test_a_policy_that_says_nothing_clear_is_refused(levels: list[tuple[str, int | None]], code: str) -> None:
    given = [{"code": c, "window_days": w, "follow_up_days": 1, "win_rate": 0} for c, w in levels]
    with pytest.raises(Refused) as refused:
        LevelPolicies.published(None, policy(levels=given), tenant_id=TENANT, at=NOW)
    assert refused.value.code == code


def test_every_reason_has_a_category_and_two_names() -> None:
    leaves = [leaf for category in REASONS.categories for leaf in category.reasons]
    assert len(leaves) == len({leaf.code for leaf in leaves}) == 34
    for category in REASONS.categories:
        for leaf in category.reasons:
            assert leaf.zh
            assert leaf.en
            assert REASONS.category_of(leaf.code, "") == category.code
    assert [category.code for category in REASONS.categories if not category.clear] == ["unknown"]
    assert [category.code for category in REASONS.categories if category.training_need] == ["own"]


def catalogue(code: str = "price.high", **said: Any) -> PublishReasonCatalogue:
    category = {"code": "price", "zh": "价格", "en": "price", "reasons": [{"code": code, "zh": "高", "en": "high"}]}
    return PublishReasonCatalogue.model_validate({"effective_from": "2025-04-01", "categories": [category], **said})


def test_a_published_catalogue_holds_from_its_day_on() -> None:
    published = ReasonCatalogues.published(None, catalogue(), tenant_id=TENANT, at=NOW)
    assert in_force(published, date(2025, 3, 31)) == REASONS
    assert in_force(published, date(2025, 4, 1)).category_of("price.high", "") == "price"
    assert ReasonCatalogues.published(published, catalogue(), tenant_id=TENANT, at=NOW).version == 1
    again = ReasonCatalogues.published(published, catalogue("price.low"), tenant_id=TENANT, at=NOW)
    assert again.version == 2
    assert in_force(again, date(2025, 4, 1)).leaf("price.low") is not None


def test_a_reason_stands_in_its_category_and_once() -> None:
    for wrong, code in ((catalogue("other.high"), "reason_outside_category"), (_twice(), "duplicate_code")):
        with pytest.raises(Refused) as refused:
            ReasonCatalogues.published(None, wrong, tenant_id=TENANT, at=NOW)
        assert refused.value.code == code


def _twice() -> PublishReasonCatalogue:
    once = catalogue().model_dump()["categories"]
    return catalogue(categories=[*once, *once])


def test_approvals_are_manual_until_published_otherwise() -> None:
    assert ApprovalPolicies.on(None, TODAY).approve_defeat == "manual"
    command = PublishApprovalPolicy(effective_from=TODAY, approve_defeat="automatic", duplicate_days=30)
    published = ApprovalPolicies.published(None, command, tenant_id=TENANT, at=NOW)
    assert ApprovalPolicies.on(published, TODAY).approve_defeat == "automatic"
    assert ApprovalPolicies.on(published, TODAY - timedelta(days=1)).duplicate_days == 90
    assert ApprovalPolicies.published(published, command, tenant_id=TENANT, at=NOW).version == 1


def test_a_product_is_changed_in_part_and_withdrawn_once() -> None:
    product = Product.add(AddProduct(code="A6L", name="A6L"), id=uuid4(), at=NOW)
    product.change(ChangeProduct(list_price=Decimal("1.50")), at=NOW)
    assert product.standing["name"] == "A6L"
    product.change(ChangeProduct(list_price=Decimal("1.5")), at=NOW)
    product.withdraw(WithdrawProduct(), at=NOW)
    product.withdraw(WithdrawProduct(), at=NOW)
    assert (product.version, product.standing["active"]) == (3, False)


def test_words_and_codes_agree() -> None:
    assert set(PURPOSES) == set(get_args(Purpose))
    assert set(WAYS) == set(get_args(Way))
    assert set(LAYERS) == {layer.value for layer in Layer}
