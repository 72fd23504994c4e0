"""Named points of a command where a process can be killed on purpose. In production they do nothing, ever.

`DAKEHU_FAULT=append.sent` kills this process at the first time it gets there, `append.sent:3` at the third.
The points: `append.queued` (nothing sent), `append.sent` (on its way to PostgreSQL, no answer yet),
`append.answered` (committed, nobody told); others are named where they are used.
"""

from __future__ import annotations

import os
import signal

_point, _, _count = os.environ.get("DAKEHU_FAULT", "").partition(":")
_left = int(_count or 1)

armed = bool(_point) and os.environ.get("DAKEHU_ENV", "development") != "production"
"""Whether any point is set; hot paths ask this first."""


def reach(point: str) -> None:
    """Die here, at once and without cleaning up, if this is the point that was asked for."""
    global _left
    if not armed or point != _point:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
