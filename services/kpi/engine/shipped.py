"""All definitions and sources that ship, in one place. Wires; defines nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.kpi.engine.definition import Chosen, Definition, Mixed
from services.kpi.engine.definitions.customers import CUSTOMERS
from services.kpi.engine.definitions.deals import DEALS
from services.kpi.engine.definitions.defeats import DEFEATS
from services.kpi.engine.definitions.leads import LEADS
from services.kpi.engine.question import Source
from services.kpi.engine.sources.buyers import BOUGHT, EARLIER
from services.kpi.engine.sources.others import OTHERS
from services.kpi.engine.sources.reported import REPORTS
from services.kpi.engine.sources.steps import STEPS
from services.kpi.engine.sources.stock import BACKLOG, STOCKS
from services.kpi.engine.sources.targets import PLANNED
from shared.projections.view import View

DEFINITIONS: tuple[Definition, ...] = (*DEALS, *DEFEATS, *LEADS, *CUSTOMERS)
"""Every version of every KPI."""
_ALL: tuple[Source, ...] = (STEPS, STOCKS, BACKLOG, REPORTS, BOUGHT, EARLIER, PLANNED, *OTHERS)
SOURCES: Mapping[str, Source] = {source.name: source for source in _ALL}


def _checked() -> Mapping[str, Mapping[int, Definition]]:
    found: dict[str, dict[int, Definition]] = {}
    for definition in DEFINITIONS:
        versions = found.setdefault(definition.id, {})
        if definition.version in versions:
            raise Mixed(f"{definition.id} has version {definition.version} twice")
        versions[definition.version] = definition
        for term in definition.terms:
            source = SOURCES[term.measure.source]
            if source.measures.get(term.measure.name) != term.measure:
                raise Mixed(f"{definition.id} takes {term.measure.name} for what {source.name} does not mean by it")
            if unknown := set(definition.dimensions) - set(source.dimensions):
                raise Mixed(f"{definition.id} cannot be grouped by {', '.join(sorted(unknown))}: {source.name} is not")
    return found


BY_ID: Mapping[str, Mapping[int, Definition]] = _checked()
"""Versions by number, of each KPI."""
KPIS: Sequence[str] = tuple(BY_ID)


def shipped(id: str) -> Definition:
    """The version in force where nothing else was published: the first."""
    return BY_ID[id][1]


def views_of(wanted: Iterable[Chosen]) -> Sequence[View]:
    """What a read of these waits for."""
    names = {term.measure.source for chosen in wanted for term in chosen.definition.terms} | {PLANNED.name}
    found = {view.name: view for name in sorted(names) for view in SOURCES[name].views}
    return tuple(found.values())
