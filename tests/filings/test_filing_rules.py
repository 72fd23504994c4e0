"""The rules of a filing, its units and claims: what is possible when, late and corrected too. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.opportunities.events import Delivery, FilingStatus, Line, ReportState, SupportClaimed
from services.opportunities.filings.commands import (
    AcceptFiling,
    AcceptReports,
    AcceptSupport,
    ChangeFiling,
    ClaimSupport,
    DraftFiling,
    LapseFiling,
    PaySupport,
    RefuseFiling,
    RefuseReports,
    RefuseSupport,
    ReportUnits,
    ReturnFiling,
    ReturnReports,
    ReturnSupport,
    WithdrawFiling,
)
from services.opportunities.filings.filing import Filing
from services.opportunities.filings.life_cycle import claims_of, reports_of
from services.opportunities.filings.policy import SHIPPED, FilingPolicies, PublishFilingPolicy
from shared.event_store.stream import Refused
from shared.testing.scenario import given

NAMESPACE = UUID(int=33)
ORDER = (Line(1, "A6L", 3), Line(2, "Q5", 2))
Step = Callable[[Filing], object]


def day(number: int) -> date:
    return date(2025, 3, 1) + timedelta(days=number - 1)


def at(number: int) -> datetime:
    return datetime.combine(day(number), datetime.min.time(), UTC)


DELIVERED = (Delivery(1, 2, day(5)), Delivery(1, 1, day(9)), Delivery(2, 2, day(5)))


def drafted(number: int = 1, **said: Any) -> Callable[[], Filing]:
    body = {"opportunity_id": uuid5(NAMESPACE, "deal"), "number": "TB-1", "customer_type": "fleet", **said}

    def first() -> Filing:
        return Filing.draft(
            DraftFiling.model_validate(body), id=uuid5(NAMESPACE, "filing"), account_id=None, known=ORDER,
            promised_on=None, at=at(number), day=day(number),
        )  # fmt: skip

    return first


def submit(number: int = 2) -> Step:
    return lambda filing: filing.submit(at=at(number), day=day(number))


def accept(number: int = 3) -> Step:
    return lambda filing: filing.accept(AcceptFiling(), at=at(number), day=day(number))


def send_back(number: int = 3) -> Step:
    return lambda filing: filing.send_back(ReturnFiling(reason="缺材料"), at=at(number), day=day(number))


def report(number: int, *vins: str, line: int = 2, **more: Any) -> Step:
    units = [{"vin": vin, "line": line, "invoice_no": "1", **more} for vin in vins]
    command = ReportUnits.model_validate({"units": units})
    return lambda filing: filing.report(command, delivered=DELIVERED, at=at(number), day=day(number))


def count(number: int, *vins: str) -> Step:
    command = AcceptReports(vins=vins)
    return lambda filing: filing.answer_reports(command, ReportState.ACCEPTED, at=at(number), day=day(number))


def return_unit(number: int, *vins: str) -> Step:
    command = ReturnReports(vins=vins, reason="发票号不符")
    return lambda filing: filing.answer_reports(command, ReportState.RETURNED, at=at(number), day=day(number))


def refuse_unit(number: int, *vins: str) -> Step:
    command = RefuseReports(vins=vins, reason="不符")
    return lambda filing: filing.answer_reports(command, ReportState.REFUSED, at=at(number), day=day(number))


def claim(number: int, ref: str = "FL-1", amount: str = "10.00", **more: Any) -> Step:
    command = ClaimSupport.model_validate({"ref": ref, "amount": amount, "currency": "CNY", **more})
    return lambda filing: filing.claim(command, at=at(number), day=day(number))


def answer(number: int, command: Any) -> Step:
    return lambda filing: filing.answer_support(command, at=at(number), day=day(number))


def pay(number: int, amount: str, ref: str = "FL-1") -> Step:
    command = PaySupport.model_validate({"ref": ref, "amount": amount})
    return lambda filing: filing.pay(command, at=at(number), day=day(number))


ACCEPTED = (submit(), accept())


def test_a_draft_files_the_lines_of_the_order() -> None:
    given(drafted()).when(submit()).standing(status=FilingStatus.SUBMITTED, submitted_on=day(2))
    filing = drafted(submit=True)()
    assert filing.standing["status"] is FilingStatus.SUBMITTED
    assert [(line.line, line.product, line.units) for line in filing.standing["lines"]] == [(1, "A6L", 3), (2, "Q5", 2)]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "no_filed_lines"),
        ([{"line": 9, "units": 1}], "no_such_line"),
        ([{"line": 1, "units": 1}, {"line": 1, "units": 2}], "line_filed_twice"),
    ],
)
def test_a_filing_files_each_line_once(lines: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(Refused) as refused:
        drafted(lines=lines)()
    assert refused.value.code == code


def test_each_status_allows_what_it_allows() -> None:
    change = ChangeFiling(documents=("营业执照",))
    changes: Step = lambda filing: filing.change(change, known=ORDER, at=at(4))  # noqa: E731
    withdraw: Step = lambda filing: filing.withdraw(WithdrawFiling(reason="x"), at=at(4), day=day(4))  # noqa: E731
    lapse: Step = lambda filing: filing.lapse(LapseFiling(), at=at(4), day=day(4))  # noqa: E731
    refuse: Step = lambda filing: filing.refuse(RefuseFiling(reason="x"), at=at(4), day=day(4))  # noqa: E731
    given(drafted()).when(accept()).then_refused("filing_status")
    given(drafted()).when(lapse).then_refused("filing_status")
    given(drafted(), submit()).when(changes).then_refused("filing_status")
    given(drafted(), submit(), send_back()).when(changes).standing(documents=("营业执照",))
    given(drafted(), submit(), send_back()).when(submit(5)).standing(status=FilingStatus.SUBMITTED, return_reason=None)
    given(drafted(), *ACCEPTED).when(withdraw).then_refused("filing_status")
    given(drafted(), *ACCEPTED).when(lapse).standing(status=FilingStatus.LAPSED)
    given(drafted(), submit(), refuse).when(submit(6)).then_refused("filing_status")
    given(drafted(), submit()).when(report(6, "VIN01")).then_refused("filing_status")
    given(drafted(3)).when(submit(2)).then_refused("before_filing", "/on")


def test_units_are_reported_once_each_after_their_delivery() -> None:
    filed = given(drafted(), *ACCEPTED)
    filed.when(report(6, "VIN01", line=9)).then_refused("not_on_filing", "/units/0/line")
    filed.when(report(6, "VIN01", "VIN01")).then_refused("vin_twice", "/units/1/vin")
    filed.when(report(4, "VIN01")).then_refused("not_delivered")
    filed.when(report(10, "VIN01", line=1)).then_refused("delivery_unknown", "/units/0/delivered_on")
    filed.when(report(6, "VIN01", delivered_on=day(7))).then_refused(
        "reported_before_delivery", "/units/0/delivered_on"
    )
    filed.when(report(6, "VIN01", "VIN02", "VIN03")).then_refused("not_delivered")
    once = given(drafted(), *ACCEPTED, report(6, "VIN01"))
    once.when(report(7, "VIN01")).then_refused("vin_reported")
    few = given(drafted(lines=[{"line": 2, "units": 1}]), *ACCEPTED, report(6, "VIN01"))
    few.when(report(7, "VIN02")).then_refused("more_than_filed")


def test_the_last_step_in_business_order_is_how_a_report_stands() -> None:
    filing = drafted()()
    for step in (
        *ACCEPTED,
        report(6, "VIN01", "VIN02"),
        return_unit(7, "VIN01"),
        report(8, "VIN01"),
        count(9, "VIN01"),
    ):
        step(filing)
    refuse_unit(8, "VIN02")(filing)  # told late, of a day before
    found = {vin: (one.state, one.reported_on) for vin, one in reports_of(filing.standing).items()}
    assert found == {"VIN01": (ReportState.ACCEPTED, day(8)), "VIN02": (ReportState.REFUSED, day(6))}
    assert filing.vins == {"VIN01"}
    version = filing.version
    count(10, "VIN01")(filing)
    assert filing.version == version, "said already"
    with pytest.raises(Refused) as refused:
        count(10, "VIN02")(filing)
    assert refused.value.code == "vin_status"
    with pytest.raises(Refused) as refused:
        filing.void(4, reason="错", at=at(12))  # the report the answers are about
    assert refused.value.code == "impossible_order"


def test_support_is_claimed_for_units_that_count_once() -> None:
    given(drafted(), *ACCEPTED, report(6, "VIN01")).when(claim(7)).then_refused("nothing_to_claim")
    counted = (drafted(), *ACCEPTED, report(6, "VIN01", "VIN02"), count(7, "VIN01"))
    given(*counted).when(claim(8, vins=["VIN02"])).then_refused("not_claimable", "/vins")
    claimed = (*counted, claim(8))
    given(*claimed).when(claim(9, "FL-2")).then_refused("nothing_to_claim")
    given(*claimed).when(claim(9, amount="11.00")).then_refused("support_reference_taken")
    given(*claimed).when(claim(9)).then_nothing()
    given(*claimed).when(pay(9, "5.00")).then_refused("support_status")
    given(*claimed).when(answer(9, AcceptSupport(ref="FL-9"))).then_refused("unknown_support")
    given(*claimed, answer(9, RefuseSupport(ref="FL-1", reason="x"))).when(claim(10, "FL-2")).then(SupportClaimed)


def test_payments_of_a_claim_add_up() -> None:
    filing = drafted()()
    steps = (
        *ACCEPTED, report(6, "VIN01"), count(7, "VIN01"), claim(8, amount="30.00"),
        answer(9, ReturnSupport(ref="FL-1", reason="缺件")), claim(10, amount="25.00"),
        answer(11, AcceptSupport(ref="FL-1")), pay(12, "10.00"), pay(12, "10.00"),
    )  # fmt: skip
    for step in steps:
        step(filing)
    with pytest.raises(Refused) as refused:
        pay(13, "5.01")(filing)
    assert (refused.value.code, refused.value.params["left"]) == ("more_than_accepted", "5.00")
    (found,) = claims_of(filing.standing).values()
    assert (str(found.claimed), str(found.accepted), str(found.paid), found.vins) == (
        "25.00",
        "25.00",
        "20.00",
        ("VIN01",),
    )


def test_the_policy_of_a_day_is_the_latest_effective_then() -> None:
    tenant = UUID(int=5)
    assert FilingPolicies.on(None, day(1)) == SHIPPED
    first = PublishFilingPolicy(effective_from=day(10), complete_days=3)
    policies = FilingPolicies.published(None, first, tenant_id=tenant, at=at(1))
    assert FilingPolicies.on(policies, day(9)) == SHIPPED
    assert FilingPolicies.on(policies, day(10)).complete_days == 3
    again = FilingPolicies.published(policies, first, tenant_id=tenant, at=at(2))
    assert again.version == 1, "it says that already"
    changed = PublishFilingPolicy(effective_from=day(10), complete_days=4)
    again = FilingPolicies.published(again, changed, tenant_id=tenant, at=at(3))
    assert FilingPolicies.on(again, day(30)).complete_days == 4


def test_a_vin_is_one_of_those_delivered_where_all_were_named() -> None:
    unit = {"vin": "VIN09", "line": 2, "invoice_no": "1"}
    command = ReportUnits.model_validate({"units": [unit]})
    filed = given(drafted(), submit(), accept())
    named = (Delivery(2, 2, day(5), serials=("vin01", "VIN02")),)
    filed.when(lambda filing: filing.report(command, delivered=named, at=at(6), day=day(6))).then_refused(
        "vin_not_delivered", "/units/0/vin"
    )
    some = (*named, Delivery(2, 1, day(5)))
    assert filed.when(lambda filing: filing.report(command, delivered=some, at=at(6), day=day(6))).facts
