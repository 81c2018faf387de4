"""How bonuses end other than by play: waived, expired, or forfeited with the deposit that earned them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from casino.errors import Conflict
from casino.money import format_money
from wallets import bonuses, ledger, news
from wallets.bonuses import ActiveBonus
from wallets.ledger import Journal
from wallets.models import Deposit, Wallet
from wallets.promotions import Bonus, BonusStatus, FreeSpins

logger = logging.getLogger(__name__)


class BonusNotActive(Conflict):
    """The bonus has ended (409)."""

    code = "bonus_not_active"
    detail = "This bonus is not active any more."


class BonusBalanceChanged(Conflict):
    """The player saw another balance than the bonus has; carries ``balance`` (409)."""

    code = "bonus_balance_changed"

    def __init__(self, balance: Decimal) -> None:
        super().__init__(f"This bonus's balance is {balance:.2f} by now.", balance=format_money(balance))


@dataclass(frozen=True)
class Waived:
    """A bonus that its player gave up, and what was removed with it."""

    bonus: Bonus
    removed: Decimal


def waive_bonus(bonus_id: UUID, expected_balance: Decimal | None = None) -> Waived:
    """End an active bonus at its player's wish: exactly what is left of it is forfeited.

    Raises BonusNotActive, and BonusBalanceChanged when the bonus has another balance than ``expected_balance``.
    """
    wallet_id = Bonus.objects.values_list("wallet_id", flat=True).get(pk=bonus_id)
    with transaction.atomic():
        journal = ledger.lock([wallet_id])
        state = next((bonus for bonus in _active(wallet_id) if bonus.id == bonus_id), None)
        if state is None:
            raise BonusNotActive
        removed = state.balance
        if expected_balance is not None and expected_balance != removed:
            raise BonusBalanceChanged(removed)
        (bonus,) = _end(journal, journal.wallets[wallet_id], [state], BonusStatus.WAIVED)
        journal.post()
        news.tell_balance(journal.wallets[wallet_id], journal.at)
    return Waived(bonus, removed)


def waive_all(journal: Journal, wallet: Wallet) -> list[Bonus]:
    """End every active bonus of a locked wallet at its player's wish, in the caller's transaction."""
    return _end(journal, wallet, _active(wallet.pk), BonusStatus.WAIVED)


def expire_bonuses(now: datetime | None = None, batch: int = 500) -> int:
    """End the active bonuses whose time is over; answers how many. May run twice at once.

    Each wallet is a transaction of its own: its lock is taken first, as everywhere, and what is due is read under it.
    A wallet that fails keeps its bonuses for the next run and holds nobody else's up.
    """
    now = now or timezone.now()
    due = Bonus.objects.active().filter(expires_at__lte=now).order_by("expires_at").values_list("wallet_id", flat=True)
    ended = 0
    for wallet_id in dict.fromkeys(due[:batch]):
        try:
            ended += _expire_in(wallet_id, now)
        except Exception:
            logger.exception("the bonuses of wallet %s were not ended", wallet_id)
    return ended


def forfeit_of_deposit(journal: Journal, deposit: Deposit) -> None:
    """The deposit's money went back: forfeit what is left of the bonuses that it granted, and stop its free spins.

    What they gathered in a bonus goes too; what has become real money stays. Under the wallet's lock.
    """
    spins = FreeSpins.objects.filter(deposit=deposit)
    gained = Bonus.objects.filter(Q(deposit=deposit) | Q(from_free_spins__in=spins)).values_list("pk", flat=True)
    left = set(gained)
    states = [bonus for bonus in _active(deposit.wallet_id) if bonus.id in left]
    _end(journal, journal.wallets[deposit.wallet_id], states, BonusStatus.EXPIRED)
    spins.filter(remaining__gt=0).update(expires_at=Least(F("expires_at"), journal.at))


def _expire_in(wallet_id: UUID, now: datetime) -> int:
    with transaction.atomic():
        journal = ledger.lock([wallet_id])
        due = [bonus for bonus in _active(wallet_id) if bonus.expires_at <= now]
        if due:
            _end(journal, journal.wallets[wallet_id], due, BonusStatus.EXPIRED)
            journal.post()
            news.tell_balance(journal.wallets[wallet_id], journal.at)
    return len(due)


def _active(wallet_id: UUID) -> list[ActiveBonus]:
    """The locked wallet's active bonuses, oldest first."""
    return bonuses.read_active([wallet_id]).get(wallet_id, [])


def _end(journal: Journal, wallet: Wallet, states: Sequence[ActiveBonus], status: BonusStatus) -> list[Bonus]:
    """Forfeit what is left of active bonuses and end them so; answers their rows, oldest first."""
    for state in states:
        bonuses.post_ending(journal, wallet, bonuses.end(state, status, journal.at))
    bonuses.write(states)
    rows = list(Bonus.objects.filter(pk__in=[s.id for s in states]).select_related("operator").order_by("id"))
    news.tell_bonuses(rows, journal.at)
    return rows
