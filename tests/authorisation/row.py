"""A row of the matrix, and what rows are made of. The rows themselves are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.expectations import Pattern

JSON = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One operation: what every principal may expect, on which record, with which body.

    `on` names what is made for it in `targets.py`: its id fills the path. `body` may be a function, of the target's
    id. `done` are the statuses of success. A row with `files` is a multipart upload.
    """

    expect: Pattern
    on: str = ""
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    done: tuple[int, ...] = (200, 201, 202)
    matched: bool = True
    why: str = ""

    def body_for(self, target: Any) -> Any:
        return self.body(target) if callable(self.body) else self.body


def listed() -> Row:
    """A list or report anybody of the company may ask for: it shows each what they see."""
    return Row(who.OWN_COMPANY)


OWN = str(id_of("b00.a"))
BRANCH = str(id_of("b00"))
LINE = {"line": 1, "product": "A6L", "units": 10, "unit_price": "300000"}
AGAIN = {"duplicate": "intended", "duplicate_reason": "分批采购"}
VISIT = {"purpose": "push_forward", "way": "on_site"}

FILING = {
    **dict.fromkeys(who.COMPANY, "outside"),
    **dict.fromkeys((who.AUDITOR, who.TENANT_ADMIN, who.OPERATIONS), "refused"),
    **dict.fromkeys((*who.SEEN_BY, who.OTHER_TENANT), "done"),
    who.READ_ONLY: "scope", who.NO_SCOPE: "scope", who.EXPIRED: "unknown", who.NOBODY: "unknown",
}  # fmt: skip
"""Putting something on file for b00.a at b00: who sees it and has customers. The other company has the same ids."""
