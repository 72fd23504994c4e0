"""Small tables beside the imported file, by key. Held in memory and therefore bounded; must not interpret any value."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import BinaryIO, Final

from shared.imports.problems import MappingError, MappingRefused, RowProblem, TableRefused
from shared.imports.rules import Lookup
from shared.imports.tables import FileShape, read_table
from shared.imports.values import Trim, trimmed

MAX_ROWS: Final = 200_000

Wanted = tuple[str, str, str]
OpenBeside = Callable[[str], AbstractContextManager[BinaryIO]]
"""Opens a file beside the imported one by its plain name; raises FileNotFoundError."""


class Lookups:
    """key → value for each (file, key, take) a mapping asks for."""

    def __init__(self, tables: dict[Wanted, dict[str, str]]) -> None:
        self._tables = tables

    def table(self, lookup: Lookup) -> dict[str, str]:
        """The values of one look-up by key."""
        return self._tables[lookup.file, lookup.key, lookup.take]


def read_lookups(wanted: Iterable[tuple[str, Lookup]], beside: OpenBeside, *, trim: Trim = "ends") -> Lookups:
    """Every file read once, as far as it is asked for. `wanted` gives each look-up with its path in the mapping.

    Raises MappingRefused: a file or column is not there, a key says two things, or there are too many rows.
    """
    asked = list(wanted)
    errors: list[MappingError] = []
    tables: dict[Wanted, dict[str, str]] = {}
    for name in sorted({lookup.file for _, lookup in asked}):
        pairs = {(lookup.key, lookup.take): path for path, lookup in asked if lookup.file == name}
        try:
            with beside(name) as source:
                errors += _read(source, name, pairs, tables, trim)
        except FileNotFoundError:
            errors.append(MappingError(next(iter(pairs.values())), f"the file {name} was not sent along"))
        except TableRefused as refused:
            errors.append(MappingError(next(iter(pairs.values())), str(refused)))
    if errors:
        raise MappingRefused(errors)
    return Lookups(tables)


def _read(
    source: BinaryIO, name: str, pairs: dict[tuple[str, str], str], tables: dict[Wanted, dict[str, str]], trim: Trim
) -> list[MappingError]:
    table = read_table(source, FileShape(), name=name)
    if table.columns is not None:
        missing = {(path, column) for pair, path in pairs.items() for column in pair if column not in table.columns}
        if missing:
            return [MappingError(path, f"{name} has no column {column!r}") for path, column in sorted(missing)]
    found: dict[tuple[str, str], dict[str, str]] = {pair: {} for pair in pairs}
    for count, row in enumerate(table.rows(), start=1):
        if isinstance(row, RowProblem):
            return [MappingError(next(iter(pairs.values())), f"{name} line {row.line}: {row.message}")]
        if count > MAX_ROWS:
            return [MappingError(next(iter(pairs.values())), f"{name} has more than {MAX_ROWS} rows")]
        for (key, take), values in found.items():
            at = trimmed(row.cells.get(key, ""), trim)
            value = trimmed(row.cells.get(take, ""), trim)
            if at and values.setdefault(at, value) != value:
                return [
                    MappingError(pairs[key, take], f"{name} line {row.line}: {key} {at!r} has two different {take}")
                ]
    for (key, take), values in found.items():
        tables[name, key, take] = values
    return []
