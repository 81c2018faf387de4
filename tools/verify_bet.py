#!/usr/bin/env python3
"""Checks a casino bet from its proof, offline: one file, Python 3.10 or newer, nothing but the standard library.

    python verify_bet.py proof.json        (or the proof on standard input)

A proof is what GET /bets/{id}/proof answers. Once its server seed was revealed, this program draws the bet anew from
the seeds and compares the outcome, the multiplier and every jackpot draw with what the casino says. Exit code 0: they
agree; 1: something differs (it says what); 2: the seed is not revealed yet, or the proof cannot be read.

How numbers come from seeds: round r = 0, 1, 2... gives HMAC-SHA256(key: the server seed's text, message:
"<client_seed>:<nonce>:<r>") as four big-endian 64-bit words. A whole number below n takes the next word w, skipping
those from n * floor(2**64 / n) on, and is w mod n. A jackpot level draws from "<client_seed>:<nonce>:jackpot:<level>:
<r>" instead: its first word hits below floor(probability * 2**64). The server seed's SHA-256 was published before play.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

AGREES, DIFFERS, UNVERIFIABLE = 0, 1, 2

Words = Iterator[int]
# The return on the whole wager, and what came up.
Drawn = tuple[Fraction, dict[str, Any]]

SPAN = 2**64
MOST_FREE_SPINS = 100_000
MOST_DECKS = 100


class Unverifiable(Exception):
    """The proof cannot be checked: its seed is not revealed yet, or it is not a proof."""


def main(arguments: list[str]) -> int:
    """Check the proof in the named file or on standard input; says one thing, answers the exit code."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write("usage: verify_bet.py [proof.json]\n")
        return UNVERIFIABLE
    try:
        if arguments and arguments[0] != "-":
            with open(arguments[0], encoding="utf-8") as file:
                text = file.read()
        else:
            text = sys.stdin.read()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"The proof cannot be read: {error}\n")
        return UNVERIFIABLE
    code, sentence = judge(text)
    (sys.stderr if code == UNVERIFIABLE else sys.stdout).write(sentence + "\n")
    return code


def judge(text: str) -> tuple[int, str]:
    """The exit code for a proof's JSON text, and the verdict in words."""
    try:
        proof = json.loads(text, parse_float=Decimal)
        if not isinstance(proof, dict):
            raise Unverifiable("The proof cannot be read: it is not a JSON object.")
        found = differences(proof)
    except Unverifiable as reason:
        return UNVERIFIABLE, str(reason)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return UNVERIFIABLE, f"The proof cannot be read: {type(error).__name__}: {error}"
    bet = proof.get("bet_id")
    if found:
        return DIFFERS, f"Bet {bet} DIFFERS from what its seeds give: " + "; ".join(found) + "."
    draws = len(proof["jackpots"])
    jackpots = f", {draws} jackpot draw{'s' if draws > 1 else ''}" if draws else ""
    return AGREES, f"Bet {bet} agrees with its seeds: outcome, multiplier {proof['multiplier']}{jackpots}."


def differences(proof: dict[str, Any]) -> list[str]:
    """Everything in which the proof differs from what its seeds give; empty where it agrees."""
    server_seed, client_seed, nonce = proof["server_seed"], proof["client_seed"], proof["nonce"]
    if server_seed is None:
        raise Unverifiable("The server seed is not revealed yet: rotate your seeds, then fetch the proof again.")
    if not (isinstance(server_seed, str) and isinstance(client_seed, str)):
        raise Unverifiable("The proof cannot be read: a seed is not a text.")
    if not isinstance(nonce, int) or isinstance(nonce, bool):
        raise Unverifiable("The proof cannot be read: the nonce is not a whole number.")
    if proof["kind"] not in GAMES:
        raise Unverifiable(f"This program does not know games of kind {proof['kind']!r}.")
    found = []
    if hashlib.sha256(server_seed.encode()).hexdigest() != proof["server_seed_hash"]:
        found.append("the server seed is not the one whose hash was published")
    words = words_of(server_seed, f"{client_seed}:{nonce}:")
    multiplier, outcome = GAMES[proof["kind"]](proof["paytable"], proof["selections"], words)
    for name, value in outcome.items():
        if (said := proof["outcome"].get(name)) != value:
            found.append(f"{name} should be {json.dumps(value, default=str)}, not {json.dumps(said, default=str)}")
    # The casino writes multipliers with six decimals, rounded down.
    cut = Fraction(multiplier * 10**6 // 1, 10**6)
    if exact(proof["multiplier"]) != cut:
        found.append(f"the multiplier should be {plain(cut, 2)}, not {proof['multiplier']}")
    for level in proof["jackpots"]:
        word = next(words_of(server_seed, f"{client_seed}:{nonce}:jackpot:{level['level']}:"))
        hit = word < Fraction(level["probability"]) * SPAN // 1
        if level["hit"] is not hit:
            found.append(f"the {level['level']} jackpot should {'be' if hit else 'not be'} hit")
    return found


# --- Numbers ---


def words_of(server_seed: str, message: str) -> Words:
    """The 64-bit words of one stream of numbers."""
    for number in count():
        block = hmac.new(server_seed.encode(), f"{message}{number}".encode(), hashlib.sha256).digest()
        for start in range(0, 32, 8):
            yield int.from_bytes(block[start : start + 8], "big")


def below(words: Words, n: int) -> int:
    """A whole number from 0 to n - 1, all equally likely."""
    if not 1 <= n <= SPAN:
        raise ValueError(f"no number lies below {n}")
    while True:
        word = next(words)
        if word < SPAN // n * n:
            return word % n


def exact(number: Any) -> Fraction:
    """A number of the proof (a JSON number or a decimal text) without any rounding."""
    return Fraction(str(number))


def plain(number: Fraction, least_decimals: int = 0) -> str:
    """A number with at most eight decimals written out, without needless zeros."""
    whole, rest = divmod(round(number * 10**8), 10**8)
    decimals = f"{rest:08d}".rstrip("0").ljust(least_decimals, "0")
    return f"{whole}.{decimals}" if decimals else str(whole)


# --- Slots ---


def reels(table: dict[str, Any], selections: Any, words: Words) -> Drawn:
    """One stop for each reel, left to right, of the base spin and then of each free spin in turn."""
    outcome, multiplier, awarded = spin(table, words)
    if not awarded:
        return multiplier, outcome
    factor, pending = exact(table["scatter"].get("multiplier", 1)), awarded
    spins: list[dict[str, Any]] = []
    while len(spins) < pending:
        if pending > MOST_FREE_SPINS:
            raise Unverifiable("The proof cannot be read: its free spins have no end.")
        played, win, awarded = spin(table, words)
        spins.append(played)
        multiplier += factor * win
        pending += awarded
    return multiplier, {**outcome, "multiplier": plain(factor), "free_spins": spins}


def spin(table: dict[str, Any], words: Words) -> tuple[dict[str, Any], Fraction, int]:
    """What one spin shows, what it wins times the wager, and how many free spins it awards."""
    stops, window = [], []
    for strip in table["reels"]:
        stop = below(words, len(strip))
        stops.append(stop)
        window.append([strip[(stop + row) % len(strip)] for row in range(table["rows"])])
    won = line_wins(table, window)
    multiplier = sum((exact(win["pay"]) for win in won), Fraction(0)) / len(table["lines"])
    outcome: dict[str, Any] = {"stops": stops, "window": window, "lines": won}
    scatter = table.get("scatter")
    if scatter is None:
        return outcome, multiplier, 0
    shown = sum(scatter["symbol"] in column for column in window)
    outcome["scatters"] = shown
    multiplier += exact(scatter.get("pays", {}).get(str(shown), 0))
    return outcome, multiplier, scatter.get("free_spins", {}).get(str(shown), 0)


def line_wins(table: dict[str, Any], window: list[list[str]]) -> list[dict[str, Any]]:
    """The lines that pay: from reel 1 the longest run of one kind, wilds standing for it; shortest runs first.

    The first symbol that is not wild names the kind; only a line of nothing but wilds is of the wild's own kind.
    """
    wild, kinds = table.get("wild"), list(table["pays"])
    if wild in kinds:
        # The casino lists wins of the wild's own kind after the others.
        kinds.append(kinds.pop(kinds.index(wild)))
    wins = []
    for number, line in enumerate(table["lines"]):
        symbols = [window[reel][row] for reel, row in enumerate(line)]
        kind = next((symbol for symbol in symbols if symbol != wild), wild)
        run = next((reel for reel, symbol in enumerate(symbols) if symbol not in (kind, wild)), len(symbols))
        pay = table["pays"].get(kind, {}).get(str(run))
        if pay is not None:
            wins.append({"line": number, "symbol": kind, "count": run, "pay": plain(exact(pay))})
    return sorted(wins, key=lambda win: (win["count"], kinds.index(win["symbol"]), win["line"]))


# --- Weighted tables: scratch cards, wheels, plinko ---


def weighted(table: dict[str, Any], selections: Any, words: Words) -> Drawn:
    """One number below the sum of the weights, the outcomes lined up as listed."""
    left = below(words, sum(row["weight"] for row in table["outcomes"]))
    for index, row in enumerate(table["outcomes"]):
        if left < row["weight"]:
            multiplier = exact(row["multiplier"])
            return multiplier, {"index": index, "label": row["label"], "multiplier": plain(multiplier)}
        left -= row["weight"]
    raise ValueError("a weight is negative")


# --- Games with chips ---


def settle(selections: Any, returned: Callable[[str], Fraction]) -> Drawn:
    """What all chips bring together, where ``returned`` says what a place gives back for each unit of its stake."""
    stake = back = Fraction(0)
    chips = []
    for chip in selections:
        win = exact(chip["stake"]) * returned(chip["on"])
        stake += exact(chip["stake"])
        back += win
        chips.append({"on": chip["on"], "stake": chip["stake"], "win": plain(win, 2)})
    return back / stake, {"chips": chips}


RED = {1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36}
EVEN_MONEY: dict[str, Callable[[int], bool]] = {
    "red": lambda number: number in RED,
    "black": lambda number: number not in RED,
    "odd": lambda number: number % 2 == 1,
    "even": lambda number: number % 2 == 0,
    "low": lambda number: number <= 18,
    "high": lambda number: number > 18,
}
INSIDE = {"straight": 1, "split": 2, "street": 3, "corner": 4}


def roulette(table: dict[str, Any], selections: Any, words: Words) -> Drawn:
    """One number below 37 or 38; 37 is the double zero."""
    drawn = below(words, 36 + table["zeros"])
    pocket = "00" if drawn == 37 else str(drawn)
    is_zero = drawn in (0, 37)
    half = Fraction(1, 2) if table.get("la_partage") else Fraction(0)

    def returned(on: str) -> Fraction:
        name, _, numbers = on.partition(":")
        if name in EVEN_MONEY:
            return half if is_zero else Fraction(2 * EVEN_MONEY[name](drawn))
        if name == "basket":
            covered = ["0", "1", "2", "3"] + ["00"] * (table["zeros"] == 2)
            return Fraction((9 if table["zeros"] == 1 else 7) * (pocket in covered))
        if name == "dozen":
            return Fraction(3 * (not is_zero and (drawn - 1) // 12 == int(numbers) - 1))
        if name == "column":
            return Fraction(3 * (not is_zero and (drawn - 1) % 3 == int(numbers) - 1))
        if name == "sixline":
            first, last = map(int, numbers.split("-"))
            return Fraction(6 * (not is_zero and first <= drawn <= last and last == first + 5))
        covered = numbers.split("-")
        if len(set(covered)) != INSIDE[name]:
            raise ValueError(f"there is no bet {on!r}")
        return Fraction(36 // len(covered) * (pocket in covered))

    multiplier, outcome = settle(selections, returned)
    colour = "green" if is_zero else "red" if drawn in RED else "black"
    return multiplier, {"pocket": pocket, "color": colour, **outcome}


def dice(table: dict[str, Any], selections: Any, words: Words) -> Drawn:
    """One number below the number of faces; multipliers are rounded down to four decimals."""
    faces = table["faces"]
    roll = below(words, faces)

    def returned(on: str) -> Fraction:
        side, target = on.split(":")
        winners = {"under": int(target), "over": faces - 1 - int(target)}[side]
        wins = roll < int(target) if side == "under" else roll > int(target)
        return Fraction(wins * ((1 - exact(table["edge"])) * faces * 10**4 // winners), 10**4)

    multiplier, outcome = settle(selections, returned)
    return multiplier, {"roll": roll, **outcome}


def keno(table: dict[str, Any], selections: Any, words: Words) -> Drawn:
    """Twenty of the numbers 1 to 80: each draw picks among those left, in ascending order."""
    left = list(range(1, 81))
    drawn = [left.pop(below(words, len(left))) for _ in range(20)]
    (ticket,) = selections
    picks = [int(number) for number in ticket["on"].split(",")]
    hits = [number for number in picks if number in drawn]
    pay = exact(table["pays"][str(len(picks))].get(str(len(hits)), 0))
    multiplier, outcome = settle(selections, lambda on: pay)
    return multiplier, {"drawn": drawn, "picks": picks, "hits": hits, **outcome}


def baccarat(table: dict[str, Any], selections: Any, words: Words) -> Drawn:
    """Cards as dealt (player, banker, player, banker, third cards), each picked among those left in the shoe."""
    if not 1 <= table["decks"] <= MOST_DECKS:
        raise ValueError(f"a shoe of {table['decks']} decks")
    shoe = list(range(52 * table["decks"]))

    def deal() -> int:
        return shoe.pop(below(words, len(shoe)))

    player, banker = [], []
    for _ in range(2):
        player.append(deal())
        banker.append(deal())
    if max(total(player), total(banker)) < 8:
        third = None
        if total(player) <= 5:
            player.append(deal())
            third = total(player[2:])
        if total(banker) in BANKER_DRAWS[third]:
            banker.append(deal())
    sums = total(player), total(banker)
    winner = "tie" if sums[0] == sums[1] else "player" if sums[0] > sums[1] else "banker"
    pays = {"player": Fraction(2), "banker": 2 - exact(table["commission"]), "tie": 1 + exact(table["tie"])}

    def returned(on: str) -> Fraction:
        if on == winner:
            return pays[on]
        # A tie gives the stakes on the two sides back.
        return Fraction(winner == "tie" and on in pays)

    multiplier, outcome = settle(selections, returned)
    return multiplier, {"player": hand(player), "banker": hand(banker), "winner": winner, **outcome}


# On which totals the banker draws, by the value of the player's third card (None: the player stood).
BANKER_DRAWS: dict[int | None, range] = {
    None: range(6), 0: range(4), 1: range(4), 2: range(5), 3: range(5), 4: range(6), 5: range(6), 6: range(7),
    7: range(7), 8: range(3), 9: range(4),
}  # fmt: skip


def total(cards: list[int]) -> int:
    """The last digit of the cards' values: an ace counts 1, tens and faces 0."""
    return sum(card % 13 + 1 for card in cards if card % 13 < 9) % 10


def hand(cards: list[int]) -> dict[str, Any]:
    """A hand as the casino shows it."""
    names = ["A23456789TJQK"[card % 13] + "CDHS"[card // 13 % 4] for card in cards]
    return {"cards": names, "shoe": cards, "total": total(cards)}


GAMES: dict[str, Callable[[dict[str, Any], Any, Words], Drawn]] = {
    "reels": reels,
    "weighted": weighted,
    "roulette": roulette,
    "dice": dice,
    "baccarat": baccarat,
    "keno": keno,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
