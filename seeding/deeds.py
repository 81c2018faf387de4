"""Bots' deeds on their way through the same services as people's: bets in batches, deposits by their signed webhook,
withdrawals approved automatically.

A deed has a key of its own, made of run, chunk and place: done again, it is answered with what it did before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from betting.models import Bet
from betting.orders import Order, Settled, parse_order
from betting.services import BATCH_ORDERS, place_bets
from casino.errors import Refusal
from casino.users.models import User
from seeding.bots import BET, DEPOSIT, Deed, Outcome
from wallets.models import Deposit, DepositStatus
from wallets.payout_runs import submit_withdrawal
from wallets.payout_simulator import send_event
from wallets.services import deposit_through_webhook
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus
from wallets.withdrawals import approve_automatically, request_withdrawal

ACCOUNT = "Bot's account"
# Nobody waits for a batch of a past, and nobody else plays in its bots' wallets: what is fixed in a batch counts less.
HISTORY_BATCH = 256


@dataclass(frozen=True, slots=True)
class Planned:
    """A deed of a chunk: whose, under which key, and for a history at which moment."""

    place: int
    seat: int
    player: User
    deed: Deed
    key: str
    at: datetime | None = None


@dataclass
class Done:
    """What came of a planned deed: its bets, or the money it moved, or the refusals' codes."""

    planned: Planned
    bets: list[Bet] = field(default_factory=list)
    money: Deposit | Withdrawal | None = None
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def outcome(self) -> Outcome:
        """What the bot sees of it."""
        return Outcome(
            settled=len(self.bets) + (self.money is not None),
            refusal=next(iter(self.refusals), ""),
        )


def do_all(planned: Sequence[Planned]) -> list[Done]:
    """Do the deeds, moment by moment, those of one moment's bets in full batches; done before, they are not done twice.

    A refusal is an outcome. What is raised is a fault; the deeds before it stand.
    """
    done = {deed.place: Done(deed) for deed in planned}
    for at, moment in groupby(planned, key=lambda deed: deed.at):
        deeds = list(moment)
        orders = [pair for deed in deeds if deed.deed.kind == BET for pair in _orders(deed)]
        for some in _batches(orders, BATCH_ORDERS if at is None else HISTORY_BATCH):
            answers = place_bets([order for _, order in some], at)
            for (place, _), answer in zip(some, answers, strict=True):
                if isinstance(answer, Settled):
                    done[place].bets.append(answer.bet)
                else:
                    done[place].refusals[answer.code] += 1
        for deed in deeds:
            if deed.deed.kind != BET:
                _move(done[deed.place])
    return list(done.values())


def look_up(planned: Sequence[Planned]) -> list[Done]:
    """What was done of the deeds, without doing any."""
    done = {deed.place: Done(deed) for deed in planned}
    keys = {order.key: place for deed in planned if deed.deed.kind == BET for place, order in _orders(deed)}
    players = {deed.player.pk for deed in planned}
    for bet in Bet.objects.with_facts().filter(player__in=players, idempotency_key__in=keys):
        done[keys[bet.idempotency_key]].bets.append(bet)
    moved = {deed.key: deed.place for deed in planned if deed.deed.kind != BET}
    for table in (Deposit, Withdrawal):
        for row in table.objects.filter(player__in=players, idempotency_key__in=moved):
            done[moved[row.idempotency_key]].money = row
    return list(done.values())


def _orders(planned: Planned) -> Iterator[tuple[int, Order]]:
    deed, operator_id = planned.deed, planned.player.operator_id
    assert operator_id is not None
    body: dict[str, Any] = {"game_id": deed.game}
    body |= {"free_spin": deed.free_spin} if deed.free_spin else {"wager": f"{deed.amount:.2f}"}
    if deed.selections:
        body["selections"] = deed.selections
    first = parse_order(body, planned.player.pk, operator_id, f"{planned.key}-0")
    for time in range(deed.times):
        yield planned.place, replace(first, key=f"{planned.key}-{time}")


def _batches(orders: Sequence[tuple[int, Order]], most: int) -> Iterator[Sequence[tuple[int, Order]]]:
    for start in range(0, len(orders), most):
        yield orders[start : start + most]


def _move(done: Done) -> None:
    deed = done.planned
    try:
        done.money = _pay_in(deed) if deed.deed.kind == DEPOSIT else _pay_out(deed)
    except Refusal as refusal:
        done.refusals[refusal.code] += 1


def _pay_in(planned: Planned) -> Deposit:
    deposit = deposit_through_webhook(planned.player, planned.deed.amount, key=planned.key, at=planned.at)
    if deposit.status != DepositStatus.COMPLETED:
        raise RuntimeError(f"deposit {deposit.reference} of a bot is {deposit.status}")
    return deposit


def _pay_out(planned: Planned) -> Withdrawal:
    """Ask for the money and let it go at once; a history also plays its payout to the end."""
    deed, at = planned.deed, planned.at
    asked = request_withdrawal(
        planned.player, deed.amount, "bank_transfer", ACCOUNT, waive_bonuses=deed.waives, key=planned.key, at=at
    )
    withdrawal = asked.withdrawal
    if withdrawal.status == WithdrawalStatus.PENDING:
        withdrawal = approve_automatically(withdrawal.pk, at)
    if at is not None:
        submit_withdrawal(withdrawal.pk, at)
        withdrawal.refresh_from_db()
        if withdrawal.status == WithdrawalStatus.PROCESSING:
            send_event(withdrawal.reference, at)
    return withdrawal


def read_players(ids: Iterable[UUID]) -> dict[UUID, User]:
    """The players with their operators, by id."""
    found: dict[UUID, User] = User.objects.select_related("operator").in_bulk(list(ids))
    return found
