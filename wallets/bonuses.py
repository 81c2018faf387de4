"""Bonus money: who pays a bet or which refusal, progress, credit of wins, and how a bonus ends. Pure decisions.

The functions take and change plain ``ActiveBonus`` states in memory; whoever holds the wallet's lock writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from casino.errors import Refusal
from casino.money import ZERO, largest_remainder, round_down
from wallets.ledger import InsufficientFunds


class BonusStatus(StrEnum):
    ACTIVE = "active"
    CONVERTED = "converted"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    WAIVED = "waived"


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
        super().__init__(
            f"While this bonus pays, a wager is at most {max_stake:.2f}.", max_stake=f"{max_stake:.2f}"
        )


@dataclass(slots=True)
class ActiveBonus:
    """The state of an active bonus; amounts in the wallet's currency."""

    id: UUID
    balance: Decimal
    required: Decimal
    wagered: Decimal
    max_stake: Decimal
    expires_at: datetime
    conversion_cap: Decimal | None = None
    status: BonusStatus = BonusStatus.ACTIVE


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


def choose_payers(bonuses: Sequence[ActiveBonus], wager: Decimal, at: datetime, *, game_takes_bonus: bool) -> list[Share]:
    """Who pays a wager that real money does not cover, ``bonuses`` being oldest first.

    The oldest that covers it alone; else several, oldest first. Raises InsufficientFunds, BonusNotAllowed where the
    game alone stands in the way, BonusMaxStake above the smallest maximum of those that would pay.
    """
    live = [bonus for bonus in bonuses if bonus.status == BonusStatus.ACTIVE and bonus.expires_at > at]
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


def end_if_due(bonus: ActiveBonus, smallest_stake: Decimal) -> Ending | None:
    """End a bonus that met its requirement (what is left converts, up to its cap) or can pay no bet any more."""
    if bonus.status != BonusStatus.ACTIVE:
        return None
    if bonus.wagered >= bonus.required:
        converted = bonus.balance if bonus.conversion_cap is None else min(bonus.balance, bonus.conversion_cap)
        return _end(bonus, BonusStatus.CONVERTED, converted)
    if bonus.balance < smallest_stake:
        return _end(bonus, BonusStatus.EXHAUSTED, ZERO)
    return None


def end(bonus: ActiveBonus, status: BonusStatus) -> Ending:
    """End a bonus as waived or expired: what is left is forfeited."""
    return _end(bonus, status, ZERO)


def _end(bonus: ActiveBonus, status: BonusStatus, converted: Decimal) -> Ending:
    ending = Ending(bonus, converted, bonus.balance - converted)
    bonus.balance, bonus.status = ZERO, status
    return ending


def default_max_stake(granted: Decimal) -> Decimal:
    """min(5.00, max(1.00, 10 % of the grant)), in whole minor units."""
    return min(Decimal(5), max(Decimal(1), round_down(granted / 10)))
