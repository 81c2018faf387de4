"""Bonus rules for reaching a VIP level: applied once for each level, at the operator where it was earned.

The row of the level reached is the queue: its rules are due until ``rules_applied_at`` says otherwise.
"""

import logging
from uuid import UUID

from django.db import transaction

from casino.money import ZERO
from vip import points
from vip.models import LevelReached, PointsKind
from wallets import ledger, news
from wallets.bonus_rules import grant_by_rule, open_rules
from wallets.ledger import Journal
from wallets.promotions import BonusRule, RuleUse, Trigger

logger = logging.getLogger(__name__)


def apply_due_level_rules(batch: int = 1000) -> int:
    """Apply the rules of the levels that are due, oldest first; answers how many. May run twice and at once."""
    due = LevelReached.objects.without_rules().order_by("reached_at", "level").values_list("pk", flat=True)
    applied = 0
    for reached_id in list(due[:batch]):
        try:
            applied += apply_level_rules(reached_id)
        except Exception:
            # One level's fault must not keep the others waiting; this one stays due.
            logger.exception("the rules of level reached %s were not applied", reached_id)
    return applied


def apply_level_rules(reached_id: UUID) -> bool:
    """Apply the operator's rules for one level reached, unless that is done or the player has no wallet there."""
    with transaction.atomic():
        row = LevelReached.objects.select_related("player").get(pk=reached_id)
        operator_id = row.operator_id or row.player.operator_id
        journal = ledger.lock_accounts([(row.player_id, operator_id)])
        wallet = next(iter(journal.wallets.values()), None)
        # Under the wallet's lock: who waited for it sees what the one before has done.
        rows = LevelReached.objects.without_rules().select_for_update(no_key=True, of=("self",))
        reached = rows.filter(pk=reached_id).first()
        if wallet is None or reached is None:
            return False
        rules = list(open_rules(row.player_id, operator_id, journal.at).filter(trigger=Trigger.LEVEL_UP).order_by("id"))
        for rule in rules:
            RuleUse.objects.create(rule=rule, player_id=row.player_id, level_reached=reached, used_at=journal.at)
            grant_by_rule(journal, wallet, rule, None)
        _earn(journal, reached, operator_id, rules)
        reached.rules_applied_at = journal.at
        reached.save(update_fields=["rules_applied_at"])
        journal.post()
        if rules:
            news.tell_balance(wallet, journal.at)
    return True


def _earn(journal: Journal, reached: LevelReached, operator_id: UUID, rules: list[BonusRule]) -> None:
    """The rules' fixed XP, and as many points to spend; a level reached by it has rules of its own to come."""
    xp = sum((rule.xp for rule in rules), ZERO)
    if not xp:
        return
    points.move_points(
        points.lock_standings([reached.player_id])[reached.player_id],
        points.ladder(),
        kind=PointsKind.RULE,
        reference=reached.pk,
        xp=xp,
        points=xp,
        at=journal.at,
        operator_id=operator_id,
    )
