"""Money's tables: wallets and the transfers that explain them. The tables of other money are found through here."""

from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.ids import uuid7
from casino.money import MOST, ZERO, MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet
from wallets.adjustment_models import Adjustment
from wallets.deposit_models import Deposit, DepositStatus, Provider, ProviderAccount, WebhookEvent, WebhookVerdict
from wallets.promotions import Bonus, BonusRule, FreeSpins
from wallets.withdrawal_models import SimulatedPayout, Withdrawal, WithdrawalStep

# Django finds the tables of deposits, promotions, withdrawals and adjustments through this module.
MONEY_IN = (Provider, ProviderAccount, Deposit, DepositStatus, WebhookEvent, WebhookVerdict)
PROMOTIONS = (Bonus, BonusRule, FreeSpins)
MONEY_OUT = (Withdrawal, WithdrawalStep, SimulatedPayout, Adjustment)


class Account(models.TextChoices):
    """The accounts of a book. The first four are pockets of a wallet; the others are names whose balance is a sum."""

    REAL = "real"
    BONUS = "bonus"
    HELD = "held"
    DEBT = "debt"
    PSP = "psp"
    SUSPENSE = "suspense"
    STAKES = "stakes"
    BONUS_STAKES = "bonus_stakes"
    WINS = "wins"
    BONUS_WINS = "bonus_wins"
    PROMOTIONS = "promotions"
    FORFEITS = "forfeits"
    ADJUSTMENTS = "adjustments"
    PAYOUTS = "payouts"
    JACKPOT_COST = "jackpot_cost"
    JACKPOT_CLEARING = "jackpot_clearing"
    JACKPOT_POOL = "jackpot_pool"
    SEED_COST = "seed_cost"
    INTERCOMPANY = "intercompany"
    VIP_COST = "vip_cost"
    VIP_CLEARING = "vip_clearing"
    AFFILIATE_COST = "affiliate_cost"
    AFFILIATE_PAYABLE = "affiliate_payable"


POCKETS = (Account.REAL, Account.BONUS, Account.HELD, Account.DEBT)


class TransferKind(models.TextChoices):
    """Why money moved."""

    DEPOSIT = "deposit"
    DEPOSIT_MISMATCH = "deposit_mismatch"
    SUSPENSE_MATCHED = "suspense_matched"
    SUSPENSE_RETURNED = "suspense_returned"
    REFUND = "refund"
    DEBT_REPAID = "debt_repaid"
    BONUS_GRANT = "bonus_grant"
    BONUS_CONVERSION = "bonus_conversion"
    BONUS_FORFEIT = "bonus_forfeit"
    STAKE = "stake"
    WIN = "win"
    FREE_SPIN_WIN = "free_spin_win"
    JACKPOT_CONTRIBUTION = "jackpot_contribution"
    JACKPOT_FOLD = "jackpot_fold"
    JACKPOT_WIN = "jackpot_win"
    JACKPOT_SEED = "jackpot_seed"
    WITHDRAWAL_HOLD = "withdrawal_hold"
    WITHDRAWAL_SUBMISSION = "withdrawal_submission"
    WITHDRAWAL_PAYOUT = "withdrawal_payout"
    WITHDRAWAL_RELEASE = "withdrawal_release"
    WITHDRAWAL_FAILURE = "withdrawal_failure"
    VIP_COST = "vip_cost"
    VIP_SHARE = "vip_share"
    AFFILIATE_ACCRUAL = "affiliate_accrual"
    AFFILIATE_PAYMENT = "affiliate_payment"
    ADJUSTMENT = "adjustment"


# Movements that every bet brings, or every second of folding.
PLAY_KINDS = (
    TransferKind.STAKE,
    TransferKind.WIN,
    TransferKind.FREE_SPIN_WIN,
    TransferKind.JACKPOT_CONTRIBUTION,
    TransferKind.JACKPOT_FOLD,
)


class WalletQuerySet(ScopedQuerySet):
    player_field = "player"

    def with_operator(self) -> Self:
        return self.select_related("operator")


class Wallet(models.Model):
    """A player's money at one operator: the one locked row of the money path. Only the ledger writes its pockets.

    ``real``, ``bonus``, ``held`` and ``debt`` equal the sums of the wallet's transfers at every commit; ``version``
    counts them. ``wagering_*`` is the deposit requirement.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="wallets")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="wallets")
    currency = models.CharField(max_length=3, help_text="The operator's")
    real = MoneyField(default=ZERO)
    bonus = MoneyField(default=ZERO)
    held = MoneyField(default=ZERO)
    debt = MoneyField(default=ZERO)
    version = models.BigIntegerField(default=0)
    wagering_required = MoneyField(default=ZERO)
    wagering_wagered = MoneyField(default=ZERO)
    is_blocked = models.BooleanField(default=False, help_text="Blocked at this operator: may not play")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WalletQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["operator", "player"], name="a_player_has_one_wallet_per_operator"),
            models.CheckConstraint(
                condition=Q(real__gte=0, bonus__gte=0, held__gte=0, debt__gte=0), name="a_wallet_is_never_overdrawn"
            ),
            models.CheckConstraint(
                condition=whole_units("real", "bonus", "held", "debt"), name="a_wallet_holds_whole_minor_units"
            ),
            models.CheckConstraint(
                condition=Q(wagering_required__range=(0, MOST), wagering_wagered__range=(0, MOST)),
                name="wagering_never_runs_backwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.player} at {self.operator}"

    @property
    def wagering_remaining(self) -> Decimal:
        """What must still be wagered before the deposits can be withdrawn."""
        return max(self.wagering_required - self.wagering_wagered, Decimal(0))


class TransferQuerySet(ScopedQuerySet):
    player_field = "wallet__player"


class Transfer(models.Model):
    """One movement from a source account to a target account inside one book; both sides of the entry in one row.

    The book is ``operator``'s, or the platform's when it is empty. Rows are only ever added (a trigger says so).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(
        Operator, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=24, choices=TransferKind.choices)
    source = models.CharField(max_length=20, choices=Account.choices)
    target = models.CharField(max_length=20, choices=Account.choices)
    currency = models.CharField(max_length=3)
    wallet = models.ForeignKey(Wallet, models.PROTECT, null=True, related_name="transfers", db_index=False)
    wallet_version = models.BigIntegerField(null=True)
    pool_id = models.UUIDField(null=True)
    counterparty = models.ForeignKey(
        Operator, models.PROTECT, null=True, db_constraint=False, related_name="+", db_index=False
    )
    amount = MoneyField()
    reference = models.UUIDField(help_text="The row that caused it: a bet, deposit, withdrawal, bonus…")
    created_at = models.DateTimeField()

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["operator", "source"], name="transfer_by_source"),
            # What financial reports add up; the kinds left out are as many as the bets, and rollups know their sums.
            models.Index(
                fields=["operator", "created_at"], condition=~Q(kind__in=PLAY_KINDS), name="transfer_apart_from_play"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "reference",
                "kind",
                "source",
                "target",
                "operator",
                "wallet",
                "pool_id",
                "counterparty",
                name="a_cause_posts_once",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(fields=["wallet", "wallet_version"], name="a_wallet_numbers_its_transfers"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="a_transfer_moves_something"),
            models.CheckConstraint(
                condition=Q(wallet=None, wallet_version=None) | Q(wallet__isnull=False, wallet_version__gt=0),
                name="a_transfer_of_a_wallet_has_its_version",
            ),
            models.CheckConstraint(
                condition=Q(wallet__isnull=False, operator__isnull=False)
                | (Q(wallet=None) & ~Q(source__in=POCKETS) & ~Q(target__in=POCKETS)),
                name="only_a_wallet_has_pockets",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.source} → {self.target} {self.amount:.2f} {self.currency}"
