"""Deposits: what may be announced, and what happens to one when its money comes, fails to come, or goes back."""

from datetime import datetime, timedelta
from decimal import Decimal

from casino import sets
from casino.errors import Conflict, Missing, Refusal
from casino.money import ZERO, format_money
from operators.models import SignificantEvent
from wallets.bonus_rules import apply_deposit_rules
from wallets.endings import forfeit_of_deposit
from wallets.ledger import Journal
from wallets.models import Account, Deposit, DepositStatus, TransferKind, Wallet
from wallets.refusals import LimitExceeded

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A deposit that ended without money leaves room for another one.
WITHOUT_MONEY = (DepositStatus.FAILED, DepositStatus.EXPIRED, DepositStatus.CANCELLED)
# How many of a wallet's deposits were opened in the last hour, and the sum of those in the last day.
_RECENT = (
    "SELECT count(*) FILTER (WHERE created_at > %s), coalesce(sum(amount) FILTER (WHERE status <> ALL(%s::text[])), 0)"
    " FROM wallets_deposit WHERE wallet_id = %s AND created_at > %s"
)


class VelocityExceeded(Refusal):
    """Too many deposits in an hour, or too much in a day."""

    code = "velocity_exceeded"
    title = "Too much in too short a time"


class UnknownDeposit(Missing):
    """No deposit has this reference."""

    code = "unknown_deposit"


class DepositNotPending(Conflict):
    """The deposit is not pending any more (409)."""

    code = "not_pending"
    detail = "This deposit is not pending any more."


def check_limits(wallet: Wallet, amount: Decimal, at: datetime) -> None:
    """Refuse what the operator's limits do not allow; the wallet's lock makes the sums final.

    Raises LimitExceeded for the amount alone, VelocityExceeded for the last hour's count and the last day's sum.
    """
    operator = wallet.operator
    if not operator.deposit_min <= amount <= operator.deposit_max:
        raise LimitExceeded("A deposit", operator.deposit_min, operator.deposit_max)
    ((opened, total),) = sets.ask(_RECENT, at - HOUR, sets.array(WITHOUT_MONEY), wallet.pk, at - DAY)()
    if opened >= operator.deposits_per_hour:
        raise VelocityExceeded(f"At most {operator.deposits_per_hour} deposits may be opened in an hour.")
    if total + amount > operator.deposit_daily_max:
        left = max(operator.deposit_daily_max - total, ZERO)
        raise VelocityExceeded(
            f"At most {operator.deposit_daily_max:.2f} may be deposited in 24 hours.", remaining=format_money(left)
        )


def complete(journal: Journal, deposit: Deposit, provider_reference: str, *, from_suspense: bool = False) -> None:
    """Credit the deposit, whatever became of it meanwhile, for the money is there; debt is repaid from it first.

    One that the provider has taken back already nets to zero; any other earns what the operator's rules give. The
    player's standing is locked before the deposit. ``from_suspense``: the money came in before, and waits there.
    """
    wallet = journal.wallets[deposit.wallet_id]
    kind = TransferKind.SUSPENSE_MATCHED if from_suspense else TransferKind.DEPOSIT
    source = Account.SUSPENSE if from_suspense else Account.PSP
    journal.move(kind, source, Account.REAL, deposit.amount, reference=deposit.pk, wallet=wallet)
    wallet.wagering_required = max(wallet.wagering_required, wallet.wagering_wagered) + deposit.amount
    deposit.status, deposit.completed_at = DepositStatus.COMPLETED, journal.at
    deposit.provider_reference = provider_reference
    if deposit.refunded_at is not None:
        _take_back(journal, deposit)
        return
    journal.repay_debt(wallet, deposit.amount, deposit.pk)
    apply_deposit_rules(journal, deposit)


def refund(journal: Journal, deposit: Deposit) -> None:
    """The provider took the money back: so does the wallet, if it was credited; else its completion nets to zero."""
    deposit.refunded_at = journal.at
    if deposit.status == DepositStatus.COMPLETED:
        _take_back(journal, deposit)
        forfeit_of_deposit(journal, deposit)
    SignificantEvent.objects.record(
        "deposit_refunded",
        operator_id=deposit.operator_id,
        player_id=deposit.player_id,
        reason=f"The provider took back deposit {deposit.reference}.",
        after={"deposit": str(deposit.pk), "amount": format_money(deposit.amount)},
    )


def _take_back(journal: Journal, deposit: Deposit) -> None:
    """Move back what is there of the deposit; the rest is the player's debt. Its wagering is no longer due."""
    wallet = journal.wallets[deposit.wallet_id]
    there = min(wallet.real, deposit.amount)
    for pocket, amount in ((Account.REAL, there), (Account.DEBT, deposit.amount - there)):
        if amount:
            journal.move(TransferKind.REFUND, pocket, Account.PSP, amount, reference=deposit.pk, wallet=wallet)
    wallet.wagering_required = max(wallet.wagering_required - deposit.amount, ZERO)
