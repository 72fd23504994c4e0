"""The manufacturer's answers to filings, by our number. The rules are the filing's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar
from uuid import UUID

from services.opportunities.fields import Code, Command
from services.opportunities.filings import routes as filings
from services.opportunities.filings.acting import NUMBER
from services.opportunities.filings.commands import (
    AcceptFiling,
    AcceptReports,
    AcceptSupport,
    LapseFiling,
    PaySupport,
    RefuseFiling,
    RefuseReports,
    RefuseSupport,
    ReturnFiling,
    ReturnReports,
    ReturnSupport,
)
from shared.http.context import CommandContext
from shared.http.inbound import Fact, Row, as_command, held_by, inbound, like
from shared.http.receipt import Receipt

C = TypeVar("C", bound=Command)

OURS = "TB-2025-0031"
VINS = ["LFV3A23C8F3000001"]
REF = "FL-2025-07"


class OfFiling(Row):
    """An answer to a filing."""

    number: Code


class FilingAccepted(OfFiling, AcceptFiling):
    model_config = like(fact="accepted", number=OURS, manufacturer_ref="FK-88120", valid_until="2030-12-31")

    fact: Literal["accepted"]


class FilingReturned(OfFiling, ReturnFiling):
    model_config = like(fact="returned", number=OURS, reason="缺用车证明", missing=["用车证明"])

    fact: Literal["returned"]


class FilingRefused(OfFiling, RefuseFiling):
    model_config = like(fact="refused", number=OURS, reason="客户类型不在政策内")

    fact: Literal["refused"]


class FilingLapsed(OfFiling, LapseFiling):
    model_config = like(fact="lapsed", number=OURS, reason="逾期未补齐材料")

    fact: Literal["lapsed"]


class ReportsAccepted(OfFiling, AcceptReports):
    model_config = like(fact="reports_accepted", number=OURS, vins=VINS)

    fact: Literal["reports_accepted"]


class ReportsReturned(OfFiling, ReturnReports):
    model_config = like(fact="reports_returned", number=OURS, vins=VINS, reason="发票号与系统不符")

    fact: Literal["reports_returned"]


class ReportsRefused(OfFiling, RefuseReports):
    model_config = like(fact="reports_refused", number=OURS, vins=VINS, reason="不在政策内")

    fact: Literal["reports_refused"]


class SupportAccepted(OfFiling, AcceptSupport):
    model_config = like(fact="support_accepted", number=OURS, ref=REF, amount="30000.00")

    fact: Literal["support_accepted"]


class SupportReturned(OfFiling, ReturnSupport):
    model_config = like(fact="support_returned", number=OURS, ref=REF, reason="缺行驶证")

    fact: Literal["support_returned"]


class SupportRefused(OfFiling, RefuseSupport):
    model_config = like(fact="support_refused", number=OURS, ref=REF, reason="超出额度")

    fact: Literal["support_refused"]


class SupportPaid(OfFiling, PaySupport):
    model_config = like(fact="support_paid", number=OURS, ref=REF, amount="30000.00")

    fact: Literal["support_paid"]


def _answer(
    form: type[OfFiling], command: type[C], carry_out: Callable[[UUID, C, CommandContext], Awaitable[Receipt]]
) -> Fact:
    async def tell(row: Any, ctx: CommandContext) -> Receipt:
        return await carry_out(await held_by(ctx, NUMBER, row.number), as_command(row, command), ctx)

    return Fact(form, "/v1/filings", lambda row: row.number, tell)


router = inbound(
    "filings",
    "The manufacturer's answers to filings, by our number (系统提报)",
    (
        _answer(FilingAccepted, AcceptFiling, filings.accept),
        _answer(FilingReturned, ReturnFiling, filings.send_back),
        _answer(FilingRefused, RefuseFiling, filings.refuse),
        _answer(FilingLapsed, LapseFiling, filings.lapse),
        _answer(ReportsAccepted, AcceptReports, filings.accept_reports),
        _answer(ReportsReturned, ReturnReports, filings.return_reports),
        _answer(ReportsRefused, RefuseReports, filings.refuse_reports),
        _answer(SupportAccepted, AcceptSupport, filings.accept_support),
        _answer(SupportReturned, ReturnSupport, filings.return_support),
        _answer(SupportRefused, RefuseSupport, filings.refuse_support),
        _answer(SupportPaid, PaySupport, filings.pay_support),
    ),
)
