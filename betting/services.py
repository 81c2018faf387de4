"""What players do: open an account at an operator, and bet. ``place_bets`` is the only way a bet is settled."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.db import IntegrityError, OperationalError, transaction

from betting import fairness, news, randomness
from betting.opening import open_settlement
from betting.orders import Answer, Order
from betting.randomness import Name, Seed, Seeds, SeedsMissingError
from casino.users.models import User
from operators.models import Operator
from vip.models import Standing
from wallets.models import Wallet

BATCH_ORDERS = 64
ATTEMPTS = 3
# One attempt at a batch, with the seeds of remote services.
Settle = Callable[[Sequence[Order], Seeds], list[Answer]]


def open_account(player: User, operator: Operator) -> Wallet:
    """The player's wallet at the operator with all that play needs (VIP standing, seeds), made where missing."""
    with transaction.atomic():
        wallet, _ = Wallet.objects.get_or_create(
            player=player, operator=operator, defaults={"currency": operator.currency}
        )
        Standing.objects.get_or_create(player=player)
        fairness.open_seeds(player.pk, operator.pk)
    return wallet


def place_bet(order: Order) -> Answer:
    """Settle one order: a batch of one."""
    return place_bets([order])[0]


def place_bets(
    orders: Sequence[Order], at: datetime | None = None, on_decided: Callable[[], None] = lambda: None
) -> list[Answer]:
    """Settle a batch of orders in one transaction; answers in the order asked.

    One order's refusal never fails its neighbours. ``at`` dates the bets of history runs. ``on_decided`` is called
    before a batch is written, which mostly waits for the database; more than once where one is settled again. Seeds of
    remote services are fetched while no lock is held, so no transaction may be open.
    """
    settle = partial(_settle, at=at, on_decided=on_decided)
    return _place(orders, randomness.fetch_seeds(orders, randomness.known_as_remote(orders)), settle)


def _place(orders: Sequence[Order], remote: dict[Name, Seed], settle: Settle) -> list[Answer]:
    """Settle a batch; one that the database turns down (a deadlock; a key used at two operators at once) has moved
    nothing and is settled again one by one, from the same seeds."""
    for attempt in range(ATTEMPTS):
        try:
            return _settle_seeded(orders, remote, settle)
        except (IntegrityError, OperationalError) as error:
            if isinstance(error, OperationalError) and not _is_worth_retrying(error):
                raise
            if len(orders) > 1:
                return [_place([order], remote, settle)[0] for order in orders]
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _settle_seeded(orders: Sequence[Order], remote: dict[Name, Seed], settle: Settle) -> list[Answer]:
    """Settle a batch, again with seeds for an operator that only the database knew to draw from a remote service."""
    while True:
        try:
            return settle(orders, remote)
        except SeedsMissingError as missing:
            # The transaction is over and has moved nothing. Each round fetches for one operator more.
            remote.update(randomness.fetch_seeds(orders, {missing.operator_id}))


def _settle(
    orders: Sequence[Order], remote: Seeds, *, at: datetime | None, on_decided: Callable[[], None]
) -> list[Answer]:
    with transaction.atomic():
        settlement = open_settlement(orders, at, remote)
        answers = [settlement.answer(order) for order in orders]
        on_decided()
        settlement.write()
        if at is None:  # history is no news
            news.tell(settlement)
    return answers


def _is_worth_retrying(error: OperationalError) -> bool:
    """Deadlocks and serialisation failures left nothing behind; a lost connection may have committed."""
    return getattr(error.__cause__, "sqlstate", None) in {"40P01", "40001"}
