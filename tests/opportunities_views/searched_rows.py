"""What records are found by, in plain Python from the facts. Shares with what it checks the table of readings alone."""

from __future__ import annotations

import unicodedata
from typing import Any

from shared.pinyin import rows as readings
from tests.opportunities_views.log import Log
from tests.opportunities_views.oracle import Row, steps

READINGS = dict(readings())
NAMING = {
    *("AccountOpened", "AccountChanged", "ProspectCaptured", "DealWon", "OrderAmended", "OpportunityReferred"),
    *("ProductAdded", "ProductChanged"),
}
"""Facts that name a record or give it a code: others do not touch its row."""


def searched(log: Log, upto: int | None = None) -> list[Row]:
    """One row per account, opportunity and product that has a name or a code."""
    found = []
    for kind in ("account", "opportunity", "product"):
        for stream_id, facts in log.streams(kind, upto):
            told = list(steps(facts))
            if not told:
                continue
            _, standing, _ = told[-1]
            fact = [fact for fact, _, _ in told if fact.type in NAMING][-1]
            name = standing.get("name") if standing.get("name") is not None else standing.get("title")
            folded = fold(name or "")
            references = standing.get("external_refs")
            given = [standing.get("credit_code"), standing.get("order_ref"), standing.get("code")]
            given += list(references.values()) if isinstance(references, dict) else []
            codes = sorted({fold(code) for code in given if code is not None} - {""})
            if not folded and not codes:
                continue
            read = spell(folded)
            pinyin, initials = "".join(read), "".join(part[0] for part in read)
            found.append(
                {
                    "stream_id": stream_id,
                    "version": fact.version,
                    "kind": kind,
                    "name": name,
                    "folded": folded,
                    "pinyin": pinyin,
                    "initials": initials,
                    "codes": codes,
                    "grams": sorted({gram for text in (folded, pinyin, initials, *codes) for gram in pieces(text)}),
                }
            )
    return found


def fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def spell(text: str) -> list[str]:
    if not text:
        return []
    for size in (4, 3, 2, 1):
        if len(text) >= size and text[:size] in READINGS:
            return [*READINGS[text[:size]].split(), *spell(text[size:])]
    return [*([text[0]] if text[0].isascii() and text[0].isalnum() else []), *spell(text[1:])]


def pieces(text: str) -> list[Any]:
    return [text[place : place + size] for size in (1, 2) for place in range(len(text) - size + 1)]
