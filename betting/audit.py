"""What must always hold of bets: each query answers the offenders, and answers none in a sound house."""

from betting.rollups import SUMS
from casino.audit import Check

# The transfers that settled each bet, by route.
_TRANSFERS_OF_BETS = """
WITH moved AS (
  SELECT reference,
         sum(amount) FILTER (WHERE kind = 'stake' AND source = 'real') AS real_stake,
         sum(amount) FILTER (WHERE kind = 'stake' AND source = 'bonus') AS bonus_stake,
         sum(amount) FILTER (WHERE kind = 'win' AND target = 'real') AS real_win,
         sum(amount) FILTER (WHERE kind = 'win' AND target = 'bonus') AS bonus_win,
         count(DISTINCT wallet_id) AS wallets, min(wallet_id::text)::uuid AS wallet_id
    FROM wallets_transfer WHERE kind IN ('stake', 'win') GROUP BY reference)
"""
# Each wallet's balance after every version.
_RUNNING = """
WITH running AS (
  SELECT wallet_id, wallet_version AS version, reference,
         sum((target = 'real')::int * amount - (source = 'real')::int * amount) OVER w AS real,
         sum((target = 'bonus')::int * amount - (source = 'bonus')::int * amount) OVER w AS bonus
    FROM wallets_transfer WHERE wallet_id IS NOT NULL
  WINDOW w AS (PARTITION BY wallet_id ORDER BY wallet_version))
"""


def _differ(left: str, right: str) -> str:
    return " OR ".join(f"coalesce({left}.{name}, 0) <> coalesce({right}.{name}, 0)" for name in SUMS)


def _rollups_of_bets() -> str:
    """Offenders: bets' players whose hour does not add up."""
    keys = ("hour", "operator_id", "player_id", "game_version_id", "money")
    rolled = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    return f"""
WITH played AS (
  SELECT date_trunc('hour', created_at, 'UTC') AS hour, operator_id, player_id, game_version_id, bet_type AS money,
         count(*) AS bets, sum(wager) AS wagers, sum(win) AS wins, sum(unrounded_win) AS unrounded_wins,
         sum(expected_win) AS expected_wins, sum(variance) AS variance, sum(jackpot_win) AS jackpot_wins,
         sum(jackpot_contribution) AS contributions
    FROM betting_bet GROUP BY 1, 2, 3, 4, 5),
rolled AS (SELECT {", ".join(keys)}, {rolled} FROM betting_hourrollup GROUP BY {", ".join(keys)})
SELECT coalesce(p.player_id, r.player_id) FROM played p FULL JOIN rolled r USING ({", ".join(keys)})
 WHERE {_differ("p", "r")}
"""


def _totals(table: str, moment: str, keys: tuple[str, ...]) -> str:
    """Offenders: totals that are not the sum of the folded rows under ``keys``."""
    folded = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    rest = ", ".join((moment, *keys[1:]))
    return f"""
WITH folded AS (SELECT {rest}, {folded} FROM betting_hourrollup WHERE is_folded GROUP BY {", ".join(keys)})
SELECT coalesce(t.id::text, f.operator_id::text) FROM {table} t FULL JOIN folded f USING ({", ".join(keys)})
 WHERE {_differ("t", "f")}
"""


CHECKS = [
    Check(
        3,
        "every bet has exactly its transfers",
        _TRANSFERS_OF_BETS
        + """
SELECT b.id FROM betting_bet b LEFT JOIN moved m ON m.reference = b.id
 WHERE coalesce(m.real_stake, 0) <> CASE b.bet_type WHEN 'real' THEN b.wager ELSE 0 END
    OR coalesce(m.bonus_stake, 0) <> CASE b.bet_type WHEN 'bonus' THEN b.wager ELSE 0 END
    OR coalesce(m.real_win, 0) <> CASE b.bet_type WHEN 'real' THEN b.win ELSE 0 END
    OR coalesce(m.bonus_win, 0) <> CASE b.bet_type WHEN 'bonus' THEN b.win ELSE 0 END
    OR m.wallets > 1 OR m.wallet_id <> b.wallet_id
""",
    ),
    Check(
        3,
        "no stake or win lacks its bet",
        """
SELECT t.id FROM wallets_transfer t
 WHERE t.kind IN ('stake', 'win') AND NOT EXISTS (SELECT FROM betting_bet b WHERE b.id = t.reference)
""",
    ),
    Check(
        4,
        "the stake was covered, and the balance after follows from the balance before",
        """
SELECT id FROM betting_bet
 WHERE (bet_type = 'real' AND real_before < wager) OR (bet_type = 'bonus' AND bonus_before < wager)
    OR real_after <> real_before + jackpot_win + (wagering->>'converted')::numeric
                     + CASE bet_type WHEN 'real' THEN win - wager ELSE 0 END
    OR bonus_after <> bonus_before - (wagering->>'converted')::numeric - (wagering->>'forfeited')::numeric
                     + CASE bet_type WHEN 'bonus' THEN win - wager WHEN 'free_spin' THEN win ELSE 0 END
""",
    ),
    Check(
        5,
        "a bet's balances are those its wallet's versions imply",
        _RUNNING
        + """
, first AS (SELECT reference, wallet_id, min(version) AS version FROM running GROUP BY reference, wallet_id)
SELECT b.id FROM betting_bet b
  LEFT JOIN running ended ON ended.wallet_id = b.wallet_id AND ended.version = b.wallet_version
  LEFT JOIN first ON first.reference = b.id AND first.wallet_id = b.wallet_id
  LEFT JOIN running began ON began.wallet_id = b.wallet_id AND began.version = first.version - 1
 WHERE b.real_after <> coalesce(ended.real, 0) OR b.bonus_after <> coalesce(ended.bonus, 0)
    OR (ended.wallet_id IS NULL AND b.wallet_version <> 0)
    OR (first.version IS NOT NULL
        AND (b.real_before <> coalesce(began.real, 0) OR b.bonus_before <> coalesce(began.bonus, 0)))
""",
    ),
    Check(
        5,
        "a seed pair's nonces are played 0…n−1 without a gap",
        """
SELECT p.id FROM betting_seedpair p LEFT JOIN betting_bet b ON b.seed_pair_id = p.id
 GROUP BY p.id HAVING p.nonce <> count(b.id) OR coalesce(max(b.nonce), -1) <> count(b.id) - 1
""",
    ),
    Check(
        12,
        "no bet is dated in the future",
        "SELECT id FROM betting_bet WHERE created_at > clock_timestamp() + interval '1 minute'",
    ),
    Check(
        13,
        "what a bet refers to exists and belongs together",
        """
SELECT b.id FROM betting_bet b
  LEFT JOIN wallets_wallet w ON w.id = b.wallet_id
  LEFT JOIN games_gameversion v ON v.id = b.game_version_id
  LEFT JOIN betting_seedpair p ON p.id = b.seed_pair_id
  LEFT JOIN operators_affiliate a ON a.id = b.affiliate_id
 WHERE w.id IS NULL OR w.player_id <> b.player_id OR w.operator_id <> b.operator_id OR w.currency <> b.currency
    OR v.id IS NULL OR v.game_id <> b.game_id
    OR (b.seed_pair_id IS NOT NULL AND (p.id IS NULL OR p.player_id <> b.player_id OR p.operator_id <> b.operator_id))
    OR (b.affiliate_id IS NOT NULL AND (a.id IS NULL OR a.operator_id <> b.operator_id))
""",
    ),
    Check(
        3,
        "every jackpot part of a bet has its transfers, and no such transfer lacks its bet",
        """
WITH moved AS (
  SELECT reference, sum(amount) FILTER (WHERE kind = 'jackpot_contribution') AS contribution,
         sum(amount) FILTER (WHERE kind = 'jackpot_win' AND target = 'real') AS won,
         sum(amount) FILTER (WHERE kind = 'jackpot_win' AND source = 'jackpot_pool') AS paid
    FROM wallets_transfer WHERE kind IN ('jackpot_contribution', 'jackpot_win') GROUP BY reference)
SELECT coalesce(b.id, m.reference) FROM betting_bet b FULL JOIN moved m ON m.reference = b.id
 WHERE coalesce(m.contribution, 0) <> coalesce(b.jackpot_contribution, -1)
    OR coalesce(m.won, 0) <> coalesce(b.jackpot_win, -1) OR coalesce(m.paid, 0) <> coalesce(b.jackpot_win, -1)
""",
    ),
    Check(
        3,
        "a free-spin win has its bet, and its bet's bonus",
        """
SELECT coalesce(b.id, t.reference)
  FROM (SELECT * FROM betting_bet WHERE bet_type = 'free_spin' AND win > 0) b
  FULL JOIN (SELECT * FROM wallets_transfer WHERE kind = 'free_spin_win') t ON t.reference = b.id
 WHERE t.amount IS DISTINCT FROM b.win OR t.wallet_id IS DISTINCT FROM b.wallet_id
""",
    ),
    Check(
        7,
        "a bonus's progress is the weighted wagers of its bets",
        """
WITH played AS (
  SELECT s.id, sum(s.staked * (b.wagering->>'weight')::numeric) AS wagered
    FROM betting_bet b, jsonb_to_recordset(b.wagering->'bonuses') AS s(id uuid, staked numeric)
   WHERE b.bet_type = 'bonus' GROUP BY s.id)
SELECT coalesce(o.id, p.id) FROM wallets_bonus o FULL JOIN played p ON p.id = o.id
 WHERE coalesce(o.wagered, -1) <> coalesce(p.wagered, 0)
""",
    ),
    Check(
        7,
        "the deposit requirement's progress is the wallet's real wagers",
        """
SELECT w.id FROM wallets_wallet w LEFT JOIN betting_bet b ON b.wallet_id = w.id AND b.bet_type = 'real'
 GROUP BY w.id HAVING w.wagering_wagered <> coalesce(sum(b.wager), 0)
""",
    ),
    Check(
        7,
        "free spins are spun as often as their grant says",
        """
SELECT f.id FROM wallets_freespins f LEFT JOIN betting_bet b ON b.free_spins_id = f.id
 GROUP BY f.id HAVING f.count - f.remaining <> count(b.id)
""",
    ),
    Check(
        9,
        "a pool is what was folded in and seeded, less what it paid",
        """
SELECT p.id FROM betting_jackpotpool p LEFT JOIN wallets_transfer t ON t.pool_id = p.id AND t.operator_id IS NULL
 GROUP BY p.id HAVING p.value <> coalesce(sum((t.target = 'jackpot_pool')::int * t.amount
                                            - (t.source = 'jackpot_pool')::int * t.amount), 0)
""",
    ),
    Check(
        9,
        "a pool's contributions are those of its bets: folded and pending",
        """
WITH contributed AS (
  SELECT l.pool_id, sum(l.contribution) AS amount
    FROM betting_bet b, jsonb_to_recordset(b.jackpots) AS l(pool_id uuid, contribution numeric) GROUP BY l.pool_id),
folded AS (
  SELECT pool_id, sum(amount) AS amount FROM wallets_transfer
   WHERE kind = 'jackpot_fold' AND target = 'jackpot_pool' GROUP BY pool_id),
pending AS (SELECT pool_id, sum(amount) AS amount FROM betting_jackpotpending GROUP BY pool_id)
SELECT p.id FROM betting_jackpotpool p LEFT JOIN contributed c ON c.pool_id = p.id
  LEFT JOIN folded f ON f.pool_id = p.id LEFT JOIN pending n ON n.pool_id = p.id
 WHERE coalesce(c.amount, 0) <> coalesce(f.amount, 0) + coalesce(n.amount, 0)
""",
    ),
    Check(
        9,
        "an operator's jackpot clearing is its pending contributions",
        """
WITH clearing AS (
  SELECT operator_id, sum((target = 'jackpot_clearing')::int * amount - (source = 'jackpot_clearing')::int * amount)
         AS balance
    FROM wallets_transfer WHERE 'jackpot_clearing' IN (source, target) GROUP BY operator_id),
pending AS (SELECT operator_id, sum(amount) AS amount FROM betting_jackpotpending GROUP BY operator_id)
SELECT coalesce(c.operator_id, n.operator_id) FROM clearing c FULL JOIN pending n ON n.operator_id = c.operator_id
 WHERE coalesce(c.balance, 0) <> coalesce(n.amount, 0)
""",
    ),
    Check(11, "the hours' rollups are the sums of their bets", _rollups_of_bets()),
    Check(
        11,
        "the hourly totals are the sums of the folded hours",
        _totals("betting_hourlytotal", "hour", ("hour", "operator_id", "game_version_id", "money", "is_seeded")),
    ),
    Check(
        11,
        "the daily totals are the sums of the folded hours",
        _totals(
            "betting_dailytotal",
            "(hour AT TIME ZONE 'UTC')::date AS day",
            ("day", "operator_id", "player_id", "game_version_id", "money"),
        ),
    ),
]
