"""Views: one SELECT over corrected facts each, folded live, rebuilt, read as known at any position."""

from shared.projections.follow import Follower, catch_up
from shared.projections.parking import NotParked, Parked, parked, retry, skip
from shared.projections.rebuild import rebuild
from shared.projections.status import ViewStatus, status, unused
from shared.projections.tables import ViewChanged, ViewRefused, drop, prepare
from shared.projections.verify import Difference, verify_view
from shared.projections.view import View, source
from shared.projections.waiting import ViewBehind, wait_for

__all__ = [
    "Difference",
    "Follower",
    "NotParked",
    "Parked",
    "View",
    "ViewBehind",
    "ViewChanged",
    "ViewRefused",
    "ViewStatus",
    "catch_up",
    "drop",
    "parked",
    "prepare",
    "rebuild",
    "retry",
    "skip",
    "source",
    "status",
    "unused",
    "verify_view",
    "wait_for",
]
