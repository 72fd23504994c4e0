"""What hand-overs are refused with, and what they tell beside, in Chinese and English. The codes are for ever."""

from __future__ import annotations

from services.opportunities.texts import TEXTS as OF_OPPORTUNITIES
from shared.http.problem import Text

THEIRS = ("before_captured", "before_planned", "impossible_order", "already_logged", "visit_cancelled", "visit_void")
"""Codes of opportunities and visits that a hand-over meets."""

TEXTS: dict[str, Text] = {
    **{code: OF_OPPORTUNITIES[code] for code in THEIRS},
    # before it begins
    "hand_over_refused": Text("交接不能开始", "The hand-over cannot begin", "有 {count} 处需要先解决，见 errors。",
                              "{count} things are in the way: see errors.", 422),
    "unknown_successor": Text("没有这个接手人", "Unknown successor", "没有这个在职人员可以接手。",
                              "There is no such person working here.", 422),
    "successor_left": Text("接手人已离职", "The successor left", "接手人已离职。",
                           "The successor does not work here any more.", 422),
    "successor_is_leaver": Text("接手人就是交出人", "The successor is the leaver", "不能交给本人。",
                                "Nobody hands over to themselves.", 422),
    "unknown_opportunity": Text("没有这个商机", "Unknown opportunity", "没有这个商机。",
                                "There is no such opportunity.", 422),
    "not_theirs": Text("不在此人名下", "Not theirs", "此人与这条记录无关，无可交接。",
                       "It does not stand with this person: there is nothing to hand over.", 422),
    "opportunity_closed": Text("商机已关闭", "Opportunity closed", "商机已关闭，业绩留给当时的负责人。",
                               "The opportunity is closed: credit stays with who closed it.", 422),
    "hand_over_under_way": Text("交接正在进行", "Under way", "此人的另一次交接还在进行。",
                                "Another hand-over of this person is under way.", 409),
    "hand_over_not_finished": Text("交接尚未结束", "Not finished", "交接还在进行，请等待结束或先取消。",
                                   "The hand-over is still under way: wait for its end, or cancel it first.", 409),
    # worth knowing
    "already_left": Text("此人已离职", "Left already", "离职早已记录。", "That the person left is on record."),
    "nothing_to_move": Text("没有可交接的记录", "Nothing to move", "没有可交接的客户、商机或计划走访。",
                            "There is no account, opportunity or planned visit to hand over."),
    "outside_sight": Text("有看不到的记录", "Out of sight", "{count} 条记录不在您的管辖范围，留在原处，可由上级交接。",
                          "{count} records are out of your sight and stay: somebody above may hand them over."),
    "reviews_pending": Text("有待审核的申请", "Reviews pending", "{count} 个商机的申请正在审核，由接手人的汇报线审批。",
                            "{count} opportunities wait for a review: the successor's line decides."),
    "still_reported_to": Text("仍有下属", "Still reported to", "还有 {count} 人向此人汇报，请另行指定上级。",
                              "{count} people report to this person: say to whom they report from now on."),
    "deputies_end": Text("代理随之结束", "Deputies end", "其 {count} 位代理人的代理随离职结束。",
                         "{count} people stand in for this person: that ends with the leaving."),
    "stands_in": Text("在代理他人", "Stands in for others", "此人正在代理 {count} 人，代理随离职结束，请另行指定。",
                      "They stand in for {count} people: that ends with the leaving, appoint somebody else."),
    # of single records, while it runs
    "moved_since": Text("之后又换了人", "Moved since", "之后又换了负责人，保持现状。",
                        "It has changed hands since: it stays where it is."),
    "closed_since": Text("之后已签单或关闭", "Closed since", "之后已签单或关闭，业绩留给当时的负责人。",
                         "It was ordered or closed since: credit stays where it was earned."),
    "leaving_not_last": Text("离职后还有记录", "More was said since", "离职之后还有人事记录，离职不能撤销。",
                             "More was said of the person since they left: that they left stays."),
    "leaving_put_off": Text("离职暂缓", "Leaving put off", "有记录未能转交，尚未记录离职。",
                            "Something was not handed over: the person has not left."),
}  # fmt: skip
