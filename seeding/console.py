"""How the shell shows runs: a bar with live counters on a terminal, plain lines elsewhere, tables at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from django.core.management.base import OutputWrapper
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from seeding.foreground import Watch
from seeding.models import Run
from seeding.runs import progress

LINE_SECONDS = 5.0


def console_of(out: OutputWrapper) -> Console:
    """A console that writes where the command does."""
    return Console(file=cast(IO[str], out), soft_wrap=True)


@contextmanager
def watching(console: Console, title: str, *, is_quiet: bool = False) -> Iterator[Watch]:
    """What is to be called with the runs as they go on: draws a bar, or a line now and then, or nothing."""
    if is_quiet:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task(title, total=1.0, counters="")
            yield lambda runs: bar.update(task, completed=_progress(runs), counters=_counters(runs))
    else:
        yield _lines(console, title)


def print_report(console: Console, run: Run) -> None:
    """The report of a run as tables."""
    report: dict[str, Any] = run.report or {}
    table = Table("game", "bets", "wagers", "GGR", "RTP %", "theory %", "z", "verdict", title=f"Run {run.pk}")
    for game in report["games"]:
        table.add_row(game["game"], *(_cell(game[name]) for name in _COLUMNS))
    table.add_section()
    table.add_row("all", *(_cell(report["play"][name]) for name in _COLUMNS))
    console.print(table)
    summary = Table("", "", title="Summary", show_header=False)
    summary.add_row("status", str(run.status))
    summary.add_row("actions", f"{report['actions']:,} in {report['seconds']} s: {report['rate']} a second")
    summary.add_row("bets", f"{report['bets']:,} and {report['free_spins']:,} free spins")
    summary.add_row("small stakes", _cell(report["stakes"]["small_share"]))
    for money in report["money"]:
        summary.add_row(
            money["currency"],
            f"wagers {money['wagers']}, GGR {money['ggr']}, deposits {money['deposits']}, "
            f"withdrawals {money['withdrawals']}",
        )
    summary.add_row("refused", ", ".join(f"{code} {count}" for code, count in report["refusals"].items()) or "none")
    summary.add_row("ledger", _verdict(report["audit"]))
    console.print(summary)


_COLUMNS = ("bets", "wagers", "ggr", "rtp", "theoretical_rtp", "z", "verdict")


def _verdict(audit: dict[str, Any]) -> str:
    if audit["ok"] is None:
        return "unknown: the audit could not be made"
    return "sound" if audit["ok"] else "; ".join(breach["sentence"] for breach in audit["breaches"])


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[counters]}"),
        console=console,
    )


def _lines(console: Console, title: str) -> Watch:
    last = time.monotonic()

    def tell(runs: list[Run]) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            console.print(f"{title}: {_progress(runs):.0%}, {_counters(runs)}")

    return tell


def _progress(runs: list[Run]) -> float:
    now = timezone.now()
    return sum(progress(run, now) for run in runs) / len(runs)


def _counters(runs: list[Run]) -> str:
    counts = {
        name: sum(run.totals.get("counts", {}).get(name, 0) for run in runs)
        for name in ("bets", "deposits", "withdrawals")
    }
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    started = [run.started_at for run in runs if run.started_at is not None]
    seconds = (timezone.now() - min(started)).total_seconds() if started else 0
    actions = sum(run.actions for run in runs)
    return f"{told}, {actions / seconds:.1f} actions/s" if seconds else told


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
