"""One measured figure: value, peer, ratio, aim, and whether it was met. Measures nothing."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import msgspec


class Figure(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`ratio` is the median of the ratios of interleaved runs, so it need not be value / peer exactly."""

    figure: str
    value: float | dict[str, float]
    peer: float | dict[str, float] | None = None
    ratio: float | None = None
    aim: str
    met: bool
    sizes: dict[str, Any]
    conditions: dict[str, Any] = {}


def figure(
    name: str,
    value: float,
    peer: float,
    ratio: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    sizes: dict[str, Any],
    conditions: dict[str, Any] | None = None,
) -> Figure:
    """A figure whose aim is a ratio to a peer."""
    assert (at_least is None) != (at_most is None)
    met = ratio >= at_least if at_least is not None else ratio <= (at_most or 0.0)
    aim = f"ratio >= {at_least:g}" if at_least is not None else f"ratio <= {at_most:g}"
    return Figure(
        figure=name, value=_short(value), peer=_short(peer), ratio=_short(ratio), aim=aim, met=met, sizes=sizes,
        conditions=conditions or {},
    )  # fmt: skip


def bounded(
    name: str,
    value: dict[str, float],
    limits: dict[str, float],
    *,
    sizes: dict[str, Any],
    peer: dict[str, float] | None = None,
    ratio: float | None = None,
    conditions: dict[str, Any] | None = None,
) -> Figure:
    """A figure whose aim is a bound on each of the values named in `limits`."""
    return Figure(
        figure=name,
        value={key: _short(number) for key, number in value.items()},
        peer=None if peer is None else {key: _short(number) for key, number in peer.items()},
        ratio=None if ratio is None else _short(ratio),
        aim=", ".join(f"{key} <= {limit:g}" for key, limit in limits.items()),
        met=all(value[key] <= limit for key, limit in limits.items()),
        sizes=sizes,
        conditions=conditions or {},
    )


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _short(number: float) -> float:
    return float(f"{number:.4g}") if abs(number) < 10_000 else float(round(number))
