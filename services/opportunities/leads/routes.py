"""Leads: enquiries by channel, assigned and disposed of; visitors counted; what a channel cost: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
