"""The running stack, from outside: the main job over HTTP, what a kill loses (nothing), and what another shell sees."""

import os
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from casino.embedded.processes import wait_until
from casino.tests.running import Caller, Stack, fund, running_stack

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home: Path = tmp_path_factory.mktemp("stack")
    with running_stack(home) as running:
        yield running


def real_balance(player: Caller) -> Decimal:
    return Decimal(player.call("GET", "/auth/user").json()["wallets"][0]["real"])


def assert_books_close(stack: Stack) -> None:
    audit = stack.manage("audit_ledger")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_a_stranger_registers_deposits_and_bets(stack: Stack):
    player = Caller(stack.url)
    player.register("cascade")
    fund(player, "50.00")
    balance = Decimal(50)
    for number in range(20):
        headers = {"Idempotency-Key": f"journey-{uuid4().hex}"} if number % 2 else {}
        bet = player.call("POST", "/bets", {"game_id": "orchard-sevens", "wager": "1.00"}, **headers)
        assert bet.status_code == 201, bet.text
        balance += Decimal(bet.json()["win"]) - 1
        assert Decimal(bet.json()["balances"]["real"]["after"]) == balance
        if headers:
            again = player.call("POST", "/bets", {"game_id": "orchard-sevens", "wager": 1}, **headers)
            assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
            assert again.json() == bet.json()
    assert real_balance(player) == balance
    assert len(player.call("GET", "/bets?limit=100").json()["results"]) == 20
    assert_books_close(stack)


def test_fifty_bets_at_once_on_funds_for_ten(stack: Stack):
    player = Caller(stack.url)
    player.register("aurora")
    fund(player, "10.00")
    answers: list[requests.Response] = []
    token = str(player.session.headers["Authorization"]).removeprefix("Bearer ")

    # A game that takes no bonus money: the welcome bonus must not pay for more.
    spin = {"game_id": "salon-roulette", "wager": "1.00", "selections": [{"on": "straight:7", "stake": "1.00"}]}

    def bet() -> None:
        answers.append(Caller(stack.url, token).call("POST", "/bets", spin))

    threads = [threading.Thread(target=bet) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = sum(Decimal(answer.json()["win"]) for answer in answers if answer.status_code == 201)
    settled = sum(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} <= {201, 422}
    assert real_balance(player) == 10 - settled + won
    assert settled == 10 if not won else 10 <= settled <= 10 + won
    assert_books_close(stack)


def test_the_embedded_stack_refuses_to_start_twice(stack: Stack):
    second = stack.manage("up")
    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1
    assert "already running" in second.stderr


@pytest.mark.parametrize("victim", ["web", "postgres"])
def test_a_kill_in_mid_load_loses_no_acknowledged_bet(stack: Stack, victim: str):
    players = [Caller(stack.url) for _ in range(4)]
    for player in players:
        player.register("borealis")
        fund(player, "500.00")
    acknowledged: dict[str, dict[str, Any]] = {}
    unknown: list[tuple[Caller, str]] = []
    is_over = threading.Event()
    threads = [threading.Thread(target=_load, args=(player, acknowledged, unknown, is_over)) for player in players]
    for thread in threads:
        thread.start()
    time.sleep(2)
    before, killed = len(acknowledged), stack.pids[victim]
    stack.kill(victim)
    assert wait_until(lambda: stack.pids.get(victim) != killed, 60)
    assert wait_until(lambda: len(acknowledged) > before + 20, 60), "play does not go on after the kill"
    is_over.set()
    for thread in threads:
        thread.join()
    for player, key in unknown:
        again = player.call("POST", "/bets", {"game_id": "percentile", **DICE}, **{"Idempotency-Key": key})
        assert again.status_code == 201, again.text
        acknowledged[key] = again.json()
    stored = {bet["id"]: bet for player in players for bet in _all_bets(player)}
    assert stored == {bet["id"]: bet for bet in acknowledged.values()}
    assert_books_close(stack)


DICE = {"wager": "0.50", "selections": [{"on": "under:50", "stake": "0.50"}]}


def _load(player: Caller, acknowledged: dict[str, Any], unknown: list[Any], is_over: threading.Event) -> None:
    """Bet until it is over; an answer that never came, or a fault, is unknown."""
    while not is_over.is_set():
        key = f"load-{uuid4().hex}"
        try:
            answer = player.call("POST", "/bets", {"game_id": "percentile", **DICE}, **{"Idempotency-Key": key})
        except requests.RequestException:
            unknown.append((player, key))
            time.sleep(0.2)
            continue
        if answer.status_code == 201:
            acknowledged[key] = answer.json()
        elif answer.status_code >= 500:
            unknown.append((player, key))
            time.sleep(0.2)
        elif answer.status_code == 429:
            time.sleep(0.2)
        else:
            raise AssertionError(answer.text)


def _all_bets(player: Caller) -> list[dict[str, Any]]:
    found, path = [], "/bets?limit=100"
    while path:
        page = player.call("GET", path).json()
        found += page["results"]
        path = (page["next"] or "").removeprefix(player.url)
    return found


def test_a_stop_leaves_nothing_running(stack: Stack):
    pids = stack.pids
    stack.process.send_signal(2)
    stack.process.wait(60)
    assert not [name for name, pid in pids.items() if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
