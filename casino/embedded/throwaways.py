"""The guard of a temporary folder: cleans up behind a test run that was killed and could not do it itself."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Reads until end of file, which comes when the process holding the other end of the pipe is gone, however it went.
GUARD = """
cat > /dev/null
kill -QUIT $(head -n 1 "$1/postgres/cluster/postmaster.pid") 2> /dev/null
kill -TERM $(head -n 1 "$1/valkey/valkey.pid") 2> /dev/null
for attempt in 1 2 3 4 5; do rm -rf "$1" 2> /dev/null && exit; sleep 0.5; done
"""


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Stop the servers in ``folder`` and remove it when this process ends without leaving the context."""
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    assert guard.stdin is not None
    try:
        yield
    finally:
        guard.kill()
        guard.wait()
        guard.stdin.close()
