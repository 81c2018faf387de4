"""What must always hold of bonuses, free spins and rules: each query answers the offenders' ids."""

from casino.audit import Check

CHECKS = [
    Check(
        2,
        "a wallet's bonus pocket is the sum of its active bonuses' balances",
        """
SELECT w.id FROM wallets_wallet w LEFT JOIN wallets_bonus b ON b.wallet_id = w.id AND b.status = 'active'
 GROUP BY w.id HAVING w.bonus <> coalesce(sum(b.balance), 0)
""",
    ),
    Check(
        7,
        "an ended bonus is empty and says when it ended, and no other says so",
        """
SELECT id FROM wallets_bonus
 WHERE CASE status WHEN 'active' THEN ended_at IS NOT NULL OR converted + forfeited <> 0
                   ELSE ended_at IS NULL OR balance <> 0 END
""",
    ),
    Check(
        7,
        "a bonus was granted by its transfers, or won by its free spins",
        """
WITH granted AS (
  SELECT reference AS id, amount FROM wallets_transfer WHERE kind = 'bonus_grant'
  UNION ALL
  SELECT (b.wagering->'bonuses'->0->>'id')::uuid, t.amount
    FROM wallets_transfer t JOIN betting_bet b ON b.id = t.reference WHERE t.kind = 'free_spin_win'),
total AS (SELECT id, sum(amount) AS amount FROM granted GROUP BY id)
SELECT coalesce(b.id, t.id) FROM wallets_bonus b FULL JOIN total t ON t.id = b.id
 WHERE b.granted IS DISTINCT FROM t.amount
   -- What the VIP programme pays for is its own to explain.
   AND NOT (t.id IS NULL AND b.source IN ('level_up', 'cashback', 'redemption'))
""",
    ),
    Check(
        7,
        "what a bonus converted and what it forfeited are its transfers",
        """
WITH moved AS (
  SELECT reference AS id, count(DISTINCT wallet_id) AS wallets, min(wallet_id::text)::uuid AS wallet_id,
         sum(amount) FILTER (WHERE target = 'real') AS converted,
         sum(amount) FILTER (WHERE target = 'forfeits') AS forfeited
    FROM wallets_transfer WHERE kind IN ('bonus_conversion', 'bonus_forfeit') GROUP BY reference)
SELECT coalesce(b.id, m.id) FROM wallets_bonus b FULL JOIN moved m ON m.id = b.id
 WHERE coalesce(b.converted, -1) <> coalesce(m.converted, 0) OR coalesce(b.forfeited, -1) <> coalesce(m.forfeited, 0)
    OR m.wallets > 1 OR m.wallet_id <> b.wallet_id
""",
    ),
    Check(
        7,
        "a bonus converts only once its requirement is met, and no more than its cap",
        """
SELECT id FROM wallets_bonus
 WHERE (status = 'converted' AND wagered < required) OR (status <> 'converted' AND converted <> 0)
    OR converted > conversion_cap
""",
    ),
    Check(
        7,
        "what a rule granted for a deposit names the rule's use, once for each rule and deposit",
        """
SELECT g.id FROM (SELECT id, rule_id, deposit_id, player_id FROM wallets_bonus WHERE deposit_id IS NOT NULL
                  UNION ALL SELECT id, rule_id, deposit_id, player_id FROM wallets_freespins
                             WHERE deposit_id IS NOT NULL) g
 WHERE NOT EXISTS (SELECT FROM wallets_ruleuse u WHERE u.rule_id = g.rule_id AND u.deposit_id = g.deposit_id
                      AND u.player_id = g.player_id)
""",
    ),
    Check(
        7,
        "a rule is used by a completed deposit or a level reached, and once per player where it says so",
        """
SELECT u.id FROM wallets_ruleuse u
  JOIN wallets_bonusrule r ON r.id = u.rule_id LEFT JOIN wallets_deposit d ON d.id = u.deposit_id
  LEFT JOIN vip_levelreached l ON l.id = u.level_reached_id
 WHERE (r.trigger <> 'level_up' AND (d.id IS NULL OR d.status <> 'completed' OR d.operator_id <> r.operator_id
                                     OR d.player_id <> u.player_id))
    OR (r.trigger = 'level_up' AND (l.rules_applied_at IS NULL OR l.player_id <> u.player_id))
UNION ALL
SELECT later.id FROM wallets_ruleuse later JOIN wallets_bonusrule r ON r.id = later.rule_id AND r.is_once_per_player
  JOIN wallets_ruleuse first ON first.rule_id = r.id AND first.player_id = later.player_id AND first.id < later.id
""",
    ),
    Check(
        13,
        "a grant, its wallet, its player, its operator and its deposit belong together",
        """
WITH grants AS (
  SELECT id, wallet_id, player_id, operator_id, deposit_id, rule_id, NULL::uuid AS game_id FROM wallets_bonus
  UNION ALL
  SELECT id, wallet_id, player_id, operator_id, deposit_id, rule_id, game_id FROM wallets_freespins)
SELECT g.id FROM grants g LEFT JOIN wallets_wallet w ON w.id = g.wallet_id
  LEFT JOIN wallets_deposit d ON d.id = g.deposit_id LEFT JOIN wallets_bonusrule r ON r.id = g.rule_id
  LEFT JOIN games_game o ON o.id = g.game_id
 WHERE w.id IS NULL OR w.player_id <> g.player_id OR w.operator_id <> g.operator_id
    OR (g.deposit_id IS NOT NULL AND d.wallet_id IS DISTINCT FROM g.wallet_id)
    OR (g.rule_id IS NOT NULL AND r.operator_id IS DISTINCT FROM g.operator_id)
    OR (g.game_id IS NOT NULL AND (o.id IS NULL OR o.operator_id <> g.operator_id))
""",
    ),
]
