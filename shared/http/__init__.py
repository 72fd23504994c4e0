"""The HTTP kit: `create_app` and what routes ask for. Knows no business word."""

from shared.http.app import create_app
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch, Parts, Who
from shared.http.openapi import refuses
from shared.http.problem import At, Problem, Text
from shared.http.receipt import Receipt
from shared.http.route import Router

__all__ = [
    "At",
    "CommandContext",
    "Commands",
    "Ctx",
    "CtxMatch",
    "Parts",
    "Problem",
    "Receipt",
    "Router",
    "Text",
    "Who",
    "Work",
    "create_app",
    "refuses",
]
