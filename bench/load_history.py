"""A long history, fast: N bets over 30 days with the rollups that are their sums, for measuring reports.

The database of DATABASE_URL must be migrated and hold nothing but the demo. ``python -m bench.load_history --bets
1000000``. Everything is made by the server itself, in sessions of one player on one game in one hour. The bets have
their deposits but not their stakes and wins in the ledger, so its audit does not hold afterwards: throw the database
away.
"""

import argparse
import os
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

DAYS = 30
PLAYERS = 3000
BETS_A_SESSION = 40
# Bets between two deposits of 50.00.
BETS_A_DEPOSIT = 50

_SESSIONS = """
CREATE TEMPORARY TABLE session AS
SELECT row_number() OVER (ORDER BY hour) AS n, w.id AS wallet_id, w.player_id, w.operator_id, w.currency, hour,
       g.id AS game_id, g.version_id, g.jackpot_group_id IS NOT NULL AND w.currency = 'USD' AS feeds
  FROM (SELECT %(start)s::timestamptz + floor(random() * %(hours)s) * interval '1 hour' AS hour,
               floor(random() * %(wallets)s)::int AS wallet, floor(random() * %(games)s)::int AS game
          FROM generate_series(1, %(sessions)s)) AS drawn
  JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM wallets_wallet) AS w ON w.number = wallet
  JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM games_game WHERE operator_id IS NULL) AS g
    ON g.number = game
"""
# Each bet of a 96 % coin: 48 % pay double, variance 0.9984 per squared unit.
_BETS = """
INSERT INTO betting_bet (id, created_at, operator_id, player_id, wallet_id, wallet_version, game_id, game_version_id,
  bet_type, currency, wager, win, multiplier, unrounded_win, expected_win, variance, real_before, real_after,
  bonus_before, bonus_after, jackpot_contribution, jackpot_win, jackpots, points, vip, wagering, ggr, rng_provider,
  outcome, idempotency_key, request_digest)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text || i::text), 1, 3)
        || '8' || substr(md5(i::text || n::text), 1, 15))::uuid,
       at, operator_id, player_id, wallet_id, i, game_id, version_id, kind, currency, wager, win, win / wager, win,
       wager * 0.96, wager * wager * 0.9984, 1000, 1000, 1000, 1000,
       CASE WHEN kind = 'real' AND feeds THEN wager * 0.01 ELSE 0 END, 0, '[]', 0, '{}', '{}',
       CASE kind WHEN 'free_spin' THEN 0 ELSE wager - win END, 'system', '{}', n || '-' || i, ''
  FROM (SELECT *, CASE WHEN random() < 0.48 THEN wager * 2 ELSE 0 END AS win
          FROM (SELECT s.*, i, hour + i * interval '1 second' * (3500.0 / %(size)s) AS at,
                       (floor(random() * 500) + 10)::numeric / 100 AS wager,
                       CASE WHEN n %% 50 = 0 THEN 'free_spin' WHEN n %% 12 = 0 THEN 'bonus' ELSE 'real' END AS kind
                  FROM session s, generate_series(1, %(size)s) AS i
                 WHERE n > %(first)s AND n <= %(last)s) AS staked) AS drawn
 ORDER BY at
"""
_ROLLUPS = """
INSERT INTO betting_hourrollup (hour, operator_id, player_id, game_version_id, money, is_seeded, is_folded, bets,
  wagers, wins, unrounded_wins, expected_wins, variance, jackpot_wins, contributions)
SELECT date_trunc('hour', created_at, 'UTC'), operator_id, player_id, game_version_id, bet_type, false, false, count(*),
       sum(wager), sum(win), sum(unrounded_win), sum(expected_win), sum(variance), sum(jackpot_win),
       sum(jackpot_contribution)
  FROM betting_bet GROUP BY 1, 2, 3, 4, 5
"""
_DEPOSITS = """
INSERT INTO wallets_transfer (id, operator_id, kind, source, target, currency, wallet_id, wallet_version, amount,
  reference, created_at)
SELECT gen_random_uuid(), operator_id, 'deposit', 'psp', 'real', currency, wallet_id,
       1000000 + row_number() OVER (PARTITION BY wallet_id), 50, gen_random_uuid(), hour
  FROM session, generate_series(1, %(size)s / %(each)s + (n %% %(each)s < %(size)s %% %(each)s)::int)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bets", type=int, default=1_000_000)
    wanted = parser.parse_args()
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
    django.setup()
    load(wanted.bets)


def load(bets: int, size: int = BETS_A_SESSION) -> None:
    """Write ``bets`` bets in sessions of ``size``, fold their closed hours, and let the planner know."""
    from django.db import connection

    from betting import rollups

    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS) + timedelta(hours=1)
    began, sessions = perf_counter(), bets // size
    _make_players()
    with connection.cursor() as cursor:
        wallets, games = _count(cursor, "wallets_wallet"), _count(cursor, "games_game WHERE operator_id IS NULL")
        facts = {"start": start, "hours": DAYS * 24 - 1, "wallets": wallets, "games": games, "sessions": sessions}
        cursor.execute(_SESSIONS, facts)
        step = max(250_000 // size, 1)
        for first in range(0, sessions, step):
            cursor.execute(_BETS, {"first": first, "last": first + step, "size": size})
            _tell(f"{min(first + step, sessions) * size:,} bets", began)
        cursor.execute(_ROLLUPS)
        cursor.execute(_DEPOSITS, {"size": size, "each": BETS_A_DEPOSIT})
        _tell(f"{_count(cursor, 'betting_hourrollup'):,} rows of hours", began)
        rollups.fold(now)
        cursor.execute("VACUUM (ANALYZE)")
        for table in ("betting_hourlytotal", "betting_dailytotal", "wallets_transfer"):
            _tell(f"{_count(cursor, table):,} rows in {table}", began)


def _make_players() -> None:
    """Players with a wallet, a third at each operator of the demo."""
    from casino.users.models import User
    from operators.models import Operator
    from wallets.models import Wallet

    houses = list(Operator.objects.order_by("slug"))
    known = User.objects.filter(username__startswith="history-").count()
    players = User.objects.bulk_create(
        User(email=f"history-{n}@casino.test", username=f"history-{n}", password="!", operator=houses[n % len(houses)])
        for n in range(known, PLAYERS)
    )
    Wallet.objects.bulk_create(
        Wallet(operator=player.operator, player=player, currency=player.operator.currency) for player in players
    )


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    number: int = cursor.fetchone()[0]
    return number


def _tell(what: str, began: float) -> None:
    print(f"{perf_counter() - began:7.1f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
