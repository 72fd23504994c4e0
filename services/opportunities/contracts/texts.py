"""What the refusals of contracts are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "contract_draft": Text(
        "合同尚未提交", "Not submitted", "合同稿还没有提交。", "The draft is not submitted yet.", 409
    ),
    "contract_submitted": Text(
        "合同待审批", "Waits for approval", "合同稿正在等待审批。", "The draft waits for approval.", 409
    ),
    "contract_returned": Text(
        "合同已退回", "Returned", "合同稿已退回，请重新起草。", "The draft was returned: draft another.", 409
    ),
    "contract_approved": Text(
        "合同已批未签",
        "Approved, not signed",
        "合同已批准，尚未签署。",
        "The draft is approved and not signed yet.",
        409,
    ),
    "contract_signed": Text("合同已签", "Signed", "合同已经签署。", "The contract is signed.", 409),
    "contract_terminated": Text("合同已终止", "Terminated", "合同已经终止。", "The contract has ended.", 409),
    "contract_number_taken": Text(
        "合同编号已用",
        "Number taken",
        "编号 {number} 已属于另一份合同。",
        "{number} is another contract's number.",
        409,
    ),
    "may_not_sign": Text(
        "无权签署",
        "May not sign",
        "签署人没有相应权限，也没有有效的委托签字。",
        "Neither the signer's limit nor a delegation in force covers it.",
        409,
    ),
    "delegation_over": Text(
        "委托期限已过", "Delegation over", "委托期限不能早于当天。", "That day has gone by already.", 422
    ),
    "amendment_requested": Text(
        "补充协议待审批", "An amendment waits", "有补充协议正在等待审批。", "An amendment waits for a decision.", 409
    ),
    "no_amendment_requested": Text(
        "没有待审批的补充协议",
        "No amendment waits",
        "没有待审批的补充协议。",
        "No amendment waits for a decision.",
        409,
    ),
    "amount_missing": Text("缺少金额", "No amount", "请填写合同金额。", "Say what the contract comes to.", 422),
    "shares_differ": Text(
        "付款比例不对", "Shares differ", "付款比例之和是 {total}，应为 1。", "The shares come to {total}, not 1.", 422
    ),
    "ends_before_start": Text(
        "终止日早于起始日", "Ends before it starts", "终止日不能早于起始日。", "It ends before it starts.", 422
    ),
    "ends_earlier": Text(
        "终止日提前", "Ends earlier", "续签后的终止日不能更早。", "The contract runs longer already.", 422
    ),
}
