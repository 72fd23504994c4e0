"""Words the sample is made of: places, trades, surnames, models. Invented; no real person or company is meant."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Branch:
    code: str
    name: str
    city: str


@dataclass(frozen=True, slots=True)
class Region:
    code: str
    name: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Model:
    code: str
    name: str
    price_yuan: int
    weight: int


REGIONS = (
    Region(
        "R-EAST",
        "华东大区",
        (
            Branch("B-SH", "上海分公司", "上海"),
            Branch("B-HZ", "杭州分公司", "杭州"),
            Branch("B-NJ", "南京分公司", "南京"),
        ),
    ),
    Region("R-NORTH", "华北大区", (Branch("B-BJ", "北京分公司", "北京"), Branch("B-TJ", "天津分公司", "天津"))),
    Region("R-SOUTH", "华南大区", (Branch("B-GZ", "广州分公司", "广州"), Branch("B-SZ", "深圳分公司", "深圳"))),
)

MODELS = (
    Model("KH-S3", "凯恒 S3 舒适型", 98_000, 5),
    Model("KH-S5", "凯恒 S5 商务型", 168_000, 6),
    Model("KH-S7", "凯恒 S7 行政型", 286_000, 3),
    Model("KH-E5", "凯恒 E5 纯电", 189_000, 4),
    Model("KH-V9", "凯恒 V9 七座", 236_000, 3),
    Model("KH-T1", "凯恒 T1 轻型货车", 112_000, 2),
)

TRADES = (
    ("汽车租赁有限公司", "leasing", 5),
    ("出租汽车有限公司", "taxi", 4),
    ("物流有限公司", "logistics", 4),
    ("公务用车服务中心", "government", 3),
    ("电力工程有限公司", "energy", 2),
    ("建设集团有限公司", "construction", 3),
    ("商务会展有限公司", "exhibition", 1),
    ("驾驶培训有限公司", "driving_school", 1),
    ("医药有限公司", "medical", 2),
)

FIRST_SYLLABLES = tuple("恒瑞华鑫盛嘉泰宏锦安永联创远通达信源海天润弘博凌云启明")
SECOND_SYLLABLES = tuple("达丰运行畅联成业翔驰程益隆昌泽兴和光辉腾")
SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧")
GIVEN = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
    "刚",
    "桂英",
    "建华",
    "文博",
    "雨桐",
    "子轩",
    "浩然",
    "欣怡",
    "志强",
    "晓燕",
]
CHANNELS = ("showroom", "phone", "web", "outreach", "roadshow", "tender_notice", "existing_owner", "referral")
COMPETITORS = (("远航", "Y6"), ("东岭", "D50"), ("启源", "商旅版"), ("北辰", "N7"))


def person_name(chance: Random) -> str:
    """A surname and a given name."""
    return chance.choice(SURNAMES) + chance.choice(GIVEN)


def mobile_number(chance: Random) -> str:
    """Eleven digits in a range that is not given out (199-0000-xxxx)."""
    return f"1990000{chance.randrange(10_000):04d}"


def company_name(chance: Random, city: str) -> tuple[str, str]:
    """(name, trade) of an organisation of this city."""
    suffix, trade, _ = chance.choices(TRADES, weights=[weight for *_, weight in TRADES])[0]
    return f"{city}{chance.choice(FIRST_SYLLABLES)}{chance.choice(SECOND_SYLLABLES)}{suffix}", trade


CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def credit_code(chance: Random) -> str:
    """A Unified Social Credit Code with a right check digit (GB 32100), of an area code that is not given out."""
    body = "91990000MA" + "".join(chance.choice(CREDIT_CODE_ALPHABET) for _ in range(7))
    total = sum(
        CREDIT_CODE_ALPHABET.index(letter) * weight for letter, weight in zip(body, CREDIT_CODE_WEIGHTS, strict=True)
    )
    return body + CREDIT_CODE_ALPHABET[(31 - total % 31) % 31]
