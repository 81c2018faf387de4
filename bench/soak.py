"""Play for long while things break: `make soak`.

    python -m bench.soak [--bets 1000000] [--connections 16] [--per-second 300] [--seed N] [--json FILE]

Starts the one-command stack in a temporary folder, plays at a steady rate, strikes with a random fault every 20 to
60 s, and proves at the end, request by request, that nothing acknowledged is lost and nothing moved twice. The same
seed asks the same bets and strikes with the same faults at the same pauses.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.load import machine
from casino.tests.faults.blows import FAULTS, Target, target_of
from casino.tests.faults.load import OK, Load
from casino.tests.faults.surviving import RECOVERY_SECONDS, RECOVERY_SHARE, is_due
from casino.tests.faults.verdict import prove
from casino.tests.running import running_stack

STEADY_SECONDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bets", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--per-second", type=float, default=300)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--json", type=Path, help="write the summary there too")
    options = parser.parse_args()
    print(f"{machine()}\nFAULT_SEED={options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="casino-soak-") as name:
        home = Path(name)
        home.chmod(0o711)
        with running_stack(home) as stack:
            target = target_of(stack, options.seed)
            load = Load(stack.url, options.seed, connections=options.connections, per_second=options.per_second)
            report = soak(target, load, options.bets)
            began = time.monotonic()
            verdict = prove(load, stack, target.database_url, is_due)
    report |= {"verdict": str(verdict), "proof_seconds": round(time.monotonic() - began, 1), "seed": options.seed}
    _tell(report)
    if options.json:
        options.json.write_text(json.dumps(report | {"machine": machine()}, indent=2))
    sys.exit(0 if all(fault["back_after"] is not None for fault in report["faults"]) else 1)


def soak(target: Target, load: Load, bets: int) -> dict[str, Any]:
    """Play until so many requests are acknowledged, striking now and then; what was seen."""
    faults: list[dict[str, Any]] = []
    began = time.monotonic()
    with load.running():
        time.sleep(STEADY_SECONDS)
        while (acknowledged := load.counts[OK]) < bets:
            faults.append(_strike(target, load))
            _show(faults[-1], acknowledged, time.monotonic() - began)
            pause = target.chance.uniform(20, 60)
            until = time.monotonic() + pause
            while time.monotonic() < until and load.counts[OK] < bets:
                time.sleep(1)
    seconds = time.monotonic() - began
    counts = load.counts
    return {"seconds": round(seconds, 1), "acknowledged_per_second": round(counts[OK] / seconds, 1),
            "outcomes": dict(counts), "faults": faults}  # fmt: skip


def _strike(target: Target, load: Load) -> dict[str, Any]:
    """One fault: which, the rate before it, how long it took, and after how many seconds the rate was back."""
    name = target.chance.choice(sorted(FAULTS))
    struck = time.monotonic()
    before = load.rate(struck - STEADY_SECONDS / 2, struck)
    FAULTS[name](target)
    over = time.monotonic()
    back = load.recovered_after(over, RECOVERY_SHARE * before, RECOVERY_SECONDS)
    return {
        "fault": name,
        "per_second_before": round(before, 1),
        "seconds": round(over - struck, 1),
        "back_after": back,
    }


def _show(fault: dict[str, Any], acknowledged: int, seconds: float) -> None:
    back = "no full rate" if fault["back_after"] is None else f"full rate {fault['back_after']:.1f} s after it"
    print(f"{seconds:6.0f} s  {acknowledged:8} ok  {fault['fault']:<30} {fault['per_second_before']:5.0f}/s before,"
          f" took {fault['seconds']:4.1f} s, {back}", flush=True)  # fmt: skip


def _tell(report: dict[str, Any]) -> None:
    struck = Counter(fault["fault"] for fault in report["faults"])
    print(f"\n{len(report['faults'])} faults: " + ", ".join(f"{name} ×{times}" for name, times in struck.most_common()))
    print(f"{report['seconds']:.0f} s of play at {report['acknowledged_per_second']:.0f} acknowledged requests/s")
    print(f"{report['verdict']}; everything acknowledged is there once as it was answered, the books close"
          f" (proved in {report['proof_seconds']:.0f} s)")  # fmt: skip


if __name__ == "__main__":
    main()
