"""Who may withdraw what: every condition, with the refusal that says why it is not met."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from casino.errors import Refusal
from casino.money import ZERO, format_money, round_down
from casino.users.models import User
from vip import points
from vip.models import VipLevel, standing_of
from wallets.ledger import InsufficientFunds
from wallets.models import Wallet
from wallets.promotions import Bonus
from wallets.refusals import Blocked, LimitExceeded
from wallets.withdrawal_models import OPEN, WITHOUT_PAYMENT, Withdrawal

DAY = timedelta(days=1)


class AccountInDebt(Refusal):
    """The player owes the operator money that a provider took back; carries ``debt``."""

    code = "account_in_debt"
    title = "Account in debt"

    def __init__(self, debt: Decimal) -> None:
        super().__init__(f"This account owes {debt:.2f}; it is repaid first.", debt=format_money(debt))


class WageringIncomplete(Refusal):
    """Deposits must be wagered before they leave; carries ``required``, ``wagered`` and ``remaining``."""

    code = "wagering_incomplete"
    title = "Wagering incomplete"

    def __init__(self, wallet: Wallet) -> None:
        super().__init__(
            f"{wallet.wagering_remaining:.2f} must still be wagered before a withdrawal.",
            required=format_money(wallet.wagering_required),
            wagered=format_money(wallet.wagering_wagered),
            remaining=format_money(wallet.wagering_remaining),
        )


class ActiveBonusLeft(Refusal):
    """A bonus is active and the player did not say to waive it; carries ``bonuses``, what would be removed."""

    code = "active_bonus"
    title = "A bonus is active"
    detail = "Waive your active bonuses with the withdrawal (waive_bonuses), or finish them first."


class WithdrawalOpen(Refusal):
    """One withdrawal at a time; carries the open one's ``withdrawal`` id."""

    code = "withdrawal_open"
    title = "A withdrawal is open"
    detail = "Another withdrawal is open; wait until it has ended, or cancel it."


class TooManyWithdrawals(Refusal):
    """Too many withdrawals, or too much, in 24 hours; ``remaining`` says what still fits."""

    code = "velocity_exceeded"
    title = "Too much in too short a time"


def check(wallet: Wallet, player: User, amount: Decimal, at: datetime, *, waives: bool, excluded: bool) -> None:
    """Refuse a withdrawal that the locked wallet may not make at ``at``.

    Raises the first unmet condition's refusal; where several are unmet its ``missing`` lists each with its reason. A
    player who excluded themselves (``excluded``) cannot wager any more, so nothing is left to wager: their money is
    theirs to take.
    """
    refusals: list[Refusal] = []
    if player.is_blocked or wallet.is_blocked:
        refusals.append(Blocked())
    if wallet.debt:
        refusals.append(AccountInDebt(wallet.debt))
    if amount > wallet.real:
        refusals.append(InsufficientFunds())
    if wallet.wagering_remaining and not excluded:
        refusals.append(WageringIncomplete(wallet))
    if not waives and (active := _active_bonuses(wallet, at)):
        refusals.append(ActiveBonusLeft(bonuses=active))
    refusals += _limits_passed(wallet, player, amount, at)
    if refusals:
        raise _first_of(refusals)


def _first_of(refusals: Sequence[Refusal]) -> Refusal:
    first = refusals[0]
    if len(refusals) > 1:
        first.extra["missing"] = [
            {"code": refusal.code, "detail": refusal.detail, **refusal.extra} for refusal in refusals
        ]
    return first


def _active_bonuses(wallet: Wallet, at: datetime) -> list[dict[str, str]]:
    rows = Bonus.objects.active().filter(wallet=wallet, expires_at__gt=at).values_list("pk", "balance")
    return [{"id": str(pk), "balance": format_money(balance)} for pk, balance in rows]


def _limits_passed(wallet: Wallet, player: User, amount: Decimal, at: datetime) -> list[Refusal]:
    """Limits of one withdrawal, then of the last 24 hours; the wallet's lock makes the sums final."""
    operator, most = wallet.operator, daily_max(wallet, player)
    recent: dict[str, Any] = Withdrawal.objects.filter(wallet=wallet, created_at__gt=at - DAY).aggregate(
        asked=Count("pk"), total=Sum("amount", filter=~Q(status__in=WITHOUT_PAYMENT), default=ZERO)
    )
    passed: list[Refusal] = []
    if not operator.withdrawal_min <= amount <= most:
        passed.append(LimitExceeded("A withdrawal", operator.withdrawal_min, most))
    elif recent["total"] + amount > most:
        passed.append(
            TooManyWithdrawals(
                f"At most {most:.2f} may be withdrawn in 24 hours.",
                remaining=format_money(max(most - recent["total"], ZERO)),
            )
        )
    if (open_one := _open_withdrawal(wallet)) is not None:
        passed.append(WithdrawalOpen(withdrawal=str(open_one)))
    if recent["asked"] >= operator.withdrawals_per_day:
        passed.append(TooManyWithdrawals(f"At most {operator.withdrawals_per_day} withdrawals are taken in 24 hours."))
    return passed


def _open_withdrawal(wallet: Wallet) -> UUID | None:
    found: UUID | None = Withdrawal.objects.filter(wallet=wallet, status__in=OPEN).values_list("pk", flat=True).first()
    return found


def daily_max(wallet: Wallet, player: User) -> Decimal:
    """What the player may withdraw here in 24 hours: the tighter of two, the limit of their VIP level and the
    operator's maximum, which grows with the level as the levels' own limits do."""
    level: VipLevel = standing_of(player).level
    entry = points.ladder()[0]
    growth = level.withdrawal_limit / entry.withdrawal_limit if entry.withdrawal_limit else Decimal(1)
    operators: Decimal = round_down(wallet.operator.withdrawal_daily_max * growth)
    own: Decimal = level.withdrawal_limit
    return min(own, operators)
