"""In a network of its own: PostgreSQL's host vanishes between two queries; prints how long the second takes to fail.

unshare --net python -m casino.tests.faults.vanishing
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from casino import embedded


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(prefix="casino-vanishing-") as name:
        home = Path(name)
        home.chmod(0o711)
        postgres = embedded.Postgres(home / "postgres", throwaway=True)
        with embedded.running(postgres, home / "postgres.log"):
            print(f"failed after {_fail(postgres.url):.1f} s", flush=True)


def _fail(url: str) -> float:
    """How many seconds until a query of Django's connection knows that nobody answers any more."""
    os.environ |= {"DATABASE_URL": url, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "casino.settings"}
    import django

    django.setup()
    from django.db import OperationalError, connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        began = time.monotonic()
        try:
            cursor.execute("SELECT 2")
        except OperationalError:
            return time.monotonic() - began
        finally:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    raise AssertionError("nobody was there, and yet somebody answered")


if __name__ == "__main__":
    main()
