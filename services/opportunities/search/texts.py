"""What the refusals of search are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "unknown_search_kind": Text(
        "没有这样的种类",
        "Unknown kind",
        "可搜索的种类：account、opportunity、product、person、key_person、contact。",
        "What can be looked for: account, opportunity, product, person, key_person, contact.",
        422,
    ),
}
