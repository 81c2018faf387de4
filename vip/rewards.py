"""Level-up rewards: bonus money and free spins, granted exactly once for each level reached.

The row of the level reached is the queue: a reward is due until ``rewarded_at`` says otherwise, in the transaction that
grants it. It is paid at the operator where the level was earned, or at the player's active one.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from vip import costs
from vip.models import LevelReached, VipLevel
from vip.programme import VipCostKind, programme
from wallets import ledger
from wallets.models import Wallet
from wallets.promotions import BonusSource, FreeSpins

logger = logging.getLogger(__name__)


def grant_due_rewards(batch: int = 1000) -> int:
    """Grant the rewards that are due, oldest first; answers how many. May run twice and at once."""
    due = LevelReached.objects.unrewarded().order_by("reached_at", "level").values_list("pk", flat=True)
    return _grant_each(due[:batch])


def grant_rewards_of(player_ids: Iterable[UUID]) -> int:
    """Grant these players' due rewards; answers how many."""
    due = LevelReached.objects.unrewarded().filter(player__in=list(player_ids)).order_by("player", "level")
    return _grant_each(due.values_list("pk", flat=True))


def grant_reward(reached_id: UUID) -> bool:
    """Grant the reward of one level reached, unless that is done or the player has no wallet to take it."""
    with transaction.atomic():
        row: Any = LevelReached.objects.select_related("player").get(pk=reached_id)
        operator_id = row.operator_id or row.player.operator_id
        journal = ledger.lock_accounts([(row.player_id, operator_id)])
        wallet = next(iter(journal.wallets.values()), None)
        # Under the wallet's lock: who waited for it sees what the one before has done.
        rows = LevelReached.objects.unrewarded().select_for_update(no_key=True, of=("self",))
        reached: LevelReached | None = rows.select_related("level").filter(pk=reached_id).first()
        if wallet is None or reached is None:
            return False
        if reached.level.reward_bonus > 0:
            grant = costs.Grant(
                VipCostKind.LEVEL_UP, reached.level.reward_bonus, reached.level.reward_wagering_multiple
            )
            reached.bonus_id = costs.pay_bonus(journal, wallet, grant).pk
        if reached.level.reward_free_spins:
            reached.free_spins = _grant_spins(wallet, reached.level, journal.at)
        reached.rewarded_at = journal.at
        reached.save(update_fields=["rewarded_at", "bonus", "free_spins"])
        journal.post()
    return True


def _grant_each(reached_ids: Iterable[UUID]) -> int:
    granted = 0
    for reached_id in list(reached_ids):
        try:
            granted += grant_reward(reached_id)
        except Exception:
            # One reward's fault must not keep the others waiting; this one stays due.
            logger.exception("the reward of level reached %s was not granted", reached_id)
    return granted


def _grant_spins(wallet: Wallet, level: VipLevel, at: datetime) -> FreeSpins:
    assert level.reward_free_spin_game is not None, "a constraint says so"
    spins: FreeSpins = FreeSpins.objects.create(
        operator_id=wallet.operator_id,
        player_id=wallet.player_id,
        wallet=wallet,
        game=level.reward_free_spin_game,
        source=BonusSource.LEVEL_UP,
        count=level.reward_free_spins,
        remaining=level.reward_free_spins,
        value=level.reward_free_spin_value,
        wagering_multiple=level.reward_wagering_multiple,
        created_at=at,
        expires_at=at + timedelta(days=programme().bonus_days),
    )
    return spins
