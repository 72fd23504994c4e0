"""Sales, profit (margin) and customers' totals of a period, as the books have them. The rules are the figure's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.accounts.account import ACCOUNT_REF
from services.accounts.organisation import UNIT_CODE
from services.kpi.company.commands import ReceiveFigure
from services.kpi.company.routes import receive
from shared.http.context import CommandContext
from shared.http.inbound import Fact, Named, Row, as_command, found, held_by, inbound, like
from shared.http.receipt import Receipt
from shared.names import comparable, external_key
from shared.records.fields import Code


class FigureTold(Row, ReceiveFigure):
    """A figure of the company, a unit or a customer; told again with another amount, it is corrected."""

    model_config = like(
        fact="told", system="erp", key="GL-2026-03-6001", kind="profit", period="2026-03", amount="3120000.00",
        currency="CNY", unit="SH-01",
    )  # fmt: skip

    fact: Literal["told"]
    unit: Code | None = Field(default=None, description="By its code, instead of `unit_id`.")
    account: Named | None = Field(default=None, description="Instead of `account_id`.")


async def _told(row: FigureTold, ctx: CommandContext) -> Receipt:
    given = {}
    if row.unit is not None:
        given["unit_id"] = await held_by(ctx, UNIT_CODE, comparable(row.unit))
    if row.account is not None:
        given["account_id"] = await found(ctx, ACCOUNT_REF, row.account)
    return await receive(as_command(row, ReceiveFigure, **given), ctx)


router = inbound(
    "company-figures",
    "Figures of the company and its customers as a whole (公司数据): sales, profit, customer totals",
    (Fact(FigureTold, "/v1/company-figures", lambda row: external_key(row.system, row.key), _told),),
)
ROUTERS = (router,)
