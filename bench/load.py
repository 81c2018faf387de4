"""How many bets a second over HTTP, with everything on: `make bench`.

    python -m bench.load [--players 2000] [--seconds 15] [--connections 16 32 64] [--desks 1] [--json FILE]

Starts the production processes without a proxy (``bench/stack.py``), lets wrk play, bets only and then 70 % reads with
30 % bets, one wrk for each port, and audits the ledger at the end. Load generator, servers and databases share this
machine's processors. Needs wrk (Debian: apt-get install wrk); everything else is the project's own.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from bench.stack import PROJECT, BenchStack, bench_stack

READS_PERCENT = 70


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--desks", type=int, default=1, help="processes that settle bets")
    parser.add_argument("--history", type=int, default=0, help="bets that are there already (no audit then)")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: install it (on Debian or Ubuntu: apt-get install wrk).")
    with bench_stack(desks=options.desks) as stack, tempfile.TemporaryDirectory() as folder:
        report = measure(stack, Path(folder), options)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))


def measure(stack: BenchStack, folder: Path, options: Any) -> dict[str, Any]:
    """Make the players, run every load, audit; the figures, which are printed as they come."""
    print(f"{machine()}\nmaking {options.players} players …", flush=True)
    make_files(stack, folder, options.players)
    if options.history:
        from bench.load_history import load

        load(options.history)
    report: dict[str, Any] = {
        "machine": machine(),
        "players": options.players,
        "history": options.history,
        "desks": options.desks,
        "loads": [],
    }
    _load(stack, folder, 16, 5, reads=False)  # warms what is compiled and prepared once
    for reads in (False, True):
        for connections in options.connections:
            found = _load(stack, folder, connections, options.seconds, reads=reads)
            report["loads"].append(found)
            _show(found)
    report["memory_mb"] = stack.memory()
    print(f"memory in MB: {report['memory_mb']}")
    if options.history:
        return report
    audit = subprocess.run(
        [sys.executable, "manage.py", "audit_ledger"],
        cwd=PROJECT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(audit.stdout.strip().rpartition("\n")[2] or audit.stderr)
    report["audit"] = audit.returncode
    return report


def _load(stack: BenchStack, folder: Path, connections: int, seconds: int, *, reads: bool) -> dict[str, Any]:
    """One load: bets alone, or bets and, on their own port, reads beside them."""
    share = READS_PERCENT if reads else 0
    began, batches = stack.seconds(), _batches(stack)
    ports = [(stack.bets, 0, connections - connections * share // 100)]
    if reads:
        ports.append((stack.reads, 100, connections * share // 100))
    results = play(ports, folder, seconds)
    used = {name: after - began[name] for name, after in stack.seconds().items()}
    settled = _batches(stack)
    number, orders = settled[0] - batches[0], settled[1] - batches[1]
    return {
        "load": "mixed" if reads else "bets",
        "connections": connections,
        "bets_per_second": results[0]["statuses"].get("201", 0) / results[0]["seconds"],
        "requests_per_second": sum(one["requests"] / one["seconds"] for one in results),
        "latency_ms": results[0]["latency_ms"],
        "reads_latency_ms": results[1]["latency_ms"] if reads else None,
        "statuses": [one["statuses"] for one in results],
        "socket_errors": sum(one["socket_errors"] for one in results),
        "orders_per_batch": orders / number if number else 0,
        "cpu_ms_per_bet": {name: 1000 * cpu / orders for name, cpu in used.items()} if orders else {},
    }


def make_files(stack: BenchStack, folder: Path, players: int) -> None:
    """Players on the stack; their tokens and what they bet, a line each, in ``folder``."""
    os.environ |= stack.environment
    import django

    django.setup()
    from bench.crowd import Crowd, bodies

    folder.mkdir(exist_ok=True)
    (folder / "tokens").write_text("\n".join(gambler.token for gambler in Crowd(players).gamblers))
    (folder / "bodies").write_text("\n".join(json.dumps(body) for body in bodies()))


def play(ports: list[tuple[str, int, int]], folder: Path, seconds: int) -> list[dict[str, Any]]:
    """wrk on each (URL, percent of reads, connections) at once; what each of them saw."""
    running = [_wrk(url, folder, percent, number, seconds) for url, percent, number in ports]
    return [_result(process.communicate()[0]) for process in running]


def _wrk(url: str, folder: Path, share: int, connections: int, seconds: int) -> "subprocess.Popen[str]":
    script = PROJECT / "bench" / "requests.lua"
    command = [
        "wrk",
        "-t1",
        f"-c{max(connections, 1)}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(script),
        url,
        "--",
    ]
    command += [str(folder / "tokens"), str(folder / "bodies"), str(share), uuid.uuid4().hex[:12]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _result(output: str) -> dict[str, Any]:
    found = re.search(r"RESULT (.*)", output)
    if found is None:
        sys.exit(f"wrk gave no result:\n{output}")
    facts = {name: float(value) for name, value in (pair.split("=") for pair in found[1].split())}
    statuses: dict[str, int] = {}
    for line in re.findall(r"STATUSES (.*)", output):
        for pair in line.split():
            code, number = pair.split("=")
            statuses[code] = statuses.get(code, 0) + int(number)
    latency = {name: facts[name] for name in ("p50", "p95", "p99", "max")}
    return {"requests": facts["requests"], "seconds": facts["seconds"], "latency_ms": latency, "statuses": statuses,
            "socket_errors": int(facts["socket_errors"])}  # fmt: skip


def _batches(stack: BenchStack) -> tuple[float, float]:
    """How many batches the desk has settled, and the orders in them."""
    with urllib.request.urlopen(f"{stack.bets}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    name = "casino_batch_orders"
    count, orders = (re.search(rf"^{name}_{part} (\S+)$", text, re.MULTILINE) for part in ("count", "sum"))
    return (float(count[1]), float(orders[1])) if count and orders else (0.0, 0.0)


def _show(found: dict[str, Any]) -> None:
    latency = found["latency_ms"]
    print(
        f"{found['load']:<5} {found['connections']:>3} connections: {found['bets_per_second']:7.0f} bets/s"
        f" {found['requests_per_second']:7.0f} requests/s   p50 {latency['p50']:.1f} p95 {latency['p95']:.1f}"
        f" p99 {latency['p99']:.1f} ms   {found['orders_per_batch']:.1f} orders a batch   {found['statuses']}"
        f" errors {found['socket_errors']}\n      CPU ms a bet: "
        + ", ".join(f"{name} {value:.2f}" for name, value in found["cpu_ms_per_bet"].items()),
        flush=True,
    )


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores, {model[1] if model else platform.processor()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
