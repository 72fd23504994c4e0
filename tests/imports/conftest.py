"""What the tests of importing share: tables made of text; the reference data where it lies beside the checkout."""

import io
from pathlib import Path

import pytest

from services.opportunities.imports.target import OpportunityMapping
from shared.imports.mapping import read_mapping
from shared.imports.problems import RowProblem
from shared.imports.rows import Row
from shared.imports.tables import FileShape, Table, read_table

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of reference files, used where it lies and never copied."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the reference data does not lie beside this checkout (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def mappings() -> Path:
    """The mappings written for the reference data."""
    return CHECKOUT / "tests" / "mappings"


def table(text: str | bytes, encoding: str = "utf-8", **shape: object) -> Table:
    """A table of a text in an encoding."""
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return read_table(io.BytesIO(content), FileShape.model_validate(shape))


def cells(found: Table) -> list[dict[str, str]]:
    """The cells of all rows; a problem is an error of the test."""
    rows = list(found.rows())
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.cells for row in rows if isinstance(row, Row)]


def problems(found: Table) -> list[tuple[int, str]]:
    """Line and code of every problem."""
    return [(row.line, row.code) for row in found.rows() if isinstance(row, RowProblem)]


def mapping(text: str) -> OpportunityMapping:
    """A mapping written in YAML."""
    return read_mapping(text, OpportunityMapping)
