"""A small random number service that keeps to the contract, and on demand breaks it in each way worth refusing."""

import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "k" * 40


class RngServer:
    """Serves on a free port of this machine; ``mode`` says how it answers, ``requests`` what it was asked."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.requests: list[dict[str, Any]] = []
        self.answers: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"rng": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/seeds?brand=aurora"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.mode = "ok"
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers for a request, in the present mode."""
        self.requests.append(request)
        mode = self.mode
        if mode == "fails once":
            self.mode = "ok"
            return 500, b"", {}
        if mode == "500":
            return 500, b"", {}
        if mode == "redirect":
            return 307, b"", {"Location": self.url}
        if mode == "slow":
            time.sleep(1)
        if mode == "replay" and self.answers:
            return 200, self.answers[0], {}
        body = json.dumps({"seeds": self._seeds(request, mode)}).encode()
        garbled = {"not json": b"seeds", "no object": b"[]", "half": body[: len(body) // 2], "deep": b"[" * 50_000}
        self.answers.append(garbled.get(mode, body))
        return 200, self.answers[-1], {}

    def _seeds(self, request: dict[str, Any], mode: str) -> list[dict[str, str]]:
        seeds = [secrets.token_hex(32) for _ in range(request["count"] - (mode == "short"))]
        if mode == "same seed":
            seeds = [secrets.token_hex(32)] * request["count"]
        if mode == "long":
            seeds.append(secrets.token_hex(32))
        if mode == "malformed seed":
            seeds = [seed.upper().replace("A", "G") for seed in seeds]
        key = "another key" if mode == "wrong signature" else KEY
        signed = [
            {"seed": seed, "signature": hmac.digest(key.encode(), message.encode(), "sha256").hex()}
            for index, seed in enumerate(seeds)
            for message in [f"{request['request_id']}:{index}:{seed}"]
        ]
        if mode == "swapped":
            signed[0]["seed"], signed[1]["seed"] = signed[1]["seed"], signed[0]["seed"]
        return signed


class _Handler(BaseHTTPRequestHandler):
    rng: RngServer

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body, headers = self.rng.answer(request)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.rng.mode == "drip":
            self._drip(body)
        else:
            self.wfile.write(body)

    def _drip(self, body: bytes) -> None:
        """A byte at a time: no single read takes long, the whole takes for ever."""
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""
