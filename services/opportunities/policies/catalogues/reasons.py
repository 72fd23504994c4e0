"""The reason catalogue shipped: why we lose (domain file §2, defeat kinds and reasons). Data only."""

from __future__ import annotations

from services.opportunities.events import ReasonCategory, ReasonLeaf


def _category(
    code: str, zh: str, en: str, *leaves: tuple[str, str, str], clear: bool = True, training_need: bool = False
) -> ReasonCategory:
    reasons = tuple(ReasonLeaf(f"{code}.{leaf}", leaf_zh, leaf_en) for leaf, leaf_zh, leaf_en in leaves)
    return ReasonCategory(code, zh, en, reasons, clear=clear, training_need=training_need)


SHIPPED: tuple[ReasonCategory, ...] = (
    _category(
        "other_dealer",
        "同品牌异经销商",
        "same brand, other dealer",
        ("unsuitable", "车型不合适", "unsuitable model"),
        ("out_of_stock", "无现车", "out of stock"),
        ("promotion", "促销活动", "promotion"),
        ("recommendation", "他人推荐", "recommendation"),
        ("location", "地理位置", "location"),
        ("environment", "店面环境", "environment"),
        ("price", "价格", "price"),
        ("financing", "金融方案", "financing"),
        ("territory", "区域政策", "territory rule"),
        ("after_sales", "售后服务", "after-sales"),
    ),
    _category(
        "other_brand",
        "异品牌",
        "other brand",
        ("preference", "品牌偏好", "preference"),
        ("unsuitable", "产品不合适", "unsuitable"),
        ("out_of_stock", "无现货", "out of stock"),
        ("promotion", "促销活动", "promotion"),
        ("recommendation", "他人推荐", "recommendation"),
        ("location", "地理位置", "location"),
        ("environment", "店面环境", "environment"),
        ("price", "价格", "price"),
        ("financing", "金融方案", "financing"),
        ("territory", "区域政策", "territory rule"),
        ("after_sales", "售后服务", "after-sales"),
    ),
    _category(
        "own",
        "本店人员",
        "our own people",
        ("attitude", "服务态度", "attitude"),
        ("needs_not_understood", "未了解客户需求", "needs not understood"),
        ("product_knowledge", "产品知识不足", "product knowledge"),
        ("slow_follow_up", "跟进不及时", "slow follow-up"),
        ("problem_not_solved", "问题未解决", "problem not solved"),
        ("promise_not_kept", "承诺未兑现", "promise not kept"),
        training_need=True,
    ),
    _category(
        "project",
        "集团与项目",
        "fleet and projects",
        ("tender_lost", "招标未中", "tender lost"),
        ("budget", "预算取消或推迟", "budget cancelled or postponed"),
        ("policy", "政策或目录限制", "policy or catalogue limit"),
        ("framework_supplier", "框架供应商", "framework supplier"),
        ("leased", "改为租赁", "leased instead"),
        ("no_response", "无回应", "no response"),
    ),
    _category(
        "unknown",
        "不明",
        "unknown",
        ("not_stated", "原因不明", "not known"),
        clear=False,
    ),
)
