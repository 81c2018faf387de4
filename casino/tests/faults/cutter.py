"""A TCP proxy in front of PostgreSQL that cuts connections in the middle of what they carry, when it is told to."""

import contextlib
import random
import select
import socket
import struct
import threading
from collections.abc import Iterator

PIECE = 16_384


class Cutter:
    """Carries bytes both ways; while ``is_cutting``, each connection is reset after a random number of bytes."""

    def __init__(self, target_port: int, seed: int, *, most_bytes: int = 200_000) -> None:
        self.target_port, self.most_bytes = target_port, most_bytes
        self.is_cutting = False
        self.cuts = 0
        self._chance = random.Random(f"{seed}:cutter")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @contextlib.contextmanager
    def running(self) -> Iterator["Cutter"]:
        """Take connections until the end of the block."""
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port))
        except OSError:
            client.close()
            return
        with client, server, contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Until one side ends, or the bytes are used up: then the last piece goes in part, in its direction alone."""
        left = None
        while True:
            for source in select.select([client, server], [], [])[0]:
                piece = source.recv(PIECE)
                if not piece:
                    return
                if not self.is_cutting:
                    left = None
                elif left is None:
                    left = self._chance.randint(1, self.most_bytes)
                if left is not None and len(piece) >= left:
                    (server if source is client else client).sendall(piece[:left])
                    self.cuts += 1
                    _reset(client)
                    _reset(server)
                    return
                left = left and left - len(piece)
                (server if source is client else client).sendall(piece)


def _reset(connection: socket.socket) -> None:
    """Close with a reset instead of a farewell: what is on its way is lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
