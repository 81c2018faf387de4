"""Bonus rules: which are open to a player, what a deposit earns by them, and those that a new operator begins with."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from casino import sets
from casino.games.models import Game
from casino.money import ZERO, round_down
from casino.users import exclusions
from casino.users.models import User
from operators.models import Operator
from vip import points
from vip.models import PointsKind
from wallets.grants import make_bonus, post_bonus
from wallets.ledger import Journal
from wallets.models import Deposit, DepositStatus, Wallet
from wallets.promotions import BonusRule, BonusRuleQuerySet, BonusSource, FreeSpins, RuleUse, Trigger

DEPOSIT_TRIGGERS = (Trigger.FIRST_DEPOSIT, Trigger.ANY_DEPOSIT, Trigger.PROMO_CODE)
# What an operator begins with, by trigger.
DEFAULT_RULES: dict[Trigger, dict[str, Any]] = {
    Trigger.FIRST_DEPOSIT: {"name": "Welcome bonus", "match_percent": Decimal(100), "cap": Decimal(100)},
    Trigger.ANY_DEPOSIT: {"name": "XP for deposits", "xp_percent": Decimal(10)},
}
WELCOME_SPINS, WELCOME_SPIN_VALUE = 20, Decimal("0.10")


def apply_deposit_rules(journal: Journal, deposit: Deposit) -> None:
    """Grant what the operator's rules give for a deposit that completes now: bonuses, free spins and XP.

    Belongs into the completion's transaction, under the locks of the wallet and of the player's standing, before the
    journal is posted; the deposit completes once, so that its rules are used once.
    """
    rules = list(_rules_met_by(deposit, journal.at))
    RuleUse.objects.bulk_create(
        RuleUse(rule=rule, player_id=deposit.player_id, deposit=deposit, used_at=journal.at) for rule in rules
    )
    for rule in rules:
        grant_by_rule(journal, journal.wallets[deposit.wallet_id], rule, deposit)
    xp = sum((rule.xp + round_down(deposit.amount * rule.xp_percent / 100) for rule in rules), ZERO)
    if xp:
        _earn(journal, deposit, xp)


def open_offers(player: User, at: datetime) -> BonusRuleQuerySet:
    """The rules that the player can still earn something by at their active operator, newest first.

    Nothing is offered to who shut themselves out: raises Excluded.
    """
    assert player.operator_id is not None
    if (exclusion := exclusions.in_force([player.pk], at).get(player.pk)) is not None:
        raise exclusion.refusal()
    rules = open_rules(player.pk, player.operator_id, at).exclude(trigger=Trigger.MANUAL)
    return rules.select_related("operator", "free_spin_game").order_by("-id")


def open_rules(player_id: UUID, operator_id: UUID, at: datetime) -> BonusRuleQuerySet:
    """The operator's rules in force, without what this player has used up: first deposits, and once per player."""
    completed = Deposit.objects.filter(player=player_id, operator=operator_id, status=DepositStatus.COMPLETED)
    used = RuleUse.objects.filter(rule=OuterRef("pk"), player=player_id)
    rules: BonusRuleQuerySet = BonusRule.objects.in_force(at).filter(operator=operator_id)
    # A deposit that was taken back later has still been the first.
    return rules.exclude(Q(trigger=Trigger.FIRST_DEPOSIT) & Exists(completed)).exclude(
        Q(is_once_per_player=True) & Exists(used)
    )


def open_default_rules(operator: Operator, free_spin_game: Game | None = None) -> list[BonusRule]:
    """Give an operator the default rules whose trigger it has no rule for; answers those made.

    First deposit: 100 % up to 100.00 at 35×, and 20 free spins of 0.10 on ``free_spin_game``; any deposit: 10 XP per
    100.00.
    """
    known = set(BonusRule.objects.filter(operator=operator).values_list("trigger", flat=True))
    made = []
    for trigger, terms in DEFAULT_RULES.items():
        if trigger in known:
            continue
        rule = BonusRule(operator=operator, trigger=trigger, **terms)
        if trigger == Trigger.FIRST_DEPOSIT and free_spin_game is not None:
            rule.free_spins, rule.free_spin_value = WELCOME_SPINS, WELCOME_SPIN_VALUE
            rule.free_spin_game = free_spin_game
        rule.save(force_insert=True)
        made.append(rule)
    return made


def _rules_met_by(deposit: Deposit, at: datetime) -> BonusRuleQuerySet:
    """What is open to the player and asks for no more than this deposit, oldest first."""
    is_entered = ~Q(trigger=Trigger.PROMO_CODE) | Q(code__iexact=deposit.promo_code.strip())
    rules = open_rules(deposit.player_id, deposit.operator_id, at)
    return rules.filter(is_entered, trigger__in=DEPOSIT_TRIGGERS, min_deposit__lte=deposit.amount).order_by("id")


def grant_by_rule(journal: Journal, wallet: Wallet, rule: BonusRule, deposit: Deposit | None) -> None:
    """Grant a locked wallet the rule's bonus and its free spins; a match is of the deposit that earned them."""
    expires_at = journal.at + timedelta(days=rule.expires_days)
    source = BonusSource(rule.trigger)
    facts = {"rule": rule, "deposit": deposit, "conversion_cap": rule.conversion_cap}
    if amount := _amount(rule, deposit.amount if deposit else ZERO):
        multiple = rule.wagering_multiple
        bonus = make_bonus(wallet, source, amount, multiple, journal.at, expires_at, max_stake=rule.max_stake, **facts)
        post_bonus(journal, bonus)
    if rule.free_spins and rule.free_spin_game_id:
        spins = FreeSpins(
            operator=wallet.operator,
            player_id=wallet.player_id,
            wallet=wallet,
            game_id=rule.free_spin_game_id,
            source=source,
            count=rule.free_spins,
            remaining=rule.free_spins,
            value=rule.free_spin_value,
            wagering_multiple=rule.wagering_multiple,
            created_at=journal.at,
            expires_at=expires_at,
            **facts,
        )
        sets.insert(FreeSpins, [spins])


def _amount(rule: BonusRule, deposited: Decimal) -> Decimal:
    """The match of what was deposited, up to the rule's cap, and the rule's fixed amount."""
    matched, fixed = round_down(deposited * rule.match_percent / 100), Decimal(rule.amount)
    return fixed + (matched if rule.cap is None else min(matched, rule.cap))


def _earn(journal: Journal, deposit: Deposit, xp: Decimal) -> None:
    """XP, and as many points to spend, in one movement of the deposit."""
    standing = points.lock_standings([deposit.player_id])[deposit.player_id]
    points.move_points(
        standing,
        points.ladder(),
        kind=PointsKind.DEPOSIT,
        reference=deposit.pk,
        xp=xp,
        points=xp,
        at=journal.at,
        operator_id=deposit.operator_id,
    )
