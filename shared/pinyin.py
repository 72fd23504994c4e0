"""How Chinese names are read, in letters without tones: 北京汽车 is `beijingqiche`, initials `bjqc`. No rule of search.

The table lies beside this file; the database has the same (migration 0011), so that views and the vault read alike.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path

TABLE = Path(__file__).with_suffix(".tsv")
LONGEST = 4
"""Characters of the longest phrase of the table."""

SURNAMES: Mapping[str, str] = {
    "单": "shan", "解": "xie", "仇": "qiu", "朴": "piao", "查": "zha", "曾": "zeng", "乐": "yue", "任": "ren",
    "区": "ou", "翟": "zhai", "缪": "miao", "盖": "ge", "召": "shao", "种": "chong", "秘": "bi", "员": "yun",
    "尉": "wei", "覃": "qin", "长孙": "zhangsun", "澹台": "tantai", "万俟": "moqi", "尉迟": "yuchi", "折": "she",
    "黑": "he", "繁": "po", "冼": "xian", "洗": "xian", "幺": "yao", "隗": "wei", "那": "na", "石": "shi", "么": "yao",
    "逄": "pang", "芮": "rui", "车": "che", "宓": "mi",
    "臧": "zang", "褚": "chu", "阚": "kan", "郇": "xun", "贾": "jia",
}  # fmt: skip
"""Characters that are read otherwise at the beginning of a person's name; found by both readings."""


def rows() -> Iterator[tuple[str, str]]:
    """Every text of the table and its reading, syllables by blanks."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            first, _, second = line.partition("\t")
            if first.isascii():
                yield from ((sign, first) for sign in second)
            else:
                yield first, second


@cache
def _table() -> Mapping[str, str]:
    return dict(rows())


def folded(text: str) -> str:
    """A text as it is searched: width, case and blanks aside."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def syllables(text: str) -> list[str]:
    """The readings of a folded text one by one; letters and digits stand for themselves, other signs for nothing."""
    table = _table()
    found: list[str] = []
    at = 0
    while at < len(text):
        for size in range(min(LONGEST, len(text) - at), 0, -1):
            if (reading := table.get(text[at : at + size])) is not None:
                found += reading.split()
                at += size
                break
        else:
            if text[at].isascii() and text[at].isalnum():
                found.append(text[at])
            at += 1
    return found


def of_person(name: str) -> set[str]:
    """What a person's name is found by in letters: read in full and by initials, the surname by all its readings."""
    text = folded(name)
    readings: list[Iterable[list[str]]] = [[syllables(text)]]
    for size in (2, 1):
        if (surname := SURNAMES.get(text[:size])) is not None and len(text) > size:
            readings = [[syllables(text), [surname, *syllables(text[size:])]]]
            break
    found: set[str] = set()
    for (read,) in product(*readings):
        found |= {"".join(read), "".join(part[:1] for part in read)}
    return {one for one in found if len(one) > 1 and one != text}
