"""Loaded at the start of every Python of a test's stack: moves the clock of the web process by the seconds in a file.

FAULT_CLOCK names the file; it may change while the process runs. Other processes keep their clock.
"""

import contextlib
import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


def _is_web() -> bool:
    """Whether this is granian, or a worker that granian started."""
    with contextlib.suppress(OSError):
        parent = Path(f"/proc/{os.getppid()}/cmdline").read_bytes()
        return b"granian" in parent or "granian" in sys.orig_argv
    return False


def _follow(file: Path) -> None:
    moved, traveller = 0.0, None
    while True:
        with contextlib.suppress(OSError, ValueError):
            wanted = float(file.read_text())
            if wanted != moved:
                if traveller is not None:
                    traveller.stop()
                    traveller = None
                if wanted:
                    # Not before it is needed: the process is still importing its own modules when this thread begins.
                    import time_machine

                    traveller = time_machine.travel(datetime.now(UTC) + timedelta(seconds=wanted), tick=True)
                    traveller.start()
                moved = wanted
                print(f"the clock is moved by {moved:.0f} s: {datetime.now(UTC)}", flush=True)
        time.sleep(0.1)


if "FAULT_CLOCK" in os.environ and _is_web():
    threading.Thread(target=_follow, args=(Path(os.environ["FAULT_CLOCK"]),), daemon=True).start()
