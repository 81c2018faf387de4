"""How long the pure maths of bets take: 64 draws of the largest demo slot, and the PAR sheet of a five by three slot.

Run from the project's root: ``python -m bench.draws``. Prints the best of several passes, in microseconds per draw.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from casino.games.paytables import Paytable, Selection, load
from casino.games.rng import provably_fair_words

CATALOGUE = Path(__file__).resolve().parents[1] / "seeding" / "catalogue"
SERVER_SEED = "0123456789abcdef" * 4
BATCH = 64
PASSES = 400
CHIPS = {"roulette": "red", "dice": "under:3", "baccarat": "banker", "keno": "1,2,3,4,5,6"}


def main() -> None:
    """Print the figures of the largest slot, then of one game of each other kind."""
    games = [json.loads(path.read_text()) for path in sorted(CATALOGUE.glob("*.json"))]
    largest = max((game for game in games if game["kind"] == "reels"), key=_size)
    others = {game["kind"]: game for game in games if game["kind"] != "reels"}
    for game in (largest, *others.values()):
        table = load(game["kind"], game["paytable"])
        chips = _chips(table, game["kind"])
        batch = best(lambda table=table, chips=chips: draw_batch(table, chips), PASSES)
        print(f"{game['name']:20} {BATCH} draws {batch * 1000:7.3f} ms   {batch / BATCH * 1e6:6.2f} us a draw")
    sheet = best(lambda: load("reels", largest["paytable"]).par(), 3)
    print(f"{largest['name']:20} PAR sheet {sheet:.3f} s")


def draw_batch(table: Paytable, chips: tuple[Selection, ...]) -> None:
    """One batch of provably fair draws, words included, as the settlement of 64 bets makes them."""
    for nonce in range(BATCH):
        table.draw(chips, provably_fair_words(SERVER_SEED, "bench-client", nonce))


def best(work: Callable[[], object], passes: int) -> float:
    """The shortest of ``passes`` runs in seconds: what the machine takes when nothing else disturbs it."""
    shortest = float("inf")
    for _ in range(passes):
        started = perf_counter()
        work()
        shortest = min(shortest, perf_counter() - started)
    return shortest


def _size(game: dict[str, Any]) -> int:
    """Symbols in a window times lines: what a draw has to look at."""
    paytable = game["paytable"]
    return int(paytable["rows"]) * len(paytable["reels"]) * len(paytable["lines"])


def _chips(table: Paytable, kind: str) -> tuple[Selection, ...]:
    raw = [{"on": CHIPS[kind], "stake": "1.00"}] if kind in CHIPS else None
    return table.selections(raw, Decimal("1.00"))


if __name__ == "__main__":
    main()
