"""A nursery whose parts do nothing, in several ways. Run by the tests here."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from services.nursery import main


def serve(name: str) -> None:
    if name == "failing":
        raise SystemExit(3)
    if name == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("up", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(serve)
