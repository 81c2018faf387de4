"""The chain of seals over transfers and bets: what a later change of a sealed row cannot agree with."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Seal(models.Model):
    """What transactions [from, until) added to the ledger, digested; ``hash`` covers the row and the seal before it.

    Digests and hashes are SHA-256 in hexadecimal. Rows are only ever added (a trigger says so).
    """

    number = models.BigIntegerField(primary_key=True, help_text="1, 2, 3… without a gap")
    sealed_at = models.DateTimeField()
    from_transaction = models.BigIntegerField(unique=True)
    until_transaction = models.BigIntegerField(help_text="Not included")
    transfers = models.BigIntegerField(help_text="How many")
    first_transfer = models.UUIDField(null=True)
    last_transfer = models.UUIDField(null=True)
    transfers_digest = models.CharField(max_length=64)
    bets = models.BigIntegerField(help_text="How many")
    first_bet = models.UUIDField(null=True)
    last_bet = models.UUIDField(null=True)
    bets_digest = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(number__gt=0), name="seals_are_numbered_from_one"),
            models.CheckConstraint(
                condition=Q(until_transaction__gt=F("from_transaction")), name="a_seal_covers_transactions"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"
