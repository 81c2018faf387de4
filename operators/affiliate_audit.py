"""What must always hold of affiliates: each query answers the offenders, and answers none in a sound house."""

from casino.audit import Check

CHECKS = [
    Check(
        10,
        "an affiliate statement follows from its figures",
        """
SELECT s.id FROM operators_affiliatestatement s JOIN LATERAL (
  SELECT s.wagers - s.wins - (s.bonus_grants + s.free_spin_wins - s.forfeits) + s.carried_in AS base) n ON true
 WHERE s.amount <> trunc(greatest(n.base, 0) * s.rate, 2) OR s.carried_out NOT IN (0, least(n.base, 0))
""",
    ),
    Check(
        10,
        "what a statement earned was accrued in its operator's book, and nothing else was",
        """
SELECT coalesce(s.id, t.reference)
  FROM (SELECT * FROM operators_affiliatestatement WHERE amount > 0) s
  FULL JOIN (SELECT * FROM wallets_transfer WHERE kind = 'affiliate_accrual') t ON t.reference = s.id
 WHERE (s.operator_id, s.amount, s.currency) IS DISTINCT FROM (t.operator_id, t.amount, t.currency)
""",
    ),
    Check(
        10,
        "what was paid to an affiliate left its operator's book by both legs, and nothing else did",
        """
WITH moved AS (
  SELECT reference, operator_id, currency, sum(amount) FILTER (WHERE source = 'affiliate_payable') AS taken,
         sum(amount) FILTER (WHERE target = 'psp') AS sent
    FROM wallets_transfer WHERE kind = 'affiliate_payment' GROUP BY reference, operator_id, currency)
SELECT coalesce(p.id, m.reference) FROM operators_affiliatepayout p FULL JOIN moved m ON m.reference = p.id
 WHERE (p.operator_id, p.currency, p.amount, p.amount) IS DISTINCT FROM (m.operator_id, m.currency, m.taken, m.sent)
""",
    ),
    Check(
        10,
        "no affiliate was paid more than was accrued",
        """
SELECT a.id FROM operators_affiliate a
 WHERE (SELECT coalesce(sum(amount), 0) FROM operators_affiliatepayout p WHERE p.affiliate_id = a.id)
     > (SELECT coalesce(sum(amount), 0) FROM operators_affiliatestatement s WHERE s.affiliate_id = a.id)
""",
    ),
    Check(
        10,
        "what a book owes its affiliates is what was accrued less what was paid",
        """
WITH owed AS (
  SELECT operator_id, amount FROM operators_affiliatestatement
  UNION ALL SELECT operator_id, -amount FROM operators_affiliatepayout
  UNION ALL SELECT operator_id, -amount FROM wallets_transfer WHERE target = 'affiliate_payable'
  UNION ALL SELECT operator_id, amount FROM wallets_transfer WHERE source = 'affiliate_payable')
SELECT coalesce(operator_id::text, 'platform') FROM owed GROUP BY operator_id HAVING sum(amount) <> 0
""",
    ),
    Check(
        13,
        "an affiliate's statements and payouts are at its operator, in its currency",
        """
SELECT m.id FROM (SELECT id, affiliate_id, operator_id, currency FROM operators_affiliatestatement
                  UNION ALL SELECT id, affiliate_id, operator_id, currency FROM operators_affiliatepayout) m
  LEFT JOIN operators_affiliate a ON a.id = m.affiliate_id LEFT JOIN operators_operator o ON o.id = a.operator_id
 WHERE o.id IS NULL OR o.id <> m.operator_id OR o.currency <> m.currency
""",
    ),
]
