"""Who may grant what: functions from below to above, and what a published limit covers. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from services.accounts.events import Function
from shared.identity.approval import APPROVES

LADDER: tuple[str, ...] = (
    Function.REPRESENTATIVE,
    Function.ACCOUNT_MANAGER,
    Function.DEPARTMENT_HEAD,
    Function.BRANCH_MANAGER,
    Function.REGIONAL_MANAGER,
    Function.DIRECTOR,
    Function.HEAD_OFFICE,
)
"""Functions that can have a limit, from the lowest up."""

APPROVING: tuple[str, ...] = tuple(function for function in LADDER if function in APPROVES)
"""Of these, the ones that decide for others."""


class Limit(Protocol):
    """What is asked for, against the limits in force."""

    def covers(self, functions: Collection[str]) -> bool:
        """Whether somebody of these functions may grant it."""
        ...

    def of(self, functions: Collection[str]) -> str:
        """The limit of somebody of these functions, as words: "0.05", "500000 CNY", "-" for none."""
        ...


def needs(limit: Limit) -> str:
    """The lowest function that decides for others and whose limit covers it.

    A published policy always has one: it is refused otherwise.
    """
    return next(function for function in APPROVING if limit.covers((function,)))


def highest(functions: Collection[str]) -> str | None:
    """Of some functions, the one highest on the ladder."""
    return next((function for function in reversed(LADDER) if function in functions), None)


def granting(limit: Limit, functions: Collection[str]) -> str:
    """Of somebody's functions, the lowest whose limit covers it. One must."""
    return next(function for function in LADDER if function in functions and limit.covers((function,)))
