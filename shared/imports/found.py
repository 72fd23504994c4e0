"""What came of looking up what a row names: its id, or why there is none. Looks nothing up itself."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Missing:
    """It is not there and was not to be made, or could not be: a problem of every row that names it."""

    code: str
    value: str
    params: tuple[tuple[str, str], ...] = ()


Found = UUID | Missing
