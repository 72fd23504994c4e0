"""How it is known who sees the records of a stream: from the standing its events carry, or from a record it hangs on.

A service declares one `Scope` for each of its stream types; a stream of none is shown only to who sees everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ITSELF = "@stream"
"""In place of a standing field: the id of the stream itself (a member of staff)."""
FIELD = re.compile(r"^\$\.(\w+)")


@dataclass(frozen=True, slots=True)
class Through:
    """A standing field with the id of a record of one of these stream types; `many`: with a list of such ids."""

    field: str
    kinds: tuple[str, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a record's owner, unit and support team stand in its `standing`, or which record it follows.

    `owner`, `unit`: standing fields of a person's and a unit's id. `persons`: jsonpaths over the standing to the ids of
    persons who see it besides: a support team, who takes part. `supported`: field of an account whose `persons` see
    this record too. `through`: who sees one of the records of the first of these fields that is set sees this one, and
    nobody else but `persons`; while none is set the record has a scope of its own. `posted`: who holds one of these
    functions at its unit sees it as long as it is nobody's. `open`: everybody of the company sees it. None of all
    these: only who sees everything does.

    `lane`: fields of the account or opportunity whose order it keeps, as its first event named them; none of them set:
    it keeps its own.
    """

    owner: str | None = None
    unit: str | None = None
    persons: tuple[str, ...] = ()
    supported: str | None = None
    through: tuple[Through, ...] = ()
    posted: frozenset[str] = frozenset()
    open: bool = False
    lane: tuple[str, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """The standing fields on which it depends who sees the record."""
        named = {self.owner, self.unit, self.supported, *(way.field for way in self.through)} - {None, ITSELF}
        paths = {found.group(1) for path in self.persons if (found := FIELD.match(path)) is not None}
        return frozenset(field for field in named if field is not None) | paths


Scopes = Mapping[str, Scope]
"""By stream type."""

COMPANY = Scope()
"""Of the company as a whole: for who sees everything."""
EVERYBODY = Scope(open=True)
