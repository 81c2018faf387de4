"""Weekly cashback: a part of each player's net real loss at each operator, paid once as a bonus.

The rate is that of the level the player had when the week ended. Each payment is a transaction of its own under the
wallet's lock, with the row that makes it unique, so a run may be killed anywhere and the next one pays what is left.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from casino.money import ZERO, round_down
from casino.weeks import WEEK, closed_week, midnight
from vip import costs
from vip.programme import Cashback, VipCostKind, programme
from wallets import ledger

logger = logging.getLogger(__name__)

# Rows out: who lost at which operator in the week, by how much they played, at which level and rate; what is paid
# already is left out. One statement, so that a fold at the same moment is seen whole or not at all.
_DUE = """
WITH played AS (
  SELECT player_id, operator_id, wagers, wins + jackpot_wins AS wins FROM betting_dailytotal
   WHERE money = 'real' AND day >= %(week)s AND day < %(end)s
  UNION ALL
  SELECT player_id, operator_id, wagers, wins + jackpot_wins FROM betting_hourrollup
   WHERE NOT is_folded AND money = 'real' AND hour >= %(begins_at)s AND hour < %(ends_at)s),
lost AS (
  SELECT player_id, operator_id, sum(wagers) AS wagers, sum(wins) AS wins FROM played
   GROUP BY player_id, operator_id HAVING sum(wagers) > sum(wins))
SELECT l.player_id, l.operator_id, l.wagers, l.wins, v.number, v.cashback_rate FROM lost l
 CROSS JOIN LATERAL (
   SELECT coalesce(max(r.level_id), 0) AS number FROM vip_levelreached r
    WHERE r.player_id = l.player_id AND r.reached_at < %(ends_at)s) held
  JOIN vip_viplevel v ON v.number = held.number AND v.cashback_rate > 0
 WHERE NOT EXISTS (SELECT FROM vip_cashback c WHERE c.player_id = l.player_id AND c.operator_id = l.operator_id
                      AND c.week = %(week)s)
 ORDER BY l.player_id, l.operator_id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """What a player lost at an operator in a week, and the level that says how much of it comes back."""

    player_id: UUID
    operator_id: UUID
    wagers: Decimal
    wins: Decimal
    level: int
    rate: Decimal

    @property
    def amount(self) -> Decimal:
        """Net real loss × rate, rounded down to minor units."""
        return round_down((self.wagers - self.wins) * self.rate)


@dataclass(slots=True)
class CashbackRun:
    """What a run did for ``week``: how many were paid, and how many failed and stay due."""

    week: date
    paid: int = 0
    failed: int = 0


def pay_cashback(day: date | None = None, now: datetime | None = None) -> CashbackRun:
    """Pay, as if it were ``day`` (today by default), what is due for the last week that was over then.

    May run twice and at once. Raises WeekNotOver for a day to come.
    """
    run = CashbackRun(closed_week(day, (now or timezone.now()).date()))
    for due in find_due(run.week):
        try:
            run.paid += _pay(due, run.week)
        except Exception:
            # One player's fault must not keep the others waiting; what failed stays due.
            logger.exception("cashback of %s at %s was not paid", due.player_id, due.operator_id)
            run.failed += 1
    return run


def find_due(week: date) -> list[Due]:
    """Who is still to be paid for the week, where it comes to at least one minor unit."""
    end = week + WEEK
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"week": week, "end": end, "begins_at": midnight(week), "ends_at": midnight(end)})
        rows = [Due(*row) for row in cursor.fetchall()]
    return [due for due in rows if due.amount > ZERO]


def _pay(due: Due, week: date) -> bool:
    """Pay one player at one operator, unless that was done meanwhile."""
    with transaction.atomic():
        journal = ledger.lock_accounts([(due.player_id, due.operator_id)])
        (wallet,) = journal.wallets.values()
        if Cashback.objects.filter(player=due.player_id, operator=due.operator_id, week=week).exists():
            return False
        grant = costs.Grant(VipCostKind.CASHBACK, due.amount, programme().cashback_wagering_multiple)
        Cashback.objects.create(
            operator_id=due.operator_id,
            player_id=due.player_id,
            week=week,
            wagers=due.wagers,
            wins=due.wins,
            level_id=due.level,
            rate=due.rate,
            amount=due.amount,
            cost=costs.pay_bonus(journal, wallet, grant),
            created_at=journal.at,
        )
        journal.post()
    return True
