"""What a call may raise. Everything derives from DakehuError.

Refused            the service said no; `code` is stable, `errors` name the parts at fault
  NotAllowed       401, 403: the credential, its scopes or its functions
  NotFound         404: there is none, or none in sight
  Conflict         409: a rule, in the present state
  Stale            412: the record has moved on; `version` is where it stands
  CursorGone       410: of a history that a restore has replaced; begin again with a snapshot
Busy               429 or 503 for longer than the client was told to wait; `retry_after` in seconds
Unreachable        the network, for as long as the client was told to try
CutShort           a batch whose answer ended early, for as long as the client was told to try
StreamEnded        the service ended a stream: `code` says why (a credential that holds no more)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class DakehuError(Exception):
    """Base of all."""


class Refused(DakehuError):
    """A problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", f"status_{status}"))
        self.detail = str(problem.get("detail", ""))
        self.errors: Sequence[Mapping[str, Any]] = problem.get("errors", ())
        self.trace_id = str(problem.get("trace_id", ""))
        parts = "; ".join(f"{at.get('pointer')}: {at.get('detail') or at.get('code', '')}" for at in self.errors[:3])
        super().__init__(f"{status} {self.code}: {self.detail}" + (f" ({parts})" if parts else ""))


class NotAllowed(Refused):
    pass


class NotFound(Refused):
    pass


class Conflict(Refused):
    pass


class Stale(Refused):
    @property
    def version(self) -> int | None:
        return self.problem.get("version")


class CursorGone(Refused):
    pass


class Busy(Refused):
    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        super().__init__(status, problem)
        self.retry_after = retry_after


class Unreachable(DakehuError):
    pass


class CutShort(DakehuError):
    pass


class StreamEnded(DakehuError):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


BY_STATUS: Mapping[int, type[Refused]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    410: CursorGone,
    412: Stale,
}


def refusal(status: int, problem: Mapping[str, Any]) -> Refused:
    """The error of this answer."""
    return BY_STATUS.get(status, Refused)(status, problem)
