"""A copy of a cluster at a moment: a base backup and the archive of its log, restored into a folder and started.

The copy listens on loopback alone, writes to no archive, and never becomes somebody's replica.
"""

import os
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from casino.embedded.postgres import Postgres
from casino.embedded.processes import tail
from casino.embedded.server import EmbeddedError

# What a copy must not take over from the server that was backed up.
OWN_SETTINGS = {"archive_mode": "off", "hot_standby": "off", "ssl": "off", "primary_conninfo": ""}
ADMISSION = "host all all 127.0.0.1/32 scram-sha-256\n"


class RestoredCopy(Postgres):
    """The cluster of ``backup`` as it was at ``until`` (the end of the archive for None).

    ``source_url`` names the database and a role of the backed-up server with its password: the copy has them too.
    """

    def __init__(self, folder: Path, backup: Path, archive: Path, source_url: str, until: datetime | None) -> None:
        super().__init__(folder)
        self.backup, self.archive, self.until = backup.absolute(), archive.absolute(), until
        self._source = urlsplit(source_url)

    @property
    def url(self) -> str:
        role = self._source.netloc.rpartition("@")[0]
        return urlunsplit(self._source._replace(netloc=f"{role}@127.0.0.1:{self.port}", query=""))

    @property
    def command(self) -> list[str]:
        options = [part for name, value in OWN_SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return [*super().command, *options]

    def prepare(self) -> None:
        """Copy the backup, and tell PostgreSQL up to where to replay the log; raises EmbeddedError for no backup."""
        if not (self.backup / "backup_label").exists():
            raise EmbeddedError(f"{self.backup} is not a base backup in plain format.")
        if self.cluster.exists():
            raise EmbeddedError(f"{self.cluster} exists already; restore into an empty folder.")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(self.backup, self.cluster, symlinks=True)
        (self.cluster / "pg_hba.conf").write_text(ADMISSION)
        with (self.cluster / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self._recovery().items())
        (self.cluster / "recovery.signal").touch()
        self.cluster.chmod(0o700)
        if account := self.launch.account:
            for path in (self.cluster, *self.cluster.rglob("*")):
                os.chown(path, account["user"], account["group"])

    def verify(self) -> None:
        """Compare every file of the backup with its manifest; raises EmbeddedError where one differs."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = self.launch.command("pg_verifybackup", "--quiet", str(self.backup))
        answer = subprocess.run(command, capture_output=True, text=True, check=False, **self.launch.account)
        if answer.returncode != 0:
            raise EmbeddedError(f"The backup is damaged: {(answer.stderr or answer.stdout).strip()}")

    def wait_ready(self, process: "subprocess.Popen[bytes]", log_file: Path) -> None:
        """Return when the log is replayed and the copy takes writes, however long that takes; else EmbeddedError."""
        while self._is_recovering():
            if process.poll() is not None:
                raise EmbeddedError(f"The restore ended, see {log_file}:\n{tail(log_file)}")
            time.sleep(0.2)

    def _is_recovering(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=2) as database:
                return database.execute("SELECT pg_is_in_recovery()").fetchone() != (False,)
        except psycopg.OperationalError as error:
            if "authentication" in str(error) or "does not exist" in str(error):
                raise EmbeddedError(f"The copy does not know the role of DATABASE_URL: {error}") from error
            return True

    def _recovery(self) -> dict[str, str]:
        target = {"recovery_target_time": self.until.isoformat()} if self.until else {}
        return {
            "restore_command": f'cp "{self.archive}/%f" "%p"',
            "recovery_target_action": "promote",
            "recovery_target_timeline": "current",
            **target,
        }
