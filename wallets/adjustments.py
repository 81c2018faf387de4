"""Manual adjustments: real money given or taken back by hand, by two people above the operator's threshold."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from casino.errors import Conflict, Invalid, NotPermitted
from casino.idempotency import IdempotencyKeyReused, digest
from casino.money import format_money
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets import ledger, news
from wallets.adjustment_models import Adjustment, AdjustmentStatus
from wallets.grants import UnknownPlayer
from wallets.ledger import InsufficientFunds, Journal
from wallets.models import Account, TransferKind, Wallet


class AdjustmentDecided(Conflict):
    """The adjustment has been decided (409)."""

    code = "not_pending"
    detail = "This adjustment is not pending any more."


class OwnAdjustment(NotPermitted):
    """Who made an adjustment does not decide on it (403)."""

    detail = "You made this adjustment; another person decides on it."


@dataclass(frozen=True)
class Made:
    """The adjustment as it stands now, and whether this key had made it before."""

    adjustment: Adjustment
    is_replay: bool = False


def make_adjustment(
    staff: User, operator: Operator | None, player_id: UUID, amount: Decimal, reason: str, *, key: str | None = None
) -> Made:
    """Give (``amount`` > 0) or take back (< 0) real money; above the operator's threshold it waits for a second person.

    Without an ``operator`` it is the player's active one. ``key`` makes it happen once. Raises IdempotencyKeyReused,
    UnknownPlayer, or InsufficientFunds where less is there than is taken.
    """
    key, asked = key or uuid4().hex, digest([operator and operator.slug, player_id, amount, reason])
    if (before := _made_before(staff, key, asked)) is not None:
        return before
    wallet = _find_wallet(operator, player_id)
    adjustment = Adjustment(
        operator=wallet.operator,
        player_id=player_id,
        wallet=wallet,
        amount=amount,
        currency=wallet.currency,
        reason=reason,
        needs_two_people=abs(amount) > wallet.operator.adjustment_threshold,
        maker=staff,
        idempotency_key=key,
        request_digest=asked,
    )
    try:
        return _write(adjustment)
    except IntegrityError:
        # The same key, at the same moment, for another wallet: no common lock made it wait.
        if (before := _made_before(staff, key, asked)) is None:
            raise
        return before


def decide_adjustment(adjustment_id: UUID, staff: User, status: str, reason: str) -> Adjustment:
    """Approve (it is posted) or reject a pending adjustment of somebody else's.

    Raises AdjustmentDecided, OwnAdjustment, InsufficientFunds, or Invalid for another status.
    """
    if status not in (AdjustmentStatus.APPROVED, AdjustmentStatus.REJECTED):
        raise Invalid.field("status", "An adjustment is approved or rejected.")
    wallet_id = Adjustment.objects.values_list("wallet_id", flat=True).get(pk=adjustment_id)
    with transaction.atomic():
        journal = ledger.lock([wallet_id])
        adjustment: Adjustment = Adjustment.objects.select_for_update(no_key=True).get(pk=adjustment_id)
        if adjustment.status != AdjustmentStatus.PENDING:
            raise AdjustmentDecided
        if adjustment.maker_id == staff.pk:
            raise OwnAdjustment
        adjustment.checker, adjustment.decision_reason = staff, reason
        adjustment.status, adjustment.decided_at = AdjustmentStatus(status), journal.at
        if adjustment.status == AdjustmentStatus.APPROVED:
            _post(journal, adjustment)
        adjustment.save(update_fields=["status", "checker", "decision_reason", "decided_at"])
        _record(f"adjustment.{status}", adjustment, staff, reason)
    return _shown(adjustment_id)


def _made_before(staff: User, key: str, asked: str) -> Made | None:
    """What this key made; IdempotencyKeyReused when that was something else."""
    adjustment = Adjustment.objects.with_facts().filter(maker=staff, idempotency_key=key).first()
    if adjustment is None:
        return None
    if adjustment.request_digest != asked:
        raise IdempotencyKeyReused
    return Made(adjustment, is_replay=True)


def _find_wallet(operator: Operator | None, player_id: UUID) -> Wallet:
    wallets = Wallet.objects.with_operator().filter(player=player_id)
    if operator is None:
        active = User.objects.filter(pk=player_id).values("operator")
        wallets = wallets.filter(operator__in=active)
    else:
        wallets = wallets.filter(operator=operator)
    wallet: Wallet | None = wallets.first()
    if wallet is None:
        raise UnknownPlayer
    return wallet


def _write(adjustment: Adjustment) -> Made:
    """Decide and store under the wallet's lock, where a second request with the same key finds the first one's row."""
    staff = adjustment.maker
    with transaction.atomic():
        journal = ledger.lock([adjustment.wallet_id])
        before = _made_before(staff, adjustment.idempotency_key, adjustment.request_digest)
        if before is not None:
            return before
        if journal.wallets[adjustment.wallet_id].real + adjustment.amount < 0:
            raise InsufficientFunds
        adjustment.created_at = journal.at
        if not adjustment.needs_two_people:
            adjustment.status, adjustment.decided_at = AdjustmentStatus.APPROVED, journal.at
            _post(journal, adjustment)
        adjustment.save(force_insert=True)
        _record("adjustment.made", adjustment, staff, adjustment.reason)
    return Made(_shown(adjustment.pk))


def _post(journal: Journal, adjustment: Adjustment) -> None:
    """Move the money; what is given repays the player's debt first."""
    wallet = journal.wallets[adjustment.wallet_id]
    given = adjustment.amount > 0
    source, target = (Account.ADJUSTMENTS, Account.REAL) if given else (Account.REAL, Account.ADJUSTMENTS)
    journal.move(
        TransferKind.ADJUSTMENT, source, target, abs(adjustment.amount), reference=adjustment.pk, wallet=wallet
    )
    if given:
        journal.repay_debt(wallet, adjustment.amount, adjustment.pk)
    journal.post()
    news.tell_balance(wallet, journal.at)


def _record(kind: str, adjustment: Adjustment, staff: User, reason: str) -> None:
    SignificantEvent.objects.record(
        kind,
        operator_id=adjustment.operator_id,
        actor_id=staff.pk,
        player_id=adjustment.player_id,
        reason=reason,
        after={
            "adjustment": str(adjustment.pk),
            "amount": format_money(adjustment.amount),
            "currency": adjustment.currency,
            "status": str(adjustment.status),
        },
    )


def _shown(adjustment_id: UUID) -> Adjustment:
    adjustment: Adjustment = Adjustment.objects.with_facts().get(pk=adjustment_id)
    return adjustment
