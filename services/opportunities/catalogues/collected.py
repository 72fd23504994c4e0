"""The catalogues there are: lists of words as shipped, and every enumeration of the published facts. Decides nothing.

A noun that adds an enumeration to its events has it here at once; its codes are named in `words.py` beside this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import ModuleType
from typing import Literal, get_args, get_origin

from services.accounts import events as account_events
from services.opportunities import events
from services.opportunities.billing import invoice, money_receipt
from services.opportunities.catalogues.words import ENGLISH, MORE, NAMES, OF_CATALOGUE, WORDS
from services.opportunities.policies.catalogues.words import CHANNELS, LAYERS, OBJECTIONS, PURPOSES, WAYS, Word
from shared.http.titles import title

SHIPPED: Mapping[str, Mapping[str, Word]] = {
    "channels": CHANNELS,
    "visit_purposes": PURPOSES,
    "visit_ways": WAYS,
    "layers": LAYERS,
    "objections": OBJECTIONS,
}
PUBLISHED: tuple[ModuleType, ...] = (account_events, events, invoice, money_receipt)


@cache
def catalogues() -> Mapping[str, Mapping[str, Word]]:
    """Every catalogue by its name, its codes in their order."""
    found = dict(SHIPPED)
    for name, codes in sorted(_enumerations()):
        found.setdefault(name, {code: word(name, code) for code in (*codes, *MORE.get(name, ()))})
    return found


def word(catalogue: str, code: str) -> Word:
    """What a code of a catalogue is called."""
    said = OF_CATALOGUE.get(catalogue, {}).get(code) or WORDS.get(code)
    return Word(said or title(code)[0], ENGLISH.get(code, code.replace("_", " ")))


def _enumerations() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Enumerations and literals of texts that the modules of facts publish, by the name of their catalogue."""
    for module in PUBLISHED:
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
                yield NAMES.get(kind.__name__, _plural(kind.__name__)), tuple(one.value for one in kind)
            elif get_origin(kind) is Literal and all(isinstance(code, str) for code in get_args(kind)):
                yield NAMES.get(name, _plural(name)), get_args(kind)


def _plural(name: str) -> str:
    """`project_statuses` of ProjectStatus."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if text.endswith(("s", "x", "ch")):
        return f"{text}es"
    return f"{text[:-1]}ies" if text.endswith("y") else f"{text}s"
