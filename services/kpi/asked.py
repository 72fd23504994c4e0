"""What the reads of this service share: from a request to a question with its names. Holds no report."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fastapi import Depends, Request

from services.kpi.asking import Labels
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.http.call import call_of
from shared.http.reading import Reading, Report
from shared.projections.view import View
from shared.records import asked as shared_asked


class Asked(shared_asked.Asked):
    """See the base; with the names."""

    of_sight: ClassVar[tuple[View, ...]] = (PEOPLE, UNITS)

    def __init__(self, read: Reading, request: Request) -> None:
        super().__init__(read, request)
        self.labels = Labels(read.kit.vault, call_of(request.scope).language)


async def asked(request: Request, read: Report) -> Asked:
    """What is asked."""
    return Asked(read, request)


Ask = Annotated[Asked, Depends(asked)]
