"""What the refusals of projects are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_project": Text(
        "早于立项", "Before the project", "那时还没有这个项目。", "The project was not there then.", 409
    ),
    "no_subject": Text(
        "没有对象",
        "About nothing",
        "项目须属于一个商机或一个客户。",
        "A project is of an opportunity or of an account.",
        422,
    ),
    "project_closed": Text(
        "项目已结束",
        "Project closed",
        "项目已结束，不能再更改。",
        "The project is closed: nothing changes any more.",
        409,
    ),
    "project_not_running": Text(
        "项目已验收",
        "Project accepted",
        "客户已验收，计划不能再改。",
        "The customer has accepted: the plan stays as it is.",
        409,
    ),
    "code_twice": Text(
        "代码重复", "Code given twice", "代码 {given} 填写了两次。", "The code {given} is given twice.", 422
    ),
    "ends_before_start": Text(
        "终止日早于起始日", "Ends before it starts", "终止日不能早于起始日。", "It ends before it starts.", 422
    ),
    "unknown_phase": Text(
        "没有这个阶段", "Unknown phase", "计划中没有阶段 {given}。", "The plan has no phase {given}.", 422
    ),
    "unknown_milestone": Text(
        "没有这个里程碑", "Unknown milestone", "计划中没有里程碑 {given}。", "The plan has no milestone {given}.", 422
    ),
    "milestone_reached": Text(
        "里程碑已达成",
        "Milestone reached",
        "里程碑 {given} 已达成：请更正或撤销那条记录。",
        "The milestone {given} was reached: correct or void that fact.",
        409,
    ),
    "milestone_dropped": Text(
        "已达成的里程碑不能删除",
        "Reached milestones stay",
        "里程碑 {given} 已达成，必须留在计划中。",
        "The milestone {given} was reached: it stays in the plan.",
        409,
    ),
    "unknown_risk": Text(
        "没有这个风险", "Unknown risk", "没有未关闭的风险 {given}。", "There is no open risk {given}.", 422
    ),
    "points_missing": Text(
        "没有写明遗留问题",
        "No open points",
        "带遗留问题验收须写明遗留问题；其他结果不能有遗留问题。",
        "An acceptance with open points names them; others have none.",
        422,
    ),
    "unknown_point": Text(
        "没有这个遗留问题", "Unknown point", "没有未完成的遗留问题 {given}。", "There is no open point {given}.", 422
    ),
}
