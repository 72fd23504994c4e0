"""What the refusals of this service are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from services.opportunities.approvals import texts as approvals
from services.opportunities.attachments import texts as attachments
from services.opportunities.bids import texts as bids
from services.opportunities.billing import texts as billing
from services.opportunities.contracts import texts as contracts
from services.opportunities.filings import texts as filings
from services.opportunities.follow_ups import texts as follow_ups
from services.opportunities.leads import texts as leads
from services.opportunities.negotiations import texts as negotiations
from services.opportunities.projects import texts as projects
from services.opportunities.search import texts as search
from services.opportunities.solutions import texts as solutions
from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    # who
    "not_in_reporting_line": Text(
        "不在汇报线上",
        "Not in the reporting line",
        "只有负责人汇报线上的上级才能审批，且不能审批自己的申请。",
        "Only who stands above the owner in the reporting line decides, and nobody their own request.",
        403,
    ),
    # when
    "in_the_future": Text("日期在将来", "In the future", "不能填写将来的日期。", "That has not come yet.", 422),
    "before_captured": Text(
        "早于留档",
        "Before it was captured",
        "那时还没有这条记录。",
        "The prospect was put on file later than that.",
        409,
    ),
    "impossible_order": Text(
        "先后次序不成立",
        "Impossible order",
        "这样一来，已记录的 {fact}（版本 {version}）就不可能发生。",
        "Then the recorded {fact} (version {version}) could not have happened.",
        409,
    ),
    # where it stands
    "still_open": Text("仍在跟进", "Still open", "线索仍在跟进中。", "The prospect is open.", 409),
    "already_ordered": Text("已签单", "Already ordered", "客户已签单。", "The customer has ordered.", 409),
    "already_defeated": Text("已战败", "Already defeated", "已按战败关闭。", "It was closed as a defeat.", 409),
    "frozen": Text("已冷冻", "Frozen", "已冷冻，请先恢复跟进。", "It is frozen: resume it first.", 409),
    "contact_lost": Text(
        "已失控", "Contact lost", "已失去联系，请先恢复跟进。", "Contact was lost: resume it first.", 409
    ),
    "order_cancelled": Text(
        "已退订", "Order cancelled", "订单已退订，请先再激活。", "The order was cancelled: reopen it first.", 409
    ),
    "disposed": Text(
        "已处理", "Disposed of", "记录已处理，请先再激活。", "The record was disposed of: reopen it first.", 409
    ),
    "not_ordered": Text("尚未签单", "Not ordered", "还没有订单。", "There is no order yet.", 409),
    "under_review": Text("审核中", "Under review", "有申请正在审核。", "A request waits for review.", 409),
    "no_defeat_requested": Text(
        "没有待审核的战败", "No defeat requested", "没有待审核的战败申请。", "No defeat waits for review.", 409
    ),
    "no_freeze_requested": Text(
        "没有待审核的冷冻", "No freeze requested", "没有待审核的冷冻申请。", "No freeze waits for review.", 409
    ),
    "false_defeat": Text(
        "假战败不予通过",
        "False defeat",
        "假战败应驳回，线索继续跟进。",
        "A false defeat is rejected and the prospect goes on.",
        409,
    ),
    # what was said
    "unknown_level": Text("没有这个级别", "Unknown level", "级别只能是 {levels}。", "A level is one of {levels}.", 422),
    "unknown_reason": Text(
        "没有这个原因", "Unknown reason", "原因目录中没有 {reason}。", "{reason} is not in the reason catalogue.", 422
    ),
    "recall_in_the_past": Text(
        "再联系日不对", "Recall date gone by", "再联系日须晚于当天。", "The recall date comes after that day.", 422
    ),
    "due_in_the_past": Text("期限已过", "Due date gone by", "期限不能早于今天。", "The due date has gone by.", 422),
    "next_in_the_past": Text(
        "下次日期不对", "Next step gone by", "下一步不能早于走访日。", "The next step comes after the visit.", 422
    ),
    "duplicate_reason_missing": Text(
        "缺少重复原因",
        "Duplicate without a reason",
        "有意重复留档须说明原因。",
        "Say why the same prospect is captured again.",
        422,
    ),
    "external_ref_taken": Text(
        "外部编号已被使用",
        "External reference taken",
        "另一条商机已使用外部编号 {key}。",
        "Another opportunity is {key}.",
        409,
    ),
    "too_many_references": Text(
        "外部编号过多",
        "Too many references",
        "最多记录 {limit} 个外部系统的编号。",
        "At most {limit} systems are kept.",
        422,
    ),
    "duplicate_prospect": Text(
        "重复线索",
        "Duplicate prospect",
        "此客户的 {product} 已有在跟线索。",
        "{product} is an open prospect of this account already.",
        409,
    ),
    "not_correctable": Text(
        "不能更正",
        "Not correctable",
        "{field} 由事实得出，请更正或作废那些事实。",
        "{field} follows from the facts: correct or void those.",
        422,
    ),
    "nothing_to_correct": Text(
        "没有可更正的内容", "Nothing to correct", "请给出更正的字段或时间。", "State changes or a time.", 422
    ),
    "two_times": Text("时间重复", "Two times", "日期与时刻只能给一个。", "Give a day or an instant, not both.", 422),
    # lines and units
    "no_lines": Text("没有明细行", "No lines", "订单至少要有一行。", "An order has at least one line.", 422),
    "duplicate_line": Text("行号重复", "Duplicate line", "行号不能重复。", "A line number is given twice.", 422),
    "line_number_used": Text(
        "行号已用过", "Line number used", "行号 {line} 属于以前的订单。", "Line {line} belonged to a former order.", 422
    ),
    "no_such_line": Text("没有这一行", "No such line", "订单没有第 {line} 行。", "The order has no line {line}.", 422),
    "more_than_ordered": Text(
        "超过订购台数",
        "More than ordered",
        "第 {line} 行只剩 {left} 台。",
        "Line {line} has only {left} units left.",
        409,
    ),
    "units_already_moved": Text(
        "已有交付或退订",
        "Units already moved",
        "第 {line} 行已交付或退订 {units} 台，产品不能变，台数不能更少。",
        "{units} units of line {line} were delivered or cancelled: it keeps its product and at least these.",
        409,
    ),
    "not_whole": Text(
        "不再是整单退订",
        "No longer a whole cancellation",
        "这样就不再是整单退订。",
        "The order would no longer be cancelled as a whole.",
        409,
    ),
    "amount_differs": Text(
        "金额不一致",
        "Amount differs",
        "明细合计为 {total}，不是 {amount}。",
        "The lines come to {total}, not {amount}.",
        422,
    ),
    # what is referred to
    "unknown_owner": Text(
        "没有这个负责人",
        "Unknown owner",
        "没有这个在职人员；接口密钥不是人员，须写明负责人（owner）。",
        "There is no such person working here. A machine is nobody's colleague: it names the owner.",
        422,
    ),
    "unknown_person": Text("没有这个人员", "Unknown person", "没有这个人员。", "There is no such person.", 422),
    "unknown_unit": Text("没有这个组织单位", "Unknown unit", "没有这个组织单位。", "There is no such unit.", 422),
    "unknown_account": Text("没有这个客户", "Unknown account", "没有这个客户。", "There is no such account.", 422),
    "unknown_key_person": Text(
        "没有这个关键人", "Unknown key person", "此客户没有这个关键人。", "The account has no such key person.", 422
    ),
    "unknown_product": Text(
        "没有这个产品", "Unknown product", "产品目录中没有 {product}。", "There is no product {product}.", 422
    ),
    "unknown_opportunity": Text(
        "没有这个商机",
        "Unknown opportunity",
        "没有这个商机，或您看不到它。",
        "There is no such opportunity, or you cannot see it.",
        422,
    ),
    "outside_your_units": Text(
        "不在您的管辖范围",
        "Outside your units",
        "记录会落在您看不到的单位。",
        "The record would belong to a unit you do not see.",
        403,
    ),
    # visits
    "already_logged": Text(
        "走访已登记", "Already logged", "走访已登记，请改用更正。", "The visit was logged: correct it instead.", 409
    ),
    "visit_cancelled": Text("走访已取消", "Visit cancelled", "走访已取消。", "The visit was cancelled.", 409),
    "visit_void": Text("走访已作废", "Visit taken back", "走访已作废。", "The visit was taken back.", 409),
    "not_logged": Text("走访尚未登记", "Not logged", "还没有可审阅的报告。", "There is no report to review yet.", 409),
    "before_planned": Text(
        "早于计划",
        "Before it was planned",
        "走访日早于计划，请另行登记。",
        "That is before the visit was planned: log it as another.",
        409,
    ),
    "other_account": Text(
        "属于别的客户", "Another account", "该商机属于别的客户。", "That opportunity belongs to another account.", 422
    ),
    "duplicate_judgement": Text(
        "重复判定", "Judged twice", "同一商机只能判定一次。", "An opportunity is judged twice.", 422
    ),
    # published rules
    "duplicate_code": Text(
        "代码重复",
        "Duplicate code",
        "代码 {duplicate} 重复，或另有含义。",
        "{duplicate} is given twice or has another meaning.",
        422,
    ),
    "reason_outside_category": Text(
        "原因代码不对",
        "Reason outside its category",
        "原因代码须以 {category}. 开头。",
        "The code of a reason begins with {category}.",
        422,
    ),
    "windows_out_of_order": Text(
        "期限次序不对",
        "Windows out of order",
        "期限须由近到远递增，只有最后一级没有期限。",
        "Windows grow from the nearest order on; only the last level has none.",
        422,
    ),
    "product_code_taken": Text(
        "产品代码已被使用", "Product code taken", "已有产品使用代码 {product}。", "There is a product {product}.", 409
    ),
    # reads
    "unknown_policy": Text(
        "没有这个判定规则",
        "No such level policy",
        "没有代码为 {policy} 的判定规则。",
        "No level policy is called {policy}.",
        422,
    ),
    "invalid_group_by": Text(
        "分组维度有误", "Invalid grouping", "最多按两个维度分组：{known}。", "Group by one or two of: {known}.", 422
    ),
    "empty_range": Text("日期范围为空", "Empty range", "截止日早于起始日。", "`to` comes before `from`.", 422),
    "invalid_filter": Text("筛选条件有误", "Invalid filter", status=422),
    **leads.TEXTS,
    **follow_ups.TEXTS,
    **approvals.TEXTS,
    **solutions.TEXTS,
    **bids.TEXTS,
    **negotiations.TEXTS,
    **contracts.TEXTS,
    **billing.TEXTS,
    **filings.TEXTS,
    **projects.TEXTS,
    **attachments.TEXTS,
    **search.TEXTS,
}
