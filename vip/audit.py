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
]
