"""Bets drawn from a remote service: signed seeds, and a refusal that moves nothing whenever it does not give them."""

import hmac
import socket
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from betting import rng_service
from betting.management.commands.verify_bet import load_verifier
from betting.models import Bet, RngService
from betting.orders import RngUnavailable, Settled
from betting.randomness import set_rng_service
from betting.rng_service import FAILURES_TO_OPEN, OPEN_SECONDS, Breaker
from betting.services import place_bet, place_bets
from betting.tests.rng_server import KEY, RngServer
from casino.errors import Invalid
from casino.games.models import Game
from casino.games.paytables import load
from casino.games.rng import provably_fair_words
from casino.users.models import User
from operators.models import Operator, RngProvider
from wallets.ledger import InsufficientFunds

pytestmark = pytest.mark.usefixtures("books_close")

OUTAGES = [
    "500", "redirect", "slow", "drip", "replay", "short", "long", "wrong signature", "swapped", "same seed",
    "malformed seed", "not json", "no object", "half", "deep",
]  # fmt: skip


@pytest.fixture
def server(settings: Any) -> Iterator[RngServer]:
    settings.ALLOW_LOOPBACK_SERVICES = True
    with RngServer() as running:
        yield running


@pytest.fixture
def remote(server: RngServer, aurora: Operator) -> RngServer:
    """Aurora draws from the service."""
    set_rng_service(aurora, server.url, KEY, timeout_ms=300)
    Operator.objects.filter(pk=aurora.pk).update(rng_provider=RngProvider.REMOTE)
    return server


@pytest.fixture
def ready(remote: RngServer, alice: User, coin: Game, fund: Any) -> RngServer:
    """Alice has money, and Aurora draws from the service."""
    fund(alice, "20.00")
    return remote


def settled(answer: Any) -> Bet:
    assert isinstance(answer, Settled), answer
    return answer.bet


def test_a_bet_is_drawn_from_the_services_seed_and_keeps_what_it_signed(ready: RngServer, alice: User, order_of: Any):
    bet = settled(place_bet(order_of(alice, "coin", "1.00")))
    evidence = bet.rng_evidence
    (request,) = ready.requests
    assert request == {"request_id": evidence["request_id"], "count": 1}
    signed = f"{evidence['request_id']}:0:{evidence['seed']}".encode()
    assert evidence["signature"] == hmac.digest(KEY.encode(), signed, "sha256").hex()
    drawn = load("weighted", bet.game.version.paytable).draw((), provably_fair_words(evidence["seed"], "remote", 0))
    assert (bet.outcome, bet.seed_pair, bet.nonce) == (drawn.outcome, None, None)


def test_a_batch_asks_once_and_each_order_has_a_seed_of_its_own(ready: RngServer, alice: User, order_of: Any):
    answers = place_bets([order_of(alice, "coin", "0.10") for _ in range(64)])
    assert len({settled(answer).rng_evidence["seed"] for answer in answers}) == 64
    assert [request["count"] for request in ready.requests] == [64]
    assert sorted(settled(answer).rng_evidence["index"] for answer in answers) == list(range(64))


def test_a_request_id_is_never_used_twice(ready: RngServer, alice: User, order_of: Any):
    for _ in range(3):
        settled(place_bet(order_of(alice, "coin", "1.00")))
    assert len({request["request_id"] for request in ready.requests}) == 3


def test_an_operator_with_a_generator_of_its_own_asks_nobody(
    ready: RngServer, alice: User, boris: User, fund: Any, order_of: Any
):
    fund(boris, "20.00")
    theirs, mine = place_bets([order_of(boris, "coin", "1.00"), order_of(alice, "coin", "1.00")])
    assert (settled(theirs).rng_provider, settled(theirs).rng_evidence) == ("provably_fair", None)
    assert settled(mine).rng_provider == "remote"
    assert [request["count"] for request in ready.requests] == [1]


def test_services_of_several_operators_are_asked_at_once(
    ready: RngServer, alice: User, boris: User, fund: Any, order_of: Any
):
    with RngServer() as theirs:
        set_rng_service(boris.operator, theirs.url, KEY, timeout_ms=300)
        Operator.objects.update(rng_provider=RngProvider.REMOTE)
        fund(boris, "20.00")
        theirs.mode = "500"
        refused, mine = place_bets([order_of(boris, "coin", "1.00"), order_of(alice, "coin", "1.00")])
        assert isinstance(refused, RngUnavailable)
        settled(mine)


@pytest.mark.parametrize("mode", OUTAGES)
def test_an_outage_refuses_the_bet_and_moves_nothing(
    mode: str, ready: RngServer, alice: User, order_of: Any, wallet_of: Any
):
    earlier = [order_of(alice, "coin", "0.50"), order_of(alice, "coin", "0.50")]
    place_bets(earlier)
    before = wallet_of(alice)
    ready.mode = mode
    began = time.monotonic()
    answers = place_bets([order_of(alice, "coin", "1.00"), order_of(alice, "coin", "1.00")])
    assert time.monotonic() - began < 5
    assert [type(answer) for answer in answers] == [RngUnavailable] * 2
    assert Bet.objects.count() == 2
    assert (wallet_of(alice).version, wallet_of(alice).real) == (before.version, before.real)
    # The second attempt, and no third.
    assert len(ready.requests) == 3


def test_a_closed_port_refuses_the_bet(ready: RngServer, alice: User, aurora: Operator, order_of: Any):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    set_rng_service(aurora, f"http://127.0.0.1:{port}", KEY)
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), RngUnavailable)
    assert not Bet.objects.exists()


def test_an_operator_without_a_service_row_is_refused(ready: RngServer, alice: User, order_of: Any):
    RngService.objects.all().delete()
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), RngUnavailable)
    assert not Bet.objects.exists()


def test_one_failure_is_tried_again(ready: RngServer, alice: User, order_of: Any):
    ready.mode = "fails once"
    settled(place_bet(order_of(alice, "coin", "1.00")))
    first, second = ready.requests
    assert first["request_id"] != second["request_id"]


def test_the_outage_is_a_503_with_a_time_to_come_back(ready: RngServer, alice: User, api: Any):
    ready.mode = "500"
    answer = api(alice).post("/bets", {"game_id": "coin", "wager": "1.00"})
    assert (answer.status_code, answer.json()["code"]) == (503, "rng_unavailable")
    assert int(answer["Retry-After"]) > 0
    ready.mode = "ok"
    assert api(alice).post("/bets", {"game_id": "coin", "wager": "1.00"}).status_code == 201


def test_what_was_played_is_answered_while_the_service_is_away(ready: RngServer, alice: User, order_of: Any):
    played, fresh = order_of(alice, "coin", "1.00"), order_of(alice, "coin", "1.00")
    bet = settled(place_bet(played))
    ready.mode = "500"
    replay, refused = place_bets([played, fresh])
    assert settled(replay).pk == bet.pk
    assert isinstance(refused, RngUnavailable)
    # For a replay alone nobody is asked.
    asked = len(ready.requests)
    assert settled(place_bet(played)).pk == bet.pk
    assert len(ready.requests) == asked
    ready.mode = "ok"
    settled(place_bet(fresh))


def test_other_refusals_are_told_before_the_outage(ready: RngServer, alice: User, order_of: Any):
    ready.mode = "500"
    assert isinstance(place_bet(order_of(alice, "coin", "20.01")), InsufficientFunds)


def test_the_breaker_refuses_at_once_after_failures_in_a_row(
    ready: RngServer, alice: User, order_of: Any, monkeypatch: pytest.MonkeyPatch
):
    now = [1000.0]
    monkeypatch.setattr(rng_service, "monotonic", lambda: now[0])
    ready.mode = "500"
    for _ in range(FAILURES_TO_OPEN):
        assert isinstance(place_bet(order_of(alice, "coin", "1.00")), RngUnavailable)
    asked = len(ready.requests)
    ready.mode = "ok"
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), RngUnavailable)
    assert len(ready.requests) == asked
    now[0] += OPEN_SECONDS
    settled(place_bet(order_of(alice, "coin", "1.00")))
    settled(place_bet(order_of(alice, "coin", "1.00")))


def test_an_open_breaker_lets_one_call_try():
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.lets_through(10)
        breaker.note(10, is_success=False)
    assert not breaker.lets_through(10 + OPEN_SECONDS - 0.01)
    assert [breaker.lets_through(10 + OPEN_SECONDS) for _ in range(3)] == [True, False, False]
    breaker.note(10 + OPEN_SECONDS, is_success=False)
    assert not breaker.lets_through(10 + 2 * OPEN_SECONDS - 0.01)
    assert breaker.lets_through(10 + 2 * OPEN_SECONDS)
    breaker.note(10 + 2 * OPEN_SECONDS, is_success=True)
    assert [breaker.lets_through(10 + 2 * OPEN_SECONDS) for _ in range(3)] == [True] * 3


def test_a_service_on_this_machine_is_called_only_where_that_is_allowed(
    ready: RngServer, alice: User, order_of: Any, settings: Any
):
    settings.ALLOW_LOOPBACK_SERVICES = False
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), RngUnavailable)
    assert ready.requests == []


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("169.254.169.254", True),
        ("fe80::1%eth0", True), ("::ffff:169.254.169.254", True), ("0.0.0.0", True), ("::", True), ("224.0.0.1", True),
        ("10.1.2.3", True), ("192.168.7.7", True), ("172.16.0.1", True), ("100.64.0.1", True), ("fd00::7", True),
        ("9.9.9.9", False), ("2620:fe::fe", False),
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_network_are_known(address: str, is_ours: bool):
    assert rng_service._is_ours(address) is is_ours


@pytest.mark.parametrize(
    "url",
    [
        "http://rng.example.com/", "ftp://rng.example.com/", "https://user:pass@rng.example.com/", "https:///seeds",
        "https://@rng.example.com/", "https://rng.example.com/#x", "https://rng.example.com:99999/", "https://[::1",
        "https://rng.example.com:0/", "rng.example.com", "",
    ],
)  # fmt: skip
def test_a_service_has_a_plain_https_address(url: str, aurora: Operator, settings: Any):
    settings.ALLOW_LOOPBACK_SERVICES = False
    with pytest.raises(Invalid):
        set_rng_service(aurora, url, KEY)
    assert not RngService.objects.exists()


def test_the_shared_key_is_long_and_lies_encrypted(aurora: Operator):
    with pytest.raises(Invalid):
        set_rng_service(aurora, "https://rng.example.com/seeds", "k" * 31)
    assert KEY not in set_rng_service(aurora, "https://rng.example.com/seeds", KEY).key


@pytest.mark.parametrize("timeout_ms", [0, 49, 5001])
def test_a_service_has_a_time_to_answer_in(timeout_ms: int, aurora: Operator):
    with pytest.raises(IntegrityError, match="a_random_number_service_answers_soon"), transaction.atomic():
        set_rng_service(aurora, "https://rng.example.com/seeds", KEY, timeout_ms)


def test_a_service_is_seen_by_its_own_operator(olga: User, bruno: User, alice: User, petra: User, aurora: Operator):
    service = set_rng_service(aurora, "https://rng.example.com/seeds", KEY)
    seen = {user.username: list(RngService.objects.visible_to(user)) for user in (olga, bruno, alice, petra)}
    assert seen == {"olga": [service], "bruno": [], "alice": [], "petra": [service]}


def test_the_first_bet_after_a_switch_elsewhere_has_a_remote_seed(
    server: RngServer, alice: User, boris: User, aurora: Operator, borealis: Operator, coin: Game, fund: Any,
    order_of: Any,
):  # fmt: skip
    fund(alice, "20.00")
    fund(boris, "20.00")
    orders = [order_of(alice, "coin", "1.00"), order_of(boris, "coin", "1.00"), order_of(alice, "coin", "2.00")]
    assert settled(place_bet(order_of(alice, "coin", "1.00"))).rng_provider == RngProvider.PROVABLY_FAIR
    set_rng_service(aurora, server.url, KEY)
    # What this process keeps does not know yet.
    Operator.objects.filter(pk=aurora.pk).update(rng_provider=RngProvider.REMOTE)
    bets = [settled(answer) for answer in place_bets(orders)]
    assert [bet.rng_provider for bet in bets] == [RngProvider.REMOTE, RngProvider.PROVABLY_FAIR, RngProvider.REMOTE]
    assert bets[0].wallet_version < bets[2].wallet_version
    assert [request["count"] for request in server.requests] == [2]
    # From now on it knows: seeds are fetched before the locks.
    settled(place_bet(order_of(alice, "coin", "1.00")))
    assert [request["count"] for request in server.requests] == [2, 1]
    # And so for a switch back, whose first bet needs the seed no more that was fetched for it.
    Operator.objects.filter(pk=aurora.pk).update(rng_provider=RngProvider.PROVABLY_FAIR)
    assert settled(place_bet(order_of(alice, "coin", "1.00"))).nonce == 1
    settled(place_bet(order_of(alice, "coin", "1.00")))
    assert [request["count"] for request in server.requests] == [2, 1, 1]


def test_two_operators_that_both_switched_are_fetched_for_in_one_batch(
    server: RngServer, alice: User, boris: User, coin: Game, fund: Any, order_of: Any
):
    for player in (alice, boris):
        fund(player, "20.00")
        settled(place_bet(order_of(player, "coin", "1.00")))
        assert player.operator is not None
        set_rng_service(player.operator, server.url, KEY)
    Operator.objects.update(rng_provider=RngProvider.REMOTE)
    bets = [settled(answer) for answer in place_bets([order_of(p, "coin", "1.00") for p in (alice, boris, alice)])]
    assert {bet.rng_provider for bet in bets} == {RngProvider.REMOTE}
    assert sorted(request["count"] for request in server.requests) == [1, 2]


def test_a_switch_to_a_service_that_is_nowhere_refuses_and_moves_nothing(
    alice: User, coin: Game, aurora: Operator, fund: Any, wallet_of: Any, order_of: Any
):
    fund(alice, "20.00")
    settled(place_bet(order_of(alice, "coin", "1.00")))
    before = wallet_of(alice).version
    Operator.objects.filter(pk=aurora.pk).update(rng_provider=RngProvider.REMOTE)
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), RngUnavailable)
    assert (wallet_of(alice).version, Bet.objects.count()) == (before, 1)


def test_sixty_four_remote_orders_take_the_statements_of_one(ready: RngServer, alice: User, order_of: Any):
    place_bet(order_of(alice, "coin", "0.10"))
    counts = []
    for number in (1, 64):
        orders = [order_of(alice, "coin", "0.10") for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            place_bets(orders)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_remote_bet_is_proved_at_once_and_verified(
    ready: RngServer, alice: User, api: Any, make_jackpot: Any, order_of: Any
):
    group = make_jackpot({"name": "mini", "rate": "0.005", "seed": 10, "odds": Decimal(1)})
    Game.objects.update(jackpot_group=group)
    hits = set()
    for answer in place_bets([order_of(alice, "coin", "0.50") for _ in range(35)]):
        bet = settled(answer)
        raw = api(alice).get(f"/bets/{bet.pk}/proof")
        proof = raw.json()
        assert proof["evidence"] == bet.rng_evidence
        assert (proof["server_seed"], proof["client_seed"], proof["nonce"]) == (bet.rng_evidence["seed"], "remote", 0)
        assert load_verifier().judge(raw.content.decode())[0] == 0
        hits.add(proof["jackpots"][0]["hit"])
    # At one half each, one run in 10¹⁰ would see nothing but hits or nothing but misses.
    assert hits == {True, False}
