"""The proof of a bet: who may see it, what it holds, and that the server seed stays secret until it is revealed."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from betting import fairness
from betting.models import Bet, SeedPair
from betting.orders import Settled
from betting.services import place_bet
from casino.games.models import Game
from casino.games.paytables import load
from casino.games.rng import provably_fair_words
from casino.users.models import User
from operators.models import Operator, RngProvider

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def bet(alice: User, make_game: Any, make_jackpot: Any, fund: Any, order_of: Any) -> Bet:
    """A bet of Alice's that feeds two jackpots."""
    group = make_jackpot(
        {"name": "mini", "rate": "0.005", "seed": 10},
        {"name": "major", "rate": "0.002", "seed": 50, "kind": "must_drop", "ceiling": 500},
    )
    game = make_game("coin")
    Game.objects.filter(pk=game.pk).update(jackpot_group=group)
    fund(alice, "10.00")
    answer = place_bet(order_of(alice, "coin", "1.00"))
    assert isinstance(answer, Settled)
    return answer.bet


def test_a_proof_holds_all_that_recomputing_takes_but_the_secret(api: Any, alice: User, bet: Bet):
    pair = SeedPair.objects.get()
    answer = api(alice).get(f"/bets/{bet.pk}/proof")
    assert answer.status_code == 200
    assert answer.json() == {
        "bet_id": str(bet.pk),
        "game_version": 1,
        "kind": "weighted",
        "paytable": bet.game.version.paytable,
        "selections": None,
        "server_seed": None,
        "server_seed_hash": pair.server_seed_hash,
        "client_seed": pair.client_seed,
        "nonce": 0,
        "outcome": bet.outcome,
        "multiplier": "2.00" if bet.win else "0.00",
        "jackpots": [
            {"level": "mini", "probability": "1/1000000000000000000", "pool": "10.000000", "hit": False},
            {"level": "major", "probability": "1/225000", "pool": "50.000000", "hit": False},
        ],
    }


def test_the_seed_is_in_the_proof_once_it_is_revealed_and_gives_the_outcome(api: Any, alice: User, bet: Bet):
    revealed = fairness.rotate_seeds(alice.pk, alice.operator_id).revealed
    proof = api(alice).get(f"/bets/{bet.pk}/proof").json()
    assert proof["server_seed"] == revealed.server_seed
    words = provably_fair_words(proof["server_seed"], proof["client_seed"], proof["nonce"])
    drawn = load(proof["kind"], proof["paytable"]).draw((), words)
    assert drawn.outcome == proof["outcome"]
    assert drawn.multiplier * 100 == int(proof["multiplier"].replace(".", ""))


def test_a_proof_is_of_the_version_that_was_played(api: Any, alice: User, bet: Bet, sure_game: Any):
    before = api(alice).get(f"/bets/{bet.pk}/proof").json()
    game = Game.objects.get(slug="coin")
    game.version = game.versions.create(
        number=2, paytable={"zeros": 1}, par={"kind": "roulette"}, rtp=97, sigma=0, hit_rate=0, max_multiplier=36
    )
    game.kind = "roulette"
    game.save(update_fields=["version", "kind"])
    assert api(alice).get(f"/bets/{bet.pk}/proof").json() == before


def test_the_proof_lists_the_chips_as_played(api: Any, alice: User, make_game: Any, fund: Any, order_of: Any):
    make_game("wheel", kind="roulette", paytable={"zeros": 1})
    fund(alice, "10.00")
    chips = [{"on": "split:18-17", "stake": "0.50"}, {"on": "red", "stake": 0.5}]
    answer = place_bet(order_of(alice, "wheel", "1.00", selections=chips))
    assert isinstance(answer, Settled), answer
    proof = api(alice).get(f"/bets/{answer.bet.pk}/proof").json()
    assert proof["selections"] == [{"on": "split:17-18", "stake": "0.50"}, {"on": "red", "stake": "0.50"}]


def test_a_proof_is_seen_by_the_player_their_operator_and_the_platform(
    api: Any, alice: User, boris: User, sam: User, bruno: User, petra: User, bet: Bet
):
    path = f"/bets/{bet.pk}/proof"
    for user, status in ((alice, 200), (sam, 200), (petra, 200), (boris, 404), (bruno, 404), (None, 401)):
        assert api(user).get(path).status_code == status, user
    for user in (sam, petra):
        assert api(user).get(path).json()["server_seed"] is None


def test_a_proof_takes_one_statement(api: Any, alice: User, bet: Bet):
    client = api(alice)
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/bets/{bet.pk}/proof")
    assert len(captured) == 1


def test_an_unknown_bet_has_no_proof(api: Any, alice: User):
    assert api(alice).get(f"/bets/{alice.pk}/proof").status_code == 404


def test_a_bet_of_the_system_generator_has_no_seeds_to_prove_it(
    api: Any, alice: User, coin: Game, fund: Any, order_of: Any
):
    Operator.objects.update(rng_provider=RngProvider.SYSTEM)
    fund(alice, "10.00")
    answer = place_bet(order_of(alice, "coin", "1.00"))
    assert isinstance(answer, Settled)
    refusal = api(alice).get(f"/bets/{answer.bet.pk}/proof")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "not_provable")
    with pytest.raises(CommandError) as fault:
        call_command("verify_bet", str(answer.bet.pk))
    assert fault.value.returncode == 2


def test_the_command_checks_a_bet_before_its_seed_is_revealed_and_keeps_the_secret(bet: Bet):
    said = StringIO()
    call_command("verify_bet", str(bet.pk), stdout=said)
    assert said.getvalue() == (
        f"Bet {bet.pk} agrees with its seeds: outcome, multiplier {'2.00' if bet.win else '0.00'}, 2 jackpot draws.\n"
    )


def test_the_command_says_what_differs(bet: Bet, monkeypatch: pytest.MonkeyPatch):
    prove = fairness.prove_bet
    tampered = {"multiplier": "7.00"}
    monkeypatch.setattr(
        "betting.management.commands.verify_bet.prove_bet", lambda *args, **options: prove(*args, **options) | tampered
    )
    with pytest.raises(CommandError, match=r"the multiplier should be [02]\.00, not 7\.00") as fault:
        call_command("verify_bet", str(bet.pk))
    assert fault.value.returncode == 1


def test_the_command_knows_no_bet_of_that_id(alice: User):
    with pytest.raises(CommandError) as fault:
        call_command("verify_bet", str(alice.pk))
    assert fault.value.returncode == 2


def test_a_proof_is_the_same_after_a_round_through_json(alice: User, bet: Bet):
    fairness.rotate_seeds(alice.pk, alice.operator_id)
    stored = Bet.objects.with_proof().get(pk=bet.pk)
    assert json.loads(json.dumps(fairness.prove_bet(stored))) == fairness.prove_bet(stored)
