"""What must always hold of bets: each query answers the offenders, and answers none in a sound house."""

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
 WHERE b.real_after IS DISTINCT FROM ended.real OR b.bonus_after IS DISTINCT FROM ended.bonus
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
]
