"""``python -m deploy.healthcheck web|worker|beat``: exit 0 while this container's process does its work."""

import http.client
import os
import socket
import sys
import time
from pathlib import Path

TIMEOUT_SECONDS = 6
# Celery writes its schedule down every three minutes.
BEAT_SILENCE_SECONDS = 400


def web(port: int) -> str:
    """What is wrong with the server on this port, if anything: asked under a name that ALLOWED_HOSTS has."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        return f"/healthz: {error}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else f"/healthz answers {answer.status}"


def worker(name: str) -> str:
    """What is wrong with the worker of this name, if anything: it answers the broker's ping."""
    from casino.celery import app  # needs the settings, which the other checks do without

    return "" if app.control.ping([name], timeout=TIMEOUT_SECONDS - 3) else f"{name} does not answer"


def beat(schedule: Path) -> str:
    """What is wrong with beat, if anything: it keeps its schedule up to date."""
    files = list(schedule.parent.glob(f"{schedule.name}*"))
    newest = max((file.stat().st_mtime for file in files), default=0.0)
    silence = time.time() - newest
    return "" if silence < BEAT_SILENCE_SECONDS else f"the schedule {schedule} has not been written lately"


def main(kind: str, where: str = "") -> str:
    """What is wrong with the process of this kind; ``where`` is its port, name or schedule if not the usual one."""
    if kind == "web":
        return web(int(where or 8000))
    if kind == "worker":
        return worker(where or f"worker@{socket.gethostname()}")
    if kind == "beat":
        return beat(Path(where or "/tmp/beat-schedule"))  # noqa: S108 - the container's own
    return f"{kind} is not web, worker or beat"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
