"""The program that players check their bets with: it agrees with the house, knows a lie, and needs nothing."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from betting import fairness
from betting.documents import format_multiplier
from betting.management.commands.verify_bet import load_verifier
from betting.models import Bet
from betting.orders import Settled
from betting.services import BATCH_ORDERS, place_bets
from casino.games.models import Game
from casino.games.paytables import load
from casino.games.rng import provably_fair_words, seed_hash
from casino.money import MICRO, round_down
from casino.users.models import User
from operators.models import Operator

TOOL = settings.BASE_DIR / "tools" / "verify_bet.py"
CATALOGUE = settings.BASE_DIR / "seeding" / "catalogue"
verifier = load_verifier()

# A slot that often awards free spins; wilds, scatter pays and retriggers included.
BUSY_SLOT: dict[str, Any] = {
    "rows": 2,
    "reels": [list("ABWCASBA"), list("BASCWBAC"), list("CBASBCAW")],
    "lines": [[0, 0, 0], [1, 1, 1], [0, 1, 0]],
    "pays": {"A": {"2": "0.5", "3": "1.1"}, "B": {"3": 3}, "C": {"3": 4}, "W": {"2": 1, "3": 8}},
    "wild": "W",
    "scatter": {"symbol": "S", "pays": {"2": "0.25"}, "free_spins": {"2": 2, "3": 8}, "multiplier": "1.5"},
}
# Each kind's game and what is staked on it, a bet of 1.00 each.
GAMES: dict[str, tuple[dict[str, Any], list[list[tuple[str, str]]]]] = {
    "reels": (BUSY_SLOT, [[]]),
    "weighted": (
        {
            "outcomes": [
                {"label": "none", "weight": 3, "multiplier": 0},
                {"label": "some", "weight": 6, "multiplier": 1.35},
                {"label": "much", "weight": 1, "multiplier": "1.299999"},
            ]
        },
        [[]],
    ),
    "roulette": (
        {"zeros": 2, "la_partage": True},
        [
            [("red", "0.40"), ("split:0-00", "0.10"), ("basket", "0.25"), ("corner:16-17-19-20", "0.25")],
            [("even", "0.33"), ("column:2", "0.33"), ("street:00-2-3", "0.34")],
        ],
    ),
    "dice": (
        {"faces": 10000, "edge": "0.01"},
        [[("under:4950", "1.00")], [("over:1234", "0.99"), ("under:7", "0.01")]],
    ),
    "baccarat": (
        {"decks": 8, "commission": "0.05", "tie": 8},
        [[("banker", "0.77"), ("tie", "0.23")], [("player", "1.00")]],
    ),
    "keno": ({"pays": {"3": {"2": 3, "3": 37}, "1": {"1": "3.6"}}}, [[("12,7,1", "1.00")], [("80", "1.00")]]),
}


def bodies() -> list[dict[str, Any]]:
    """One order's body for each bet of ``GAMES``."""
    return [
        {"game": f"the-{kind}"} | ({"selections": [{"on": on, "stake": stake} for on, stake in chips]} if chips else {})
        for kind, (_, bets) in GAMES.items()
        for chips in bets
    ]


@pytest.fixture
def play(
    make_player: Any, aurora: Operator, make_game: Any, make_jackpot: Any, fund: Any, order_of: Any
) -> Callable[[int], list[dict[str, Any]]]:
    """The revealed proofs of so many stored bets of three players on games of every kind, all feeding jackpots."""
    group = make_jackpot(
        {"name": "mini", "rate": "0.005", "seed": 5, "odds": Decimal("0.2")},
        {"name": "grand", "rate": "0.001", "seed": 20, "kind": "must_drop", "ceiling": Decimal("20.05")},
    )
    for kind, (paytable, _) in GAMES.items():
        make_game(f"the-{kind}", kind=kind, paytable=deepcopy(paytable))
    Game.objects.update(jackpot_group=group)
    players = [make_player(name, aurora) for name in ("alice", "anton", "amira")]

    def bets(number: int) -> list[dict[str, Any]]:
        for player in players:
            fund(player, "2000.00")
        turns = islice(zip(cycle(players), cycle(bodies()), strict=False), number)
        orders = [order_of(player, wager="1.00", **body) for player, body in turns]
        for start in range(0, number, BATCH_ORDERS):
            for answer in place_bets(orders[start : start + BATCH_ORDERS]):
                assert isinstance(answer, Settled), answer
        for player in players:
            fairness.rotate_seeds(player.pk, player.operator_id)
        return [fairness.prove_bet(bet) for bet in Bet.objects.with_proof()]

    return bets


def judged(proof: dict[str, Any]) -> tuple[int, str]:
    found: tuple[int, str] = verifier.judge(json.dumps(proof))
    return found


@pytest.mark.usefixtures("books_close")
def test_it_agrees_with_a_thousand_stored_bets(play: Any):
    proofs = play(1000)
    assert len(proofs) == 1000
    assert [sentence for code, sentence in map(judged, proofs) if code] == []
    assert {proof["kind"] for proof in proofs} == set(GAMES)
    # All that may happen did happen, hits and free spins too.
    assert {level["hit"] for proof in proofs for level in proof["jackpots"]} == {True, False}
    assert any(proof["outcome"].get("free_spins") for proof in proofs)
    assert any(Decimal(proof["multiplier"]) == 0 for proof in proofs)


def set_in(proof: dict[str, Any], *path: Any) -> None:
    """Change the value at the path into another of its kind."""
    for step in path[:-1]:
        proof = proof[step]
    value = proof[path[-1]]
    if isinstance(value, bool):
        changed: Any = not value
    elif isinstance(value, int):
        changed = value + 1
    elif isinstance(value, list):
        changed = [*value[1:], value[0]] if len({str(item) for item in value}) > 1 else [*value, *value]
    else:
        changed = f"{Decimal(value) + 1:f}" if value.replace(".", "").isdigit() else f"not {value}"
    proof[path[-1]] = changed


DRAWS: dict[str, list[list[Any]]] = {
    "reels": [["stops"], ["stops", 0], ["window"], ["scatters"], ["window", 0, 0]],
    "weighted": [["index"], ["label"], ["multiplier"]],
    "roulette": [["pocket"], ["color"], ["chips", 0, "win"]],
    "dice": [["roll"], ["chips", 0, "win"]],
    "baccarat": [["player", "cards"], ["player", "shoe"], ["banker", "shoe", 0], ["banker", "total"], ["winner"]],
    "keno": [["drawn"], ["drawn", 0], ["hits"], ["picks", 0], ["chips", 0, "win"]],
}


@pytest.mark.usefixtures("books_close")
def test_it_rejects_every_altered_proof(play: Any):
    # The secret, the count and the stakes that the draw hangs on; the nonce and seed that give other words.
    for proof in play(64):
        for path in [
            ["server_seed"],
            ["server_seed_hash"],
            ["multiplier"],
            *(["outcome", *d] for d in DRAWS[proof["kind"]]),
        ]:
            if path[:2] == ["outcome", "hits"] and not proof["outcome"]["hits"]:
                continue
            tampered = deepcopy(proof)
            set_in(tampered, *path)
            code, sentence = judged(tampered)
            assert (code, "DIFFERS" in sentence) == (1, True), (path, proof["kind"], sentence)
        for index, level in enumerate(proof["jackpots"]):
            tampered = deepcopy(proof)
            set_in(tampered, "jackpots", index, "hit")
            word = "not be" if not level["hit"] else "be"
            code, sentence = judged(tampered)
            assert code == 1
            assert sentence.endswith(f"what its seeds give: the {level['level']} jackpot should {word} hit.")


@pytest.mark.usefixtures("books_close")
def test_it_rejects_another_nonce_or_client_seed(play: Any):
    """Other words may by chance bring a small game the same outcome, never the draws of a large one."""
    large = [proof for proof in play(64) if proof["kind"] in ("dice", "baccarat", "keno")]
    assert large
    for proof in large:
        for name in ("nonce", "client_seed"):
            tampered = deepcopy(proof)
            set_in(tampered, name)
            assert judged(tampered)[0] == 1


def test_a_proof_before_its_seed_is_revealed_is_not_judged(
    alice: User, make_game: Any, fund: Any, order_of: Any, api: Any
):
    make_game("coin")
    fund(alice, "10.00")
    (answer,) = place_bets([order_of(alice, "coin", "1.00")])
    proof = api(alice).get(f"/bets/{answer.bet.pk}/proof").content.decode()
    code, sentence = verifier.judge(proof)
    assert code == 2
    assert "not revealed yet" in sentence
    api(alice).post("/fairness/rotate")
    assert verifier.judge(api(alice).get(f"/bets/{answer.bet.pk}/proof").content.decode())[0] == 0


# --- Against the games themselves, without bets ---

INSIDE_ONE = [
    "split:0-1",
    "street:0-2-3",
    "basket",
    "straight:0",
    "sixline:31-36",
    "corner:32-33-35-36",
    "street:34-35-36",
]
INSIDE_TWO = ["split:00-3", "street:0-00-2", "basket", "straight:00", "split:33-36", "straight:36"]
OUTSIDE = ["red", "black", "odd", "even", "low", "high", "dozen:1", "dozen:2", "dozen:3"]
OUTSIDE += ["column:1", "column:2", "column:3"]


def chips_for(kind: str, paytable: dict[str, Any]) -> list[dict[str, str]] | None:
    if kind == "roulette":
        places = OUTSIDE + (INSIDE_ONE if paytable["zeros"] == 1 else INSIDE_TWO)
    elif kind == "dice":
        places = [f"under:{paytable['faces'] // 3 or 1}", f"over:{paytable['faces'] // 2}"]
    elif kind == "baccarat":
        places = ["player", "banker", "tie"]
    elif kind == "keno":
        places = [",".join(str(7 * number) for number in range(1, 1 + int(max(paytable["pays"], key=int))))]
    else:
        return None
    return [{"on": on, "stake": f"{number}.0{number % 10}"} for number, on in enumerate(places, 1)]


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*.json")), ids=lambda path: path.stem)
def test_it_agrees_with_the_games_of_the_catalogue(path: Path):
    game = json.loads(path.read_text())
    kind, paytable = game["kind"], game["paytable"]
    table, chips, seed = load(kind, paytable), chips_for(kind, paytable), seed_hash(path.stem)
    wager = sum((Decimal(chip["stake"]) for chip in chips or []), Decimal(0))
    selections = table.selections(chips, wager)
    for nonce in range(150):
        drawn = table.draw(selections, provably_fair_words(seed, "client", nonce))
        proof = {
            "bet_id": str(nonce), "game_version": 1, "kind": kind, "paytable": paytable,
            "selections": [chip.as_json() for chip in selections] or None,
            "server_seed": seed, "server_seed_hash": seed_hash(seed), "client_seed": "client", "nonce": nonce,
            "outcome": drawn.outcome, "multiplier": format_multiplier(round_down(drawn.multiplier, MICRO)),
            "jackpots": [],
        }  # fmt: skip
        assert judged(proof)[0] == 0, judged(proof)


# --- As a program ---


def run(*arguments: str, stdin: str = "", cwd: Path) -> subprocess.CompletedProcess[str]:
    # Isolated, without site packages and environment: nothing of this project can be imported.
    return subprocess.run(
        [sys.executable, "-I", "-S", str(TOOL), *arguments],
        input=stdin, cwd=cwd, env={}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def proof_of_a_coin(**changes: Any) -> str:
    """A proof made by hand: a coin, its seed 64 zeros, its nonce 0."""
    paytable = {
        "outcomes": [{"label": "a", "weight": 1, "multiplier": 2}, {"label": "b", "weight": 1, "multiplier": 0}]
    }
    seed = "0" * 64
    drawn = load("weighted", paytable).draw((), provably_fair_words(seed, "c", 0))
    proof = {
        "bet_id": "b", "game_version": 1, "kind": "weighted", "paytable": paytable, "selections": None,
        "server_seed": seed, "server_seed_hash": seed_hash(seed), "client_seed": "c", "nonce": 0,
        "outcome": drawn.outcome, "multiplier": f"{int(drawn.multiplier)}.00", "jackpots": [],
    }  # fmt: skip
    return json.dumps(proof | changes)


def test_it_runs_alone_on_a_file_or_standard_input(tmp_path: Path):
    (tmp_path / "proof.json").write_text(proof_of_a_coin())
    for done in (run("proof.json", cwd=tmp_path), run(stdin=proof_of_a_coin(), cwd=tmp_path)):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Bet b agrees with its seeds")


def test_its_exit_code_tells_a_lie_from_what_it_cannot_read(tmp_path: Path):
    assert run(stdin=proof_of_a_coin(multiplier="7.00"), cwd=tmp_path).returncode == 1
    assert run(stdin=proof_of_a_coin(server_seed=None), cwd=tmp_path).returncode == 2
    for text in ("", "[]", "{}", "not json", '"x"', "[" * 100_000, proof_of_a_coin(kind="whist")):
        done = run(stdin=text, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), text[:40]
    assert run("nowhere.json", cwd=tmp_path).returncode == 2
    assert run("one.json", "two.json", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "0"}, {"nonce": True}, {"server_seed": 7}, {"client_seed": None}, {"paytable": []}, {"outcome": None},
        {"jackpots": None}, {"jackpots": [{"level": "mini", "probability": "1/0", "hit": False}]},
        {"jackpots": [{"level": "mini", "hit": False}]}, {"multiplier": "NaN"}, {"multiplier": None},
        {"paytable": {"outcomes": []}}, {"paytable": {"outcomes": [{"weight": 0}]}}, {"kind": []},
        {"server_seed": "é\ud800"},
    ],
)  # fmt: skip
def test_a_malformed_proof_is_never_taken_for_a_verdict(changes: dict[str, Any]):
    assert verifier.judge(proof_of_a_coin(**changes))[0] == 2


def test_free_spins_without_end_end_the_check():
    table = {**BUSY_SLOT, "scatter": {"symbol": "S", "free_spins": {str(shown): 200_000 for shown in range(4)}}}
    proof = json.loads(proof_of_a_coin(kind="reels", paytable=table))
    assert judged(proof)[0] == 2


def test_it_imports_nothing_but_the_standard_library():
    imported = set()
    for node in ast.walk(ast.parse(TOOL.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= sys.stdlib_module_names
