"""What must always hold of VIP standings: each query answers the offenders, and answers none in a sound house."""

from casino.audit import Check

CHECKS = [
    Check(
        8,
        "XP and spendable points are the sums of their movements",
        """
WITH earned AS (
  SELECT player_id, sum(points) AS xp, sum(points) AS points FROM betting_bet GROUP BY player_id
  UNION ALL SELECT player_id, sum(xp), sum(points) FROM vip_pointsmovement GROUP BY player_id),
total AS (SELECT player_id, sum(xp) AS xp, sum(points) AS points FROM earned GROUP BY player_id)
SELECT coalesce(s.id, t.player_id) FROM vip_standing s FULL JOIN total t ON t.player_id = s.player_id
 WHERE coalesce(s.xp, 0) <> coalesce(t.xp, 0) OR coalesce(s.points, 0) <> coalesce(t.points, 0)
""",
    ),
    Check(
        8,
        "the level is the highest ever earned",
        """
SELECT s.id FROM vip_standing s
 WHERE s.level_id <> coalesce((SELECT max(r.level_id) FROM vip_levelreached r WHERE r.player_id = s.player_id), 0)
    OR s.level_id < (SELECT max(l.number) FROM vip_viplevel l WHERE l.xp_required <= s.xp)
""",
    ),
    Check(
        10,
        "a VIP cost's shares sum to it, the platform's among them",
        """
SELECT c.bonus_id FROM vip_vipcost c LEFT JOIN vip_vipcostshare s ON s.cost_id = c.bonus_id GROUP BY c.bonus_id
HAVING c.amount <> coalesce(sum(s.amount), 0) OR count(s.id) FILTER (WHERE s.operator_id IS NULL) <> 1
""",
    ),
    Check(
        10,
        "every book bears its share of each VIP cost, and no other",
        """
WITH borne AS (
  SELECT reference, operator_id, sum(amount) AS amount FROM wallets_transfer
   WHERE source = 'vip_cost' GROUP BY reference, operator_id),
shares AS (SELECT * FROM vip_vipcostshare WHERE amount > 0)
SELECT coalesce(s.cost_id, b.reference) FROM shares s
  FULL JOIN borne b ON b.reference = s.cost_id AND b.operator_id IS NOT DISTINCT FROM s.operator_id
 WHERE s.amount IS DISTINCT FROM b.amount
""",
    ),
    Check(
        10,
        "a VIP cost reached its player's wallet whole, and what others bear came between the books",
        """
WITH paid AS (
  SELECT reference, min(wallet_id::text)::uuid AS wallet_id, count(DISTINCT wallet_id) AS wallets, sum(amount) AS amount
    FROM wallets_transfer WHERE kind = 'vip_cost' AND wallet_id IS NOT NULL GROUP BY reference),
owed AS (
  SELECT reference, counterparty_id, sum(amount) AS amount FROM wallets_transfer
   WHERE kind IN ('vip_cost', 'vip_share') AND target = 'intercompany' AND operator_id IS NULL
   GROUP BY reference, counterparty_id),
others AS (
  SELECT c.bonus_id, c.operator_id, sum(s.amount) AS amount FROM vip_vipcost c
    JOIN vip_vipcostshare s ON s.cost_id = c.bonus_id AND s.operator_id IS DISTINCT FROM c.operator_id
   GROUP BY c.bonus_id HAVING sum(s.amount) > 0)
SELECT coalesce(c.bonus_id, p.reference) FROM vip_vipcost c FULL JOIN paid p ON p.reference = c.bonus_id
  LEFT JOIN wallets_wallet w ON w.id = p.wallet_id
 WHERE c.amount IS DISTINCT FROM p.amount OR p.wallets <> 1
    OR w.player_id IS DISTINCT FROM c.player_id OR w.operator_id IS DISTINCT FROM c.operator_id
UNION ALL
SELECT coalesce(o.bonus_id, d.reference) FROM others o
  FULL JOIN owed d ON d.reference = o.bonus_id AND d.counterparty_id = o.operator_id
 WHERE o.amount IS DISTINCT FROM d.amount
""",
    ),
    Check(
        10,
        "a share of a VIP cost falls on an operator of the currency it is paid in",
        """
SELECT s.cost_id FROM vip_vipcostshare s JOIN vip_vipcost c ON c.bonus_id = s.cost_id
  JOIN operators_operator o ON o.id = s.operator_id WHERE o.currency <> c.currency
""",
    ),
    Check(
        7,
        "what the VIP programme granted has its cost, and a cost is its bonus's grant",
        """
SELECT b.id FROM wallets_bonus b LEFT JOIN vip_vipcost c ON c.bonus_id = b.id
 WHERE (c.bonus_id IS NULL AND b.source IN ('level_up', 'cashback', 'redemption')
        AND NOT EXISTS (SELECT FROM wallets_transfer t WHERE t.kind = 'bonus_grant' AND t.reference = b.id))
    OR (c.bonus_id IS NOT NULL
        AND (c.amount, c.kind::text, c.operator_id, c.player_id)
            IS DISTINCT FROM (b.granted, b.source::text, b.operator_id, b.player_id))
""",
    ),
    Check(
        7,
        "cashback is the rate of the week's net real loss, and has its bonus",
        """
SELECT k.id FROM vip_cashback k LEFT JOIN vip_vipcost c ON c.bonus_id = k.cost_id AND c.kind = 'cashback'
 WHERE k.amount <> trunc((k.wagers - k.wins) * k.rate, 2)
    OR (k.amount, k.operator_id, k.player_id) IS DISTINCT FROM (c.amount, c.operator_id, c.player_id)
UNION ALL
SELECT bonus_id FROM vip_vipcost c WHERE kind = 'cashback'
   AND NOT EXISTS (SELECT FROM vip_cashback k WHERE k.cost_id = c.bonus_id)
""",
    ),
    Check(
        7,
        "a level's reward is granted once, for a level that was reached",
        """
SELECT r.id FROM vip_levelreached r LEFT JOIN vip_vipcost c ON c.bonus_id = r.bonus_id
  LEFT JOIN wallets_freespins f ON f.id = r.free_spins_id
 WHERE (r.rewarded_at IS NULL AND (r.bonus_id IS NOT NULL OR r.free_spins_id IS NOT NULL))
    OR (r.bonus_id IS NOT NULL AND (c.bonus_id IS NULL OR c.kind <> 'level_up' OR c.player_id <> r.player_id))
    OR (r.free_spins_id IS NOT NULL AND f.player_id IS DISTINCT FROM r.player_id)
UNION ALL
SELECT bonus_id FROM vip_vipcost c WHERE kind = 'level_up'
   AND NOT EXISTS (SELECT FROM vip_levelreached r WHERE r.bonus_id = c.bonus_id)
""",
    ),
    Check(
        8,
        "points redeemed became a bonus of the same player, and no bonus came without them",
        """
SELECT coalesce(m.id, c.bonus_id) FROM (SELECT * FROM vip_pointsmovement WHERE kind = 'redemption') m
  FULL JOIN (SELECT * FROM vip_vipcost WHERE kind = 'redemption') c ON c.bonus_id = m.reference
 WHERE m.player_id IS DISTINCT FROM c.player_id OR m.points >= 0 OR m.xp <> 0
""",
    ),
]
