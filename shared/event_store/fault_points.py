"""Named points of a command or a fold where a process can be killed on purpose. In production they do nothing, ever.

`DAKEHU_FAULT=append.sent` kills this process at the first time it gets there, `append.sent:3` at the third.
`DAKEHU_FAULT=@FILE` takes the point from a file that may come later: whoever dies there removes it first, so that
what is started again lives.

The points, in the order a command passes them: `command.decided` (the rules said yes), `append.queued` (nothing sent),
`append.sent` (on its way to PostgreSQL, no answer yet), `append.answered` (committed, nobody told),
`command.appended` (told, but not the client). Of the worker: `fold.moved` (checkpoints moved), `fold.rows` (some
views' rows written, all uncommitted), `fold.committed`, `operation.appended` (an operation's items are in the log, and
not yet noted as done).
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

_asked = os.environ.get("DAKEHU_FAULT", "")
_file = Path(_asked[1:]) if _asked.startswith("@") else None
_reached: Counter[str] = Counter()

armed = bool(_asked) and os.environ.get("DAKEHU_ENV", "development") != "production"
"""Whether any point is set; hot paths ask this first."""


def reach(point: str) -> None:
    """Die here, at once and without cleaning up, if this is the point that was asked for."""
    if not armed:
        return
    asked = _asked
    if _file is not None:
        try:
            asked = _file.read_text().strip()
        except FileNotFoundError:
            return
    wanted, _, count = asked.partition(":")
    if point != wanted:
        return
    _reached[asked] += 1
    if _reached[asked] >= int(count or 1):
        if _file is not None:
            with suppress(FileNotFoundError):
                _file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
