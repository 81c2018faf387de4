"""What must always hold of withdrawals, payouts and adjustments: each query answers the offenders' ids."""

from casino.audit import Check

# Which transfers a withdrawal of each status has, by kind in alphabetical order.
_CHAINS = """
CASE w.status WHEN 'pending' THEN ARRAY['withdrawal_hold']
              WHEN 'approved' THEN ARRAY['withdrawal_hold']
              WHEN 'processing' THEN ARRAY['withdrawal_hold', 'withdrawal_submission']
              WHEN 'completed' THEN ARRAY['withdrawal_hold', 'withdrawal_payout', 'withdrawal_submission']
              WHEN 'failed' THEN ARRAY['withdrawal_failure', 'withdrawal_hold', 'withdrawal_submission']
              ELSE ARRAY['withdrawal_hold', 'withdrawal_release'] END
"""
_KINDS = "'withdrawal_hold', 'withdrawal_submission', 'withdrawal_payout', 'withdrawal_release', 'withdrawal_failure'"

CHECKS = [
    Check(
        2,
        "what a wallet holds is its pending and approved withdrawals",
        """
SELECT w.id FROM wallets_wallet w
  LEFT JOIN wallets_withdrawal d ON d.wallet_id = w.id AND d.status IN ('pending', 'approved')
 GROUP BY w.id HAVING w.held <> coalesce(sum(d.amount), 0)
""",
    ),
    Check(
        6,
        "each withdrawal has exactly its status's chain of transfers, of its amount and in its book",
        f"""
WITH moved AS (
  SELECT t.reference, array_agg(t.kind::text ORDER BY t.kind) AS kinds, min(t.amount) AS least, max(t.amount) AS most,
         bool_and(t.currency = w.currency AND t.operator_id IS NOT DISTINCT FROM w.operator_id
                  AND (t.wallet_id IS NULL OR t.wallet_id = w.wallet_id)) AS is_its_own
    FROM wallets_transfer t JOIN wallets_withdrawal w ON w.id = t.reference
   WHERE t.kind IN ({_KINDS}) GROUP BY t.reference)
SELECT w.id FROM wallets_withdrawal w LEFT JOIN moved m ON m.reference = w.id
 WHERE (m.kinds, m.least, m.most, m.is_its_own) IS DISTINCT FROM ({_CHAINS}, w.amount, w.amount, true)
""",
    ),
    Check(
        6,
        "no transfer of a withdrawal lacks its withdrawal",
        f"""
SELECT t.id FROM wallets_transfer t
 WHERE t.kind IN ({_KINDS}) AND NOT EXISTS (SELECT FROM wallets_withdrawal w WHERE w.id = t.reference)
""",
    ),
    Check(
        6,
        "money on its way to players is that of the withdrawals in processing",
        """
WITH sent AS (
  SELECT operator_id, currency, sum((target = 'payouts')::int * amount - (source = 'payouts')::int * amount) AS amount
    FROM wallets_transfer
   WHERE kind IN ('withdrawal_submission', 'withdrawal_payout', 'withdrawal_failure') GROUP BY operator_id, currency),
due AS (
  SELECT operator_id, currency, sum(amount) AS amount FROM wallets_withdrawal WHERE status = 'processing'
   GROUP BY operator_id, currency)
SELECT coalesce(sent.operator_id, due.operator_id)::text || ' ' || coalesce(sent.currency, due.currency)
  FROM sent FULL JOIN due ON due.operator_id = sent.operator_id AND due.currency = sent.currency
 WHERE coalesce(sent.amount, 0) <> coalesce(due.amount, 0)
""",
    ),
    Check(
        6,
        "a withdrawal's timeline ends with its status",
        """
SELECT w.id FROM wallets_withdrawal w LEFT JOIN LATERAL (
  SELECT s.status FROM wallets_withdrawalstep s WHERE s.withdrawal_id = w.id ORDER BY s.id DESC LIMIT 1) last ON true
 WHERE last.status IS DISTINCT FROM w.status
""",
    ),
    Check(
        6,
        "the simulated provider pays only withdrawals that were sent to it, each its amount",
        """
SELECT p.id FROM wallets_simulatedpayout p LEFT JOIN wallets_withdrawal w ON w.reference = p.key
 WHERE p.key LIKE 'W-%'
   AND (w.id IS NULL OR w.status NOT IN ('processing', 'completed', 'failed')
        OR (p.amount, p.currency, p.operator_id) IS DISTINCT FROM (w.amount, w.currency, w.operator_id)
        OR (p.told_at IS NOT NULL AND w.status = 'processing'))
""",
    ),
    Check(
        6,
        "an approved adjustment was posted once, as it says, and no other was",
        """
WITH posted AS (
  SELECT reference, count(*) AS postings, min(wallet_id::text)::uuid AS wallet_id,
         sum(CASE WHEN target = 'real' THEN amount ELSE -amount END) AS amount
    FROM wallets_transfer WHERE kind = 'adjustment' GROUP BY reference)
SELECT coalesce(a.id, p.reference) FROM wallets_adjustment a FULL JOIN posted p ON p.reference = a.id
 WHERE CASE WHEN a.status = 'approved'
            THEN (p.postings, p.amount, p.wallet_id) IS DISTINCT FROM (1, a.amount, a.wallet_id)
            ELSE p.reference IS NOT NULL END
""",
    ),
    Check(
        12,
        "no withdrawal or adjustment is dated in the future",
        """
SELECT id FROM wallets_withdrawal
 WHERE greatest(created_at, decided_at, ended_at) > clock_timestamp() + interval '1 minute'
UNION ALL
SELECT withdrawal_id FROM wallets_withdrawalstep WHERE at > clock_timestamp() + interval '1 minute'
UNION ALL
SELECT id FROM wallets_adjustment WHERE greatest(created_at, decided_at) > clock_timestamp() + interval '1 minute'
""",
    ),
    Check(
        13,
        "a withdrawal or adjustment, its wallet, its player and its operator belong together",
        """
SELECT d.id FROM (
  SELECT id, wallet_id, player_id, operator_id, currency FROM wallets_withdrawal
  UNION ALL SELECT id, wallet_id, player_id, operator_id, currency FROM wallets_adjustment) d
  LEFT JOIN wallets_wallet w ON w.id = d.wallet_id
 WHERE w.id IS NULL OR w.player_id <> d.player_id OR w.operator_id <> d.operator_id OR w.currency <> d.currency
""",
    ),
    Check(
        13,
        "debt is repaid from a credit to its own wallet",
        """
SELECT t.id FROM wallets_transfer t WHERE t.kind = 'debt_repaid' AND NOT EXISTS (
  SELECT FROM wallets_transfer credit
   WHERE credit.reference = t.reference AND credit.wallet_id = t.wallet_id AND credit.target = 'real'
     AND credit.amount >= t.amount AND credit.wallet_version < t.wallet_version)
""",
    ),
    Check(
        13,
        "a settled payout event names a withdrawal that its account may settle",
        """
SELECT e.id FROM wallets_webhookevent e LEFT JOIN wallets_withdrawal w ON w.id = e.withdrawal_id
  LEFT JOIN wallets_provideraccount a ON a.id = e.account_id
 WHERE e.verdict = 'settled' AND e.type LIKE 'payout.%'
   AND (w.id IS NULL OR a.id IS NULL OR a.provider <> 'payouts' OR a.operator_id <> w.operator_id
        OR w.status <> CASE e.type WHEN 'payout.completed' THEN 'completed' ELSE 'failed' END)
""",
    ),
    Check(
        14,
        "a withdrawal that left was approved by a person, a large one by two, or is a seeded player's",
        """
SELECT w.id FROM wallets_withdrawal w JOIN users_user u ON u.id = w.player_id
 WHERE w.status IN ('approved', 'processing', 'completed', 'failed')
   AND CASE WHEN w.is_automatic THEN NOT u.is_seeded
            ELSE w.approver_id IS NULL
              OR (w.needs_two_people AND (w.first_approver_id IS NULL OR w.first_approver_id = w.approver_id)) END
""",
    ),
    Check(
        14,
        "maker and checker of an adjustment differ, and a large one has both",
        """
SELECT a.id FROM wallets_adjustment a
 WHERE a.checker_id = a.maker_id OR (a.needs_two_people AND a.status = 'approved' AND a.checker_id IS NULL)
""",
    ),
]
