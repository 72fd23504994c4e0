"""Which of the rules a tenant has published is in force on a day. Pure; knows no rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Protocol, TypeVar


class Effective(Protocol):
    """Rules in force from a day on."""

    @property
    def effective_from(self) -> date: ...


E = TypeVar("E", bound=Effective)


def of_day(known: Sequence[E], day: date) -> E:
    """Of rules in the order published, the shipped first: the latest effective from then or before.

    Of one day the latest published; before all of them the shipped.
    """
    in_force = [rules for rules in known if rules.effective_from <= day]
    return max(reversed(in_force), key=attrgetter("effective_from"), default=known[0])
