"""What staff do to a player from the player's page: blocks, grants, adjustments, XP, notes; each one domain call."""

from typing import Any
from uuid import UUID

from django import forms

from casino.admin import Decision
from casino.admin.columns import shown_money
from casino.admin.fields import AmountField, AtOperatorForm
from casino.games.models import Game
from casino.users import blocks, notes
from operators.models import Operator
from vip import services as vip
from wallets import adjustments, grants
from wallets.models import Wallet

MOST_SPINS = 10_000


class AtWalletForm(AtOperatorForm):
    """At one of the operators where the player holds a wallet."""

    def operators(self) -> Any:
        return Operator.objects.filter(wallets__player=self.row)


class BlockForm(AtWalletForm):
    is_operator_due, nobody = False, "Everywhere"


class NoteForm(AtWalletForm):
    needs_reason = False
    text = forms.CharField(max_length=2000, widget=forms.Textarea({"rows": 4}), label="Note")


class AdjustForm(AtWalletForm):
    amount = AmountField(is_signed=True, help_text="Above zero gives, below zero takes back: 12.50 or -12.50.")


class BonusForm(AtWalletForm):
    amount = AmountField()
    wagering_multiple = forms.DecimalField(
        required=False, min_value=0, max_value=100, decimal_places=2, help_text="Empty: the operator's default"
    )
    max_stake = AmountField(required=False, help_text="Empty: min(5.00, max(1.00, 10 % of the grant))")


class SpinsForm(AtWalletForm):
    game = forms.ModelChoiceField(Game.objects.none())
    count = forms.IntegerField(min_value=1, max_value=MOST_SPINS)
    value = AmountField(label="Value of a spin")
    wagering_multiple = BonusForm.base_fields["wagering_multiple"]

    def prepare(self) -> None:
        super().prepare()
        games: Any = self.fields["game"]
        games.queryset = Game.objects.visible_to(self.staff).filter(
            is_active=True, bonus_allowed=True, retired_at=None
        ).order_by("name")  # fmt: skip


class XpForm(AtWalletForm):
    amount = AmountField(is_signed=True, label="XP")

    def prepare(self) -> None:
        """XP is the person's, at no operator."""


def _is_blocked(staff: Any, row: Any) -> bool:
    if staff.is_platform_admin:
        return bool(row.is_blocked) or any(wallet.is_blocked for wallet in row.wallets_here)
    return any(wallet.is_blocked for wallet in row.wallets_here)


def _block(staff: Any, row: Any, answers: dict[str, Any]) -> str:
    block = blocks.set_blocked(staff, answers["operator"], row.pk, is_blocked=True, reason=answers["reason"])
    return f"{row} is blocked {_where(block.operator)}."


def _unblock(staff: Any, row: Any, answers: dict[str, Any]) -> str:
    block = blocks.set_blocked(staff, answers["operator"], row.pk, is_blocked=False, reason=answers["reason"])
    return f"{row} is not blocked {_where(block.operator)} any more."


def _where(operator: Operator | None) -> str:
    return f"at {operator}" if operator else "everywhere"


def _adjust(staff: Any, row: Any, answers: dict[str, Any]) -> Any:
    made = adjustments.make_adjustment(
        staff, answers["operator"], row.pk, answers["amount"], answers["reason"], key=answers["key"]
    ).adjustment
    if made.status == "pending":
        return f"The adjustment of {made} waits for a second person.", made
    return f"The adjustment of {made} is posted.", made


def _grant_bonus(staff: Any, row: Any, answers: dict[str, Any]) -> Any:
    terms = grants.BonusTerms(answers["amount"], answers["wagering_multiple"], answers["max_stake"])
    bonus = grants.grant_bonus(
        staff, answers["operator"], row.pk, terms, reason=answers["reason"], key=answers["key"]
    ).row
    return f"{row} has a bonus of {bonus.granted:.2f} {bonus.operator.currency}.", bonus


def _grant_spins(staff: Any, row: Any, answers: dict[str, Any]) -> Any:
    game: UUID = answers["game"].pk
    terms = grants.SpinTerms(str(game), answers["count"], answers["value"], answers["wagering_multiple"])
    granted = grants.grant_free_spins(
        staff, answers["operator"], row.pk, terms, reason=answers["reason"], key=answers["key"]
    ).row
    return f"{row} has {granted.count} free spins of {answers['game']}.", granted


def _add_xp(staff: Any, row: Any, answers: dict[str, Any]) -> str:
    change = vip.add_xp(staff, row.pk, answers["amount"], answers["reason"], key=answers["key"])
    return f"{row} has {change.standing.xp:,.2f} XP now, level {change.standing.level}."


def _note(staff: Any, row: Any, answers: dict[str, Any]) -> str:
    notes.add_note(staff, answers["operator"], row.pk, answers["text"])
    return "The note is kept."


def _player(row: Any) -> bool:
    return bool(row.is_player)


DECISIONS = (
    Decision("note", "Add note", "Colleagues at the operator read it; it cannot be changed or removed.", _note,
             ("finance",), NoteForm, is_due=_player),
    Decision("bonus", "Grant bonus", "Bonus money out of the operator's promotions.", _grant_bonus, (), BonusForm,
             is_due=_player,
             is_about_money=True),
    Decision("spins", "Grant free spins", "What they win gathers in one bonus.", _grant_spins, (), SpinsForm,
             is_due=_player,
             is_about_money=True),
    Decision("adjust", "Adjust balance",
             "Real money by hand. Above the operator's threshold a second person approves before it is posted.",
             _adjust,
             ("finance",), AdjustForm, is_due=_player,
             is_about_money=True),
    Decision("xp", "Add XP", "XP and points by hand; a level that was reached is never lost.", _add_xp, (), XpForm,
             is_due=_player, is_platforms=True,
             is_about_money=True),
    Decision("block", "Block", "The player may not play or deposit; money that is theirs can still be withdrawn.",
             _block,
             (), BlockForm, is_due=_player, may=lambda staff, row: not _is_blocked(staff, row)),
    Decision("unblock", "Unblock", "The player may play again.", _unblock, (), BlockForm, is_due=_player,
        may=_is_blocked),
)  # fmt: skip


def balances(row: Any) -> Any:
    """The real balances that the viewer sees, one per wallet."""
    wallets: list[Wallet] = row.wallets_here
    return (
        shown_money(wallets[0].real, wallets[0].currency)
        if len(wallets) == 1
        else ", ".join(f"{wallet.real:,.2f} {wallet.currency}" for wallet in wallets)
    )
