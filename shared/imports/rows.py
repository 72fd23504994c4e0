"""One row of a table: its line and its cells as text. Knows no format."""

from collections.abc import Mapping

import msgspec

Cells = Mapping[str, str]
"""Column name → text as found. A blank cell is "", never None."""


class Row(msgspec.Struct, frozen=True):
    """One row. `line` is the line of the file on which it begins, counted from 1, header included."""

    line: int
    cells: dict[str, str]
