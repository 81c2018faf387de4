"""Three players at two operators do whatever comes to mind; a plain-Python oracle agrees at each step."""

from copy import copy
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from betting import jackpots, rollups
from betting.documents import bet_document
from betting.fairness import rotate_seeds
from betting.models import Bet, HourRollup, JackpotPending, JackpotPool
from betting.orders import Order, Settled
from betting.rollups import CLOSING_MARGIN
from betting.services import open_account, place_bets
from betting.tests.conftest import everything
from betting.tests.oracle import GAMES, JACKPOT_RATES, JACKPOT_SEED, Oracle, Pot, Spins
from casino.games.models import Game
from operators.audit import audit
from operators.models import Operator
from vip.models import Standing
from wallets.endings import expire_bonuses, waive_bonus
from wallets.ledger import database_clock
from wallets.models import Wallet
from wallets.promotions import Bonus, FreeSpins
from wallets.services import deposit_through_webhook

NAMES = [("alice", "aurora"), ("alice", "borealis"), ("boris", "borealis"), ("carla", "aurora")]
ACCOUNTS = st.sampled_from(NAMES)
WAGERS = st.sampled_from([100, 101, 250, 333, 500, 1000, 2500])
SMALL_WAGERS = st.sampled_from([10, 11, 25, 99]) | WAGERS
BETS = st.lists(
    st.sampled_from(["half", "odd", "strict", "hot"]).flatmap(
        lambda game: st.tuples(ACCOUNTS, st.just(game), WAGERS if game == "hot" else SMALL_WAGERS, st.booleans())
    ),
    min_size=3,
    max_size=8,
)
Bets = list[tuple[tuple[str, str], str, int, bool]]


def cents(amount: Decimal) -> int:
    assert amount * 100 == int(amount * 100)
    return int(amount * 100)


def money(amount: int) -> Decimal:
    return Decimal(amount) / 100


class Casino(RuleBasedStateMachine):
    """Every rule does the same to the database and to the oracle, and then a batch of bets; invariants compare them."""

    def __init__(self, house: SimpleNamespace) -> None:
        super().__init__()
        self.house, self.oracle = house, Oracle()
        self.sent: list[tuple[Order, dict[str, Any]]] = []
        self.example = transaction.atomic()
        self.example.__enter__()
        for account in NAMES:
            self.deposit_money(account, 300)
            for amount in (600, 400):
                self.give_bonus(account, amount, 2, None, 1000, is_late=False)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def player_at(self, account: tuple[str, str]) -> Any:
        """The player, active at the account's operator."""
        player = copy(self.house.players[account[0]])
        player.operator = self.house.operators[account[1]]
        return player

    @rule(account=ACCOUNTS, amount=st.sampled_from([100, 1000, 4321]), bets=BETS)
    def deposit(self, account: tuple[str, str], amount: int, bets: Bets) -> None:
        self.deposit_money(account, amount)
        self.play(bets)

    def deposit_money(self, account: tuple[str, str], amount: int) -> None:
        deposit_through_webhook(self.player_at(account), money(amount), operator=account[1])
        self.oracle.deposit(account, amount)

    @rule(
        account=ACCOUNTS,
        amount=st.sampled_from([1, 60, 400, 1000, 2000]),
        multiple=st.sampled_from([0, 1, 2, 20]),
        cap=st.sampled_from([None, 0, 300]),
        most=st.sampled_from([100, 1000]),
        is_late=st.sampled_from([False] * 4 + [True]),
        bets=BETS,
    )
    def grant_bonus(self, bets: Bets, **terms: Any) -> None:
        self.give_bonus(**terms)
        self.play(bets)

    def give_bonus(
        self, account: tuple[str, str], amount: int, multiple: int, cap: int | None, most: int, is_late: bool
    ) -> None:
        self.house.give_bonus(
            self.player_at(account), str(money(amount)), wagering_multiple=Decimal(multiple), max_stake=money(most),
            conversion_cap=None if cap is None else money(cap), days=-1 if is_late else 30,
        )  # fmt: skip
        self.oracle.purses[account].pots.append(Pot(amount, amount, multiple, most, cap, is_late))

    @rule(
        account=ACCOUNTS,
        game=st.sampled_from(["half", "odd"]),
        number=st.integers(1, 3),
        value=st.sampled_from([10, 50]),
        multiple=st.sampled_from([0, 1, 3]),
        bets=BETS,
    )
    def grant_spins(
        self, account: tuple[str, str], game: str, number: int, value: int, multiple: int, bets: Bets
    ) -> None:
        row = self.house.give_spins(
            self.player_at(account), Game.objects.get(slug=game), number, str(money(value)),
            wagering_multiple=Decimal(multiple),
        )  # fmt: skip
        self.oracle.purses[account].spins.append(Spins(row.pk, game, number, value, multiple))
        self.play(bets)

    def play(self, bets: Bets) -> None:
        """A batch of bets: real where that covers it, else bonus money, or a spin of the account's latest grant."""
        orders, expected = [], []
        for account, game, wager, with_spin in bets:
            spins = self.oracle.purses[account].spins[-1] if with_spin and self.oracle.purses[account].spins else None
            body = {"free_spin": str(spins.id)} if spins else {}
            name, sent = (spins.game, None) if spins else (game, str(money(wager)))
            orders.append(self.house.order_of(self.player_at(account), name, sent, **body))
            expected.append(self.oracle.bet(account, name, wager, spins))
        for order, answer, facts in zip(orders, place_bets(orders), expected, strict=True):
            if isinstance(facts, str):
                assert answer.code == facts
                continue
            assert isinstance(answer, Settled)
            assert not answer.is_replay
            self.sent.append((order, bet_document(answer.bet)))
            assert self.facts_of(answer.bet) == facts

    @staticmethod
    def facts_of(bet: Bet) -> dict[str, Any]:
        return {
            "bet_type": bet.bet_type, "real": (cents(bet.real_before), cents(bet.real_after)),
            "bonus": (cents(bet.bonus_before), cents(bet.bonus_after)),
            **{name: cents(getattr(bet, name)) for name in ("wager", "win", "jackpot_win", "points")},
        }  # fmt: skip

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Orders sent again answer their bets, word for word; their keys with other content are refused."""
        order, document = data.draw(st.sampled_from(self.sent), label="order")
        other = Order(order.player_id, order.operator_id, order.game, order.wager, order.key, "0" * 64)
        before = everything()
        again, refused, once_more = place_bets([order, other, order])
        assert (again.is_replay, once_more.is_replay, refused.code) == (True, True, "idempotency_key_reused")
        assert bet_document(again.bet) == bet_document(once_more.bet) == document
        assert everything() == before

    @rule(account=ACCOUNTS, bets=BETS)
    def waive(self, account: tuple[str, str], bets: Bets) -> None:
        active = [pot for pot in self.oracle.purses[account].pots if pot.status == "active"]
        rows = Bonus.objects.active().filter(wallet=self.wallet(account))
        assert len(rows) == len(active)
        if active:
            removed = waive_bonus(rows[0].pk).removed
            assert cents(removed) == active[0].end("waived")
        self.play(bets)

    @rule(bets=BETS)
    def expire(self, bets: Bets) -> None:
        late = [pot for purse in self.oracle.purses.values() for pot in purse.pots if pot.is_late]
        due = [pot for pot in late if pot.status == "active"]
        assert expire_bonuses() == len(due)
        for pot in due:
            pot.end("expired")
        self.play(bets)

    @rule(bets=BETS)
    def fold_jackpots(self, bets: Bets) -> None:
        assert jackpots.fold() == sum(amount > 0 for amount in self.oracle.pending.values())
        self.oracle.fold()
        assert jackpots.fold() == 0
        self.play(bets)

    @rule(bets=BETS)
    def fold_rollups(self, bets: Bets) -> None:
        """The hours are folded early; bets that follow come late."""
        closed = database_clock() + CLOSING_MARGIN * 7
        assert rollups.fold(closed) == 0 or self.oracle.bets
        assert rollups.fold(closed) == 0
        self.play(bets)

    @rule(account=ACCOUNTS, bets=BETS)
    def rotate(self, account: tuple[str, str], bets: Bets) -> None:
        rotate_seeds(self.house.players[account[0]].pk, self.house.operators[account[1]].pk)
        self.play(bets)

    def wallet(self, account: tuple[str, str]) -> Wallet:
        return Wallet.objects.get(player=self.house.players[account[0]], operator=self.house.operators[account[1]])

    @invariant()
    def wallets_and_bonuses_agree(self) -> None:
        for account, purse in self.oracle.purses.items():
            wallet = self.wallet(account)
            held = (wallet.real, wallet.bonus, wallet.wagering_required, wallet.wagering_wagered)
            assert [cents(pocket) for pocket in held] == [purse.real, purse.bonus, purse.required, purse.wagered]
            rows = Bonus.objects.filter(wallet=wallet).order_by("id")
            assert [self.state_of(row) for row in rows] == [pot.facts() for pot in purse.pots]
            left = FreeSpins.objects.filter(wallet=wallet).order_by("id").values_list("remaining", flat=True)
            assert list(left) == [spins.left for spins in purse.spins]

    @staticmethod
    def state_of(row: Bonus) -> tuple[int, int, int, int, str]:
        required, wagered = (int(amount * 10**6) for amount in (row.required, row.wagered))
        return cents(row.balance), required, wagered, cents(row.max_stake), row.status

    @invariant()
    def standings_and_jackpots_agree(self) -> None:
        for row in Standing.objects.select_related("player"):
            name = row.player.username
            assert (cents(row.xp), cents(row.points), row.level_id) == (
                self.oracle.xp[name], self.oracle.xp[name], self.oracle.level[name],
            )  # fmt: skip
        for pool in JackpotPool.objects.select_related("level__group"):
            name = pool.level.group.slug
            pending = JackpotPending.objects.filter(pool=pool).aggregate(sum=Sum("amount"))["sum"] or 0
            assert (pool.value * 10**6, pending * 10**6) == (self.oracle.values[name], self.oracle.pending[name])

    @invariant()
    def nothing_is_lost(self) -> None:
        assert (HourRollup.objects.aggregate(sum=Sum("bets"))["sum"] or 0) == Bet.objects.count() == self.oracle.bets
        assert audit() == []


@pytest.fixture
def house(
    aurora: Operator, borealis: Operator, provider_account: Any, make_player: Any, make_jackpot: Any, sure_game: Any,
    give_bonus: Any, give_spins: Any, order_of: Any,
) -> SimpleNamespace:  # fmt: skip
    Operator.objects.update(points_per_unit=20)
    homes = {"alice": aurora, "boris": borealis, "carla": aurora}
    players = {name: make_player(name, operator) for name, operator in homes.items()}
    open_account(players["alice"], borealis)
    odds = {"calm": Decimal("1E-18"), "hot": Decimal(1)}
    groups = {
        name: make_jackpot(
            {"rate": Decimal(rate) / 10_000, "seed": Decimal(JACKPOT_SEED) / 10**6, "odds": odds[name]}, slug=name
        )
        for name, rate in JACKPOT_RATES.items()
    }
    for slug, game in GAMES.items():
        multiplier = str(Decimal(game.multiplier.numerator) / game.multiplier.denominator)
        weight = Decimal(game.weight.numerator) / game.weight.denominator
        terms = {"wagering_weight": weight, "bonus_allowed": game.takes_bonus}
        sure_game(slug, multiplier, groups.get(game.jackpot), **terms)
    operators = {"aurora": aurora, "borealis": borealis}
    return SimpleNamespace(
        players=players, operators=operators, give_bonus=give_bonus, give_spins=give_spins, order_of=order_of
    )


def test_whatever_players_do_the_books_agree_with_the_oracle(house: SimpleNamespace):
    # Each step costs an audit, so a failure is shown as it was found: to shrink it would take minutes.
    run_state_machine_as_test(
        lambda: Casino(house),
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
        ),
    )
