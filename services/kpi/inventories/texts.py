"""What the refusals of inventories are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "inventory_signed": Text(
        "盘点表已签字",
        "The sheet is signed",
        "盘点表已签字，请先撤销签字。",
        "The sheet is signed: void the signature first.",
        409,
    ),
    "line_twice": Text("同一行填写两次", "Line given twice", "同一行只能填写一次。", "A line may be given once.", 422),
    "unknown_line": Text(
        "没有这一行",
        "Unknown line",
        "盘点表上没有这一行，或不归您管。",
        "The sheet has no such line, or it is not yours.",
        422,
    ),
    "not_of_owners": Text(
        "保有客户不能这样处理",
        "Not for owners",
        "保有客户只能确认或放弃；新的需求请另行留档。",
        "Owners are confirmed or given up; put a new need on file.",
        422,
    ),
    "lines_unconfirmed": Text(
        "还有未确认的行",
        "Lines are not confirmed",
        "还有 {unconfirmed} 行未确认；要签字请先确认，或注明接受。",
        "{unconfirmed} lines are not confirmed: have them confirmed, or accept them as they are.",
        409,
    ),
    "not_in_that_month": Text(
        "日期不在该月",
        "Not in that month",
        "盘点日 {on} 不在 {month}。",
        "{on} is not a day of {month}.",
        422,
    ),
}
