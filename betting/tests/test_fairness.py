"""Seed pairs: published before play, rotated under the wallet's lock, encrypted at rest."""

import threading
from collections import defaultdict
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test.utils import CaptureQueriesContext

from betting import fairness
from betting.models import Bet, SeedPair
from betting.orders import Settled
from betting.services import open_account, place_bet, place_bets
from casino import encryption
from casino.errors import Invalid
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from wallets.refusals import NoWallet

pytestmark = pytest.mark.usefixtures("books_close")


def pair_of(player: User) -> SeedPair:
    return fairness.find_seeds(player.pk, player.operator_id)


def test_a_player_sees_the_hashes_of_this_seed_and_the_next(api: Any, alice: User):
    pair = pair_of(alice)
    answer = api(alice).get("/fairness")
    assert answer.status_code == 200
    assert answer.json() == {
        "server_seed_hash": pair.server_seed_hash,
        "next_server_seed_hash": pair.next_server_seed_hash,
        "client_seed": pair.client_seed,
        "nonce": 0,
    }


def test_the_nonce_shown_is_that_of_the_next_bet(api: Any, alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "10.00")
    place_bets([order_of(alice, "coin", "1.00") for _ in range(3)])
    assert api(alice).get("/fairness").json()["nonce"] == 3


def test_each_operator_has_seeds_of_its_own(api: Any, alice: User, borealis: Operator):
    assert api(alice).get("/fairness?operator=borealis").status_code == 404
    open_account(alice, borealis)
    here, there = (api(alice).get(f"/fairness?operator={slug}").json() for slug in ("aurora", "borealis"))
    assert here["server_seed_hash"] != there["server_seed_hash"]
    api(alice).post("/fairness/rotate?operator=borealis", {})
    assert api(alice).get("/fairness").json() == here
    assert api(alice).get("/fairness?operator=borealis").json()["server_seed_hash"] == there["next_server_seed_hash"]


@pytest.mark.parametrize(("method", "path"), [("get", "/fairness"), ("post", "/fairness/rotate")])
def test_only_players_have_seeds(method: str, path: str, api: Any, olga: User, petra: User):
    for user, status in ((None, 401), (olga, 403), (petra, 403)):
        assert getattr(api(user), method)(path).status_code == status
    assert not SeedPair.objects.exists()


def test_an_unknown_operator_is_not_found(api: Any, alice: User):
    answer = api(alice).get("/fairness?operator=nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_operator")


def test_a_rotation_reveals_the_seed_whose_hash_was_published(
    api: Any, alice: User, coin: Game, fund: Any, order_of: Any
):
    fund(alice, "10.00")
    before = api(alice).get("/fairness").json()
    place_bets([order_of(alice, "coin", "1.00") for _ in range(2)])
    answer = api(alice).post("/fairness/rotate", {"client_seed": "my own ~ seed"})
    assert answer.status_code == 200
    revealed, current = answer.json()["revealed"], answer.json()["current"]
    assert sha256(revealed["server_seed"].encode()).hexdigest() == before["server_seed_hash"]
    assert revealed == {
        "server_seed": revealed["server_seed"],
        "server_seed_hash": before["server_seed_hash"],
        "client_seed": before["client_seed"],
        "last_nonce": 1,
    }
    assert current == {
        "server_seed_hash": before["next_server_seed_hash"],
        "next_server_seed_hash": current["next_server_seed_hash"],
        "client_seed": "my own ~ seed",
        "nonce": 0,
    }
    assert current == api(alice).get("/fairness").json()
    hashes = {before["server_seed_hash"], before["next_server_seed_hash"], current["next_server_seed_hash"]}
    assert len(hashes) == 3


def test_the_seed_revealed_next_is_the_one_published_now(alice: User):
    first = fairness.rotate_seeds(alice.pk, alice.operator_id)
    second = fairness.rotate_seeds(alice.pk, alice.operator_id)
    assert second.revealed.server_seed_hash == first.current.server_seed_hash
    assert sha256(second.revealed.server_seed.encode()).hexdigest() == first.current.server_seed_hash


def test_a_rotation_without_a_bet_reveals_no_nonce_and_keeps_the_client_seed(api: Any, alice: User):
    before = pair_of(alice)
    answer = api(alice).post("/fairness/rotate").json()
    assert answer["revealed"]["last_nonce"] is None
    assert answer["current"]["client_seed"] == before.client_seed


@pytest.mark.parametrize("seed", ["x", "~" * 64, " two words ", '"quoted"', "0"])
def test_a_client_seed_is_any_printable_text(seed: str, api: Any, alice: User):
    answer = api(alice).post("/fairness/rotate", {"client_seed": seed})
    assert (answer.status_code, answer.json()["current"]["client_seed"]) == (200, seed)


@pytest.mark.parametrize(
    "body",
    [
        {"client_seed": ""},
        {"client_seed": "x" * 65},
        {"client_seed": "a:b"},
        {"client_seed": "tab\t"},
        {"client_seed": "newline\n"},
        {"client_seed": "é"},
        {"client_seed": "\u0661"},
        {"client_seed": "\x7f"},
        {"client_seed": 7},
        {"client_seed": None},
        {"client_seed": ["x"]},
        {"clientSeed": "x"},
        {"client_seed": "x", "server_seed": "y"},
        ["x"],
    ],
)
def test_a_malformed_rotation_is_refused_and_reveals_nothing(body: Any, api: Any, alice: User):
    before = pair_of(alice)
    answer = api(alice).post("/fairness/rotate", body)
    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert SeedPair.objects.get().revealed_at is None
    assert pair_of(alice) == before


def test_the_domain_refuses_a_malformed_client_seed_itself(alice: User):
    with pytest.raises(Invalid):
        fairness.rotate_seeds(alice.pk, alice.operator_id, "a:b")
    assert SeedPair.objects.get().revealed_at is None


def test_without_an_account_there_is_nothing_to_rotate(alice: User, borealis: Operator):
    with pytest.raises(NoWallet):
        fairness.rotate_seeds(alice.pk, borealis.pk)


def test_a_blocked_player_may_still_have_seeds_revealed(api: Any, alice: User):
    User.objects.filter(pk=alice.pk).update(is_blocked=True)
    assert api(alice).post("/fairness/rotate").status_code == 200


def test_bets_after_a_rotation_use_the_new_pair_from_nonce_zero(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "10.00")
    place_bet(order_of(alice, "coin", "1.00"))
    current = fairness.rotate_seeds(alice.pk, alice.operator_id).current
    answer = place_bet(order_of(alice, "coin", "1.00"))
    assert isinstance(answer, Settled)
    assert (answer.bet.seed_pair_id, answer.bet.nonce) == (current.pk, 0)


def test_server_seeds_lie_encrypted_and_survive_a_change_of_keys(
    alice: User, settings: Any, request: pytest.FixtureRequest
):
    request.addfinalizer(encryption._fernet.cache_clear)
    revealed = fairness.rotate_seeds(alice.pk, alice.operator_id).revealed
    old = SeedPair.objects.get(server_seed_hash=revealed.server_seed_hash)
    assert revealed.server_seed not in old.server_seed
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    encryption._fernet.cache_clear()
    fairness._clear.cache_clear()
    again = fairness.rotate_seeds(alice.pk, alice.operator_id).revealed
    assert sha256(again.server_seed.encode()).hexdigest() == again.server_seed_hash
    # What is made from now on is under the new key.
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    encryption._fernet.cache_clear()
    fairness._clear.cache_clear()
    assert encryption.decrypt(pair_of(alice).next_server_seed)


def test_a_rotation_takes_few_statements(alice: User):
    fairness.rotate_seeds(alice.pk, alice.operator_id)
    with CaptureQueriesContext(connection) as captured:
        fairness.rotate_seeds(alice.pk, alice.operator_id)
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert "FOR NO KEY UPDATE" in statements[0]
    assert len(statements) == 6


@pytest.mark.django_db(transaction=True)
def test_rotations_and_bets_at_once_never_share_a_pair(coin: Game, alice: User, fund: Any, order_of: Any):
    fund(alice, "100.00")
    orders = [order_of(alice, "coin", "0.10") for _ in range(80)]
    answers: list[Any] = []
    rotations: list[fairness.Rotation] = []

    def play(mine: list[Any]) -> None:
        answers.extend(place_bet(order) for order in mine)

    def rotate() -> None:
        rotations.extend(fairness.rotate_seeds(alice.pk, alice.operator_id) for _ in range(5))

    _at_once([*(lambda mine=orders[n::8]: play(mine) for n in range(8)), rotate, rotate])
    assert all(isinstance(answer, Settled) for answer in answers)
    assert len(answers) == 80
    assert len({rotation.revealed.server_seed_hash for rotation in rotations}) == 10

    nonces: defaultdict[Any, list[int]] = defaultdict(list)
    for bet in Bet.objects.select_related("seed_pair").order_by("nonce"):
        nonces[bet.seed_pair].append(bet.nonce)
        assert bet.seed_pair.revealed_at is None or bet.created_at <= bet.seed_pair.revealed_at
    assert sum(map(len, nonces.values())) == 80
    assert all(played == list(range(pair.nonce)) for pair, played in nonces.items())
    # What a rotation told of a pair stayed true: no bet ran on it afterwards.
    for rotation in rotations:
        pair = SeedPair.objects.get(server_seed_hash=rotation.revealed.server_seed_hash)
        assert rotation.revealed.last_nonce == (pair.nonce - 1 if pair.nonce else None)
    assert SeedPair.objects.filter(revealed_at=None).count() == 1


def _at_once(calls: list[Callable[[], None]]) -> None:
    faults: list[Exception] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
