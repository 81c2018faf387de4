"""Bonus money: who pays a bet or which refusal, progress, credit of wins, and how a bonus ends.

Decisions are pure functions over ``ActiveBonus`` states in memory; ``read_active`` and ``write`` move them from and to
the table as sets. A bonus is covered by its wallet's lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from casino import sets
from casino.errors import Refusal
from casino.money import ZERO, largest_remainder, round_down
from casino.sets import Asked
from wallets.ledger import OF_ACCOUNTS, InsufficientFunds, Journal, columns_of
from wallets.models import Account, TransferKind, Wallet
from wallets.promotions import Bonus, BonusStatus


class BonusNotAllowed(Refusal):
    """Bonus money would cover the wager, but this game does not take it."""

    code = "bonus_not_allowed"
    title = "Bonus money not allowed"
    detail = "This game does not take bonus money, and your real balance does not cover the wager."


class BonusMaxStake(Refusal):
    """The wager is above what the paying bonus allows while it is active; carries ``max_stake``."""

    code = "bonus_max_stake"
    title = "Above the bonus's maximum stake"

    def __init__(self, max_stake: Decimal) -> None:
        super().__init__(f"While this bonus pays, a wager is at most {max_stake:.2f}.", max_stake=f"{max_stake:.2f}")


@dataclass(slots=True)
class ActiveBonus:
    """The state of a bonus in play; amounts in the wallet's currency."""

    id: UUID
    granted: Decimal
    balance: Decimal
    wagering_multiple: Decimal
    required: Decimal
    wagered: Decimal
    max_stake: Decimal
    expires_at: datetime
    conversion_cap: Decimal | None = None
    status: str = BonusStatus.ACTIVE
    converted: Decimal = ZERO
    forfeited: Decimal = ZERO
    ended_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.status == BonusStatus.ACTIVE


STATE = tuple(column.name for column in fields(ActiveBonus))
# What play changes of a bonus.
STORED = ("balance", "granted", "required", "wagered", "max_stake", "status", "converted", "forfeited", "ended_at")
_ACTIVE = (
    f"SELECT wallet_id, {', '.join(STATE)} FROM wallets_bonus"
    f" WHERE wallet_id = ANY({{wallets}}) AND status = '{BonusStatus.ACTIVE}' ORDER BY id"
)
_ACTIVE_IN = _ACTIVE.format(wallets="%s::uuid[]")
_ACTIVE_OF = _ACTIVE.format(wallets=f"ARRAY(SELECT id FROM wallets_wallet WHERE {OF_ACCOUNTS})")


@dataclass(frozen=True, slots=True)
class Share:
    """What one bonus stakes in a bet."""

    bonus: ActiveBonus
    staked: Decimal


@dataclass(frozen=True, slots=True)
class Ending:
    """How a bonus ended: what became real money and what was forfeited."""

    bonus: ActiveBonus
    converted: Decimal
    forfeited: Decimal


def choose_payers(
    bonuses: Sequence[ActiveBonus], wager: Decimal, at: datetime, *, game_takes_bonus: bool
) -> list[Share]:
    """Who pays a wager that real money does not cover, ``bonuses`` being oldest first.

    The oldest that covers it alone; else several, oldest first. Raises InsufficientFunds, BonusNotAllowed where the
    game alone stands in the way, BonusMaxStake above the smallest maximum of those that would pay.
    """
    live = [bonus for bonus in bonuses if bonus.is_active and bonus.expires_at > at]
    if sum((bonus.balance for bonus in live), ZERO) < wager:
        raise InsufficientFunds
    if not game_takes_bonus:
        raise BonusNotAllowed
    alone = next((bonus for bonus in live if bonus.balance >= wager), None)
    shares = [Share(alone, wager)] if alone else _in_turn(live, wager)
    max_stake = min(share.bonus.max_stake for share in shares)
    if wager > max_stake:
        raise BonusMaxStake(max_stake)
    return shares


def _in_turn(bonuses: Sequence[ActiveBonus], wager: Decimal) -> list[Share]:
    shares, due = [], wager
    for bonus in bonuses:
        staked = min(bonus.balance, due)
        if staked > 0:
            shares.append(Share(bonus, staked))
            due -= staked
        if not due:
            break
    return shares


def stake(shares: Sequence[Share], wagering_weight: Decimal) -> None:
    """Take each share from its bonus and advance it by the share × the game's wagering weight."""
    for share in shares:
        share.bonus.balance -= share.staked
        share.bonus.wagered += share.staked * wagering_weight


def credit(shares: Sequence[Share], win: Decimal) -> list[Decimal]:
    """Give ``win`` to the bonuses that paid, in proportion to what they staked (largest remainder; sums exactly)."""
    parts = largest_remainder(win, [share.staked for share in shares])
    for share, part in zip(shares, parts, strict=True):
        share.bonus.balance += part
    return parts


def grow(bonus: ActiveBonus, win: Decimal) -> None:
    """Add a free spin's win to the grant's bonus: amount, requirement and maximum stake grow with it."""
    bonus.granted += win
    bonus.balance += win
    bonus.required = bonus.granted * bonus.wagering_multiple
    bonus.max_stake = default_max_stake(bonus.granted)


def end_if_due(bonus: ActiveBonus, smallest_stake: Decimal, at: datetime) -> Ending | None:
    """End a bonus that met its requirement (what is left converts, up to its cap) or can pay no bet any more."""
    if not bonus.is_active:
        return None
    if bonus.wagered >= bonus.required:
        converted = bonus.balance if bonus.conversion_cap is None else min(bonus.balance, bonus.conversion_cap)
        return _end(bonus, BonusStatus.CONVERTED, converted, at)
    if bonus.balance < smallest_stake:
        return _end(bonus, BonusStatus.EXHAUSTED, ZERO, at)
    return None


def end(bonus: ActiveBonus, status: BonusStatus, at: datetime) -> Ending:
    """End a bonus as waived or expired: what is left is forfeited."""
    return _end(bonus, status, ZERO, at)


def _end(bonus: ActiveBonus, status: BonusStatus, converted: Decimal, at: datetime) -> Ending:
    ending = Ending(bonus, converted, bonus.balance - converted)
    bonus.converted, bonus.forfeited = ending.converted, ending.forfeited
    bonus.balance, bonus.status, bonus.ended_at = ZERO, status, at
    return ending


def post_ending(journal: Journal, wallet: Wallet, ending: Ending) -> None:
    """Move what an ended bonus leaves: to real money, and to the forfeits."""
    reference = ending.bonus.id
    if ending.converted:
        journal.move(
            TransferKind.BONUS_CONVERSION, Account.BONUS, Account.REAL, ending.converted, reference=reference,
            wallet=wallet,
        )  # fmt: skip
    if ending.forfeited:
        journal.move(
            TransferKind.BONUS_FORFEIT, Account.BONUS, Account.FORFEITS, ending.forfeited, reference=reference,
            wallet=wallet,
        )  # fmt: skip


def default_max_stake(granted: Decimal) -> Decimal:
    """min(5.00, max(1.00, 10 % of the grant)), in whole minor units."""
    return min(Decimal(5), max(Decimal(1), round_down(granted / 10)))


def read_active(wallet_ids: Iterable[UUID]) -> dict[UUID, list[ActiveBonus]]:
    """The active bonuses of locked wallets, oldest first."""
    return _by_wallet(sets.ask(_ACTIVE_IN, sets.array(wallet_ids))())


def ask_active(accounts: Iterable[tuple[UUID, UUID]]) -> Asked[dict[UUID, list[ActiveBonus]]]:
    """``read_active`` in a pipeline, for wallets named by (player id, operator id)."""
    rows = sets.ask(_ACTIVE_OF, *columns_of(accounts))
    return lambda: _by_wallet(rows())


def _by_wallet(rows: Iterable[Sequence[Any]]) -> dict[UUID, list[ActiveBonus]]:
    found: dict[UUID, list[ActiveBonus]] = {}
    for wallet_id, *state in rows:
        found.setdefault(wallet_id, []).append(ActiveBonus(*state))
    return found


def write(bonuses: Iterable[ActiveBonus]) -> None:
    """Store the states of bonuses that have rows already: one statement."""
    sets.update(Bonus, bonuses, STORED)
