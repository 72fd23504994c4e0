"""How it is known who sees the records of a stream: from the standing its events carry, or from a record it hangs on.

A service declares one `Scope` for each of its stream types; a stream of none is shown only to who sees everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a record's owner, unit and support team stand in its `standing`, or which record it follows.

    `owner`, `unit`: standing fields of a person's and a unit's id. `team`: fields that begin so hold members of the
    support team. `through`: standing fields that hold the id (or a list of ids) of records whose scope is this one's;
    the first that is set counts. `open`: everybody of the company sees it (the directory, products, published rules).
    None of these: only who sees everything does.
    """

    owner: str | None = None
    unit: str | None = None
    team: str | None = None
    through: tuple[str, ...] = ()
    open: bool = False


Scopes = Mapping[str, Scope]
"""By stream type."""

COMPANY = Scope()
"""Of the company as a whole: for who sees everything."""
EVERYBODY = Scope(open=True)
