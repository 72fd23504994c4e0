"""Parts of bodies read to the letter: no number for a decision, no decision for a number, no number for an instant."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from services.webhooks.commands import MOST_RATE
from shared.http.bodies import moment
from shared.http.reading import MAX_POSITION

Decision = Annotated[bool, Field(strict=True)]
Position = Annotated[int, Field(strict=True, ge=0, le=MAX_POSITION)]
Rate = Annotated[float, Field(strict=True, ge=0.01, le=MOST_RATE)]
Moment = Annotated[AwareDatetime, BeforeValidator(moment)]
