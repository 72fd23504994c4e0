"""Operations: long work (import, export, hand-over) as rows any worker can run, resume and report on."""

from shared.jobs.operations import (
    Operation,
    Problem,
    cancel_operation,
    create_operation,
    get_operation,
    list_operations,
    problems_of,
)
from shared.jobs.runner import Failed, Handler, Resources, Runner
from shared.jobs.running import Cancelled, LeaseLost, Running, claim_next

__all__ = [
    "Cancelled",
    "Failed",
    "Handler",
    "LeaseLost",
    "Operation",
    "Problem",
    "Resources",
    "Runner",
    "Running",
    "cancel_operation",
    "claim_next",
    "create_operation",
    "get_operation",
    "list_operations",
    "problems_of",
]
