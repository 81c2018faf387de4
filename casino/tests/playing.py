"""Many players at once, and bets at a steady rate, straight through the services."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count, cycle
from uuid import uuid4

from django.db import connection, transaction

from betting.orders import Order, Settled, parse_order
from betting.services import open_account, place_bets
from casino.games.models import Category, Game
from casino.games.services import GameSpec, create_game
from casino.users.models import User
from operators.models import Operator
from wallets import ledger
from wallets.models import Account, TransferKind


def make_coin(**facts: object) -> Game:
    """A game of 96 % that wins every other time or so."""
    Category.objects.get_or_create(slug="instant", defaults={"name": "Instant wins"})
    outcomes = [{"label": "lose", "weight": 52, "multiplier": "0"}, {"label": "win", "weight": 48, "multiplier": "2"}]
    spec = {"kind": "weighted", "paytable": {"outcomes": outcomes}, "max_bet": Decimal(500)} | facts
    return create_game(GameSpec(slug="coin", name="Coin", category="instant", **spec))  # type: ignore[arg-type]


def make_crowd(operator: Operator, number: int, funds: str = "1000.00") -> list[User]:
    """Players who cannot log in by password, which saves its hashing, with ``funds`` each."""
    players = []
    for index in range(number):
        name = f"player{index}"
        player = User.objects.create_user(f"{name}@{operator.slug}.test", name, operator=operator)
        open_account(player, operator)
        players.append(player)
    with transaction.atomic():
        journal = ledger.lock_accounts({(player.pk, operator.pk) for player in players})
        for wallet in journal.wallets.values():
            journal.move(
                TransferKind.ADJUSTMENT, Account.ADJUSTMENTS, Account.REAL, Decimal(funds), reference=uuid4(),
                wallet=wallet,
            )  # fmt: skip
        journal.post()
    return players


class Table:
    """Bets of 1.00 on the coin, so many a second, each player in turn; ``slowest`` is the longest batch in seconds."""

    def __init__(self, players: Sequence[User], per_second: int, batch: int = 50) -> None:
        self.players, self.per_second, self.batch = players, per_second, batch
        self.placed, self.slowest = 0, 0.0
        self._most = 10**9
        self.bets_of = {player.pk: 0 for player in players}
        self._is_over = threading.Event()

    @contextmanager
    def open(self) -> Iterator["Table"]:
        """Play in a thread until the end of the block."""
        thread = threading.Thread(target=self._play)
        thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            thread.join(30)

    def play(self, bets: int) -> None:
        """Play here, until so many are placed."""
        self._most = bets
        self._play()

    def _play(self) -> None:
        turns, numbers, began = cycle(self.players), count(), time.monotonic()
        try:
            while not self._is_over.is_set() and self.placed < self._most:
                self.settle([self._order(next(turns), next(numbers)) for _ in range(self.batch)])
                self._is_over.wait(max(0.0, began + self.placed / self.per_second - time.monotonic()))
        finally:
            connection.close()

    def settle(self, orders: list[Order]) -> None:
        began = time.monotonic()
        answers = place_bets(orders)
        self.slowest = max(self.slowest, time.monotonic() - began)
        for answer in answers:
            assert isinstance(answer, Settled), answer
            self.bets_of[answer.bet.player_id] += 1
        self.placed += len(answers)

    def _order(self, player: User, number: int) -> Order:
        assert player.operator_id is not None
        body = {"game_id": "coin", "wager": "1.00"}
        return parse_order(body, player.pk, player.operator_id, f"table-{id(self)}-{number:06d}")
