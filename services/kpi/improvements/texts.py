"""What the refusals of improvements are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_improvement": Text(
        "早于改进计划", "Before the plan", "那时还没有这项改进。", "The improvement was not planned then.", 409
    ),
    "improvement_over": Text(
        "改进已结束",
        "Improvement over",
        "这项改进已标准化或终止，不能再更改。",
        "The improvement was made the rule or stopped: nothing changes any more.",
        409,
    ),
    "nothing_done_yet": Text(
        "尚未实施",
        "Nothing done yet",
        "先实施至少一项措施，再检查效果。",
        "Something is done before it is checked.",
        409,
    ),
    "not_checked_yet": Text(
        "尚未检查",
        "Not checked yet",
        "先检查效果，再决定处置。",
        "What came of it is checked before acting on it.",
        409,
    ),
    "unknown_measure": Text(
        "没有这项措施", "Unknown measure", "没有第 {given} 项未完成的措施。", "There is no open measure {given}.", 422
    ),
    "measures_of_next_loop": Text(
        "下一循环的措施",
        "Measures of the next loop",
        "调整时须给出下一循环的措施和期限；其他处置不能有。",
        "Another loop has measures and a day; nothing else has.",
        422,
    ),
    "before_training_need": Text(
        "早于提出", "Before it was proposed", "那时还没有提出培训需求。", "The need was not proposed then.", 409
    ),
    "training_not_so_far": Text(
        "培训状态不符",
        "Training not so far",
        "培训需求当前状态为 {given}，不能这样做。",
        "The training need is {given}: that is not possible.",
        409,
    ),
    "range_of_kpi": Text("区间为空", "Empty range", "起始日晚于截止日。", "The range ends before it begins.", 422),
}
