"""Whether a file of opportunities can be imported at all: what is cheap to know when it is sent. Takes no row."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from services.opportunities.imports.target import OpportunityMapping
from shared.imports.lookups import OpenBeside, read_lookups
from shared.imports.mapping import check_columns, lookups_of, read_mapping
from shared.imports.tables import read_table

Check = Callable[[bytes, BinaryIO, str, OpenBeside], None]


def check(mapping: bytes, file: BinaryIO, name: str, beside: OpenBeside) -> None:
    """Raises MappingRefused (every mistake with its path) and TableRefused."""
    read = read_mapping(mapping, OpportunityMapping)
    read_lookups(lookups_of(read), beside, trim=read.defaults.trim)
    table = read_table(file, read.file, name=name)
    check_columns(read, table.columns)
