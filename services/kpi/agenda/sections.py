"""What stands on an agenda, noun by noun, in the order shown."""

from __future__ import annotations

from services.kpi.agenda.item import Section

SECTIONS: tuple[Section, ...] = ()
