"""A process that uses a data folder's server: prints its process id and the URL, then waits. Run by the tests here."""

import os
import sys
import time
from pathlib import Path

from shared.postgres.embedded import acquire_in_thread

if __name__ == "__main__":
    print(os.getpid(), acquire_in_thread(Path(sys.argv[1])), flush=True)
    time.sleep(120)
