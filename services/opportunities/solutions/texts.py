"""What the refusals of solutions are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from services.opportunities.dealing.texts import TEXTS as SHARED
from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    **SHARED,
    "not_technical_support": Text(
        "不是技术支持", "Not technical support", "方案由技术支持编写。", "Technical support draws up solutions.", 403
    ),
    "not_account_manager": Text(
        "不是客户经理",
        "Not the account manager",
        "方案由客户负责人、支持团队中的客户经理或其上级审批，编写人和提交人不能审批。",
        "The account's owner, an account manager of its team or who stands above the owner decides, never the drafter.",
        403,
    ),
    "solution_requested": Text(
        "尚无方案稿", "Nothing drafted", "还没有方案稿。", "Technical support has drafted nothing yet.", 409
    ),
    "solution_drafted": Text(
        "方案尚未提交", "Not submitted", "方案稿还没有提交审批。", "The draft is not submitted yet.", 409
    ),
    "solution_submitted": Text(
        "方案待审批", "Waits for approval", "方案稿正在等待审批。", "The draft waits for approval.", 409
    ),
    "solution_returned": Text(
        "方案已退回", "Returned", "方案稿已退回，请重新编写。", "The draft was returned: draft another.", 409
    ),
    "solution_approved": Text(
        "方案已批准", "Approved already", "方案稿已经批准。", "The draft is approved already.", 409
    ),
    "solution_presented": Text(
        "方案已提交客户", "Presented", "方案已向客户介绍。", "The customer was shown the solution.", 409
    ),
    "solution_withdrawn": Text("方案已撤回", "Withdrawn", "方案需求已经撤回。", "The solution is wanted no more.", 409),
}
