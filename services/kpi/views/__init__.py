"""The views of this service; `VIEWS`, all of them, is put together when it is asked for: parts import one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.kpi.views.in_one_place import VIEWS

__all__ = ["VIEWS"]


def __getattr__(name: str) -> Any:
    if name == "VIEWS":
        from services.kpi.views.in_one_place import VIEWS

        return VIEWS
    raise AttributeError(name)
