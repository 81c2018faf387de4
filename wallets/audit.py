"""What must always hold of wallets, transfers, deposits and the inbox: each query answers the offenders' ids."""

from casino.audit import Check
from wallets.ledger import OPERATOR_ROUTES, PLATFORM_ROUTES

# Every declared route as (in an operator's book, kind, source, target).
_ROUTES = tuple(
    (in_operator_book, str(kind), str(source), str(target))
    for in_operator_book, routes in ((True, OPERATOR_ROUTES), (False, PLATFORM_ROUTES))
    for kind, pairs in routes.items()
    for source, target in sorted(pairs)
)

CHECKS = [
    Check(
        1,
        "a wallet's pockets are the sums of its transfers",
        """
SELECT w.id FROM wallets_wallet w LEFT JOIN LATERAL (
  SELECT coalesce(sum((t.target = 'real')::int * t.amount - (t.source = 'real')::int * t.amount), 0) AS real,
         coalesce(sum((t.target = 'bonus')::int * t.amount - (t.source = 'bonus')::int * t.amount), 0) AS bonus,
         coalesce(sum((t.target = 'held')::int * t.amount - (t.source = 'held')::int * t.amount), 0) AS held,
         coalesce(sum((t.source = 'debt')::int * t.amount - (t.target = 'debt')::int * t.amount), 0) AS debt
    FROM wallets_transfer t WHERE t.wallet_id = w.id) moved ON true
 WHERE (w.real, w.bonus, w.held, w.debt) IS DISTINCT FROM (moved.real, moved.bonus, moved.held, moved.debt)
""",
    ),
    Check(
        1,
        "a wallet is never negative and holds whole minor units",
        """
SELECT id FROM wallets_wallet WHERE least(real, bonus, held, debt) < 0
    OR real <> trunc(real, 2) OR bonus <> trunc(bonus, 2) OR held <> trunc(held, 2) OR debt <> trunc(debt, 2)
""",
    ),
    Check(
        5,
        "a wallet's transfers are numbered 1…n without a gap",
        """
SELECT w.id FROM wallets_wallet w LEFT JOIN wallets_transfer t ON t.wallet_id = w.id GROUP BY w.id
HAVING w.version <> count(DISTINCT t.wallet_version) OR w.version <> count(t.id)
    OR w.version <> coalesce(max(t.wallet_version), 0) OR coalesce(min(t.wallet_version), 1) <> 1
""",
    ),
    Check(
        6,
        "every completed deposit has one posting of its amount, and no other deposit has one",
        """
WITH posted AS (
  SELECT reference, count(*) AS postings, min(amount) AS amount, min(currency) AS currency,
         min(wallet_id::text)::uuid AS wallet_id
    FROM wallets_transfer WHERE kind IN ('deposit', 'suspense_matched') GROUP BY reference)
SELECT d.id FROM wallets_deposit d LEFT JOIN posted p ON p.reference = d.id
 WHERE CASE WHEN d.status = 'completed'
            THEN (p.postings, p.amount, p.currency, p.wallet_id)
                 IS DISTINCT FROM (1, d.amount, d.currency, d.wallet_id)
            ELSE p.postings IS NOT NULL END
""",
    ),
    Check(
        6,
        "a credited deposit that was taken back lost exactly its amount, and no other deposit lost any",
        """
WITH taken AS (
  SELECT reference, sum(amount) AS amount FROM wallets_transfer WHERE kind = 'refund' GROUP BY reference)
SELECT d.id FROM wallets_deposit d LEFT JOIN taken ON taken.reference = d.id
 WHERE coalesce(taken.amount, 0)
    <> CASE WHEN d.status = 'completed' AND d.refunded_at IS NOT NULL THEN d.amount ELSE 0 END
""",
    ),
    Check(
        6,
        "an authentic event explains every deposit that was completed, failed or put in review",
        """
SELECT d.id FROM wallets_deposit d
 WHERE (d.status IN ('completed', 'failed', 'review') OR d.refunded_at IS NOT NULL) AND NOT EXISTS (
   SELECT FROM wallets_webhookevent e WHERE e.deposit_id = d.id
      AND e.verdict = ANY(CASE d.status WHEN 'review' THEN ARRAY['suspense', 'review', 'invalid']
                                        ELSE ARRAY['settled', 'suspense'] END))
   AND NOT (d.status = 'failed' AND EXISTS (
     SELECT FROM operators_significantevent s
      WHERE s.kind = 'deposit.returned' AND s.after->>'deposit' = d.id::text))
""",
    ),
    Check(
        6,
        "money in suspense is explained by the event it came with, to the unit and in its book",
        """
WITH arrived AS (SELECT * FROM wallets_transfer WHERE kind = 'deposit_mismatch'),
     explained AS (
  SELECT e.id, e.amount, e.currency, coalesce(d.operator_id, a.operator_id) AS book
    FROM wallets_webhookevent e JOIN wallets_provideraccount a ON a.id = e.account_id
    LEFT JOIN wallets_deposit d ON d.id = e.deposit_id
   WHERE e.verdict = 'suspense' OR e.id IN (SELECT reference FROM arrived))
SELECT coalesce(t.id, e.id) FROM arrived t FULL JOIN explained e ON e.id = t.reference
 WHERE t.id IS NULL OR e.id IS NULL OR (t.amount, t.currency) IS DISTINCT FROM (e.amount, e.currency)
    OR t.operator_id IS DISTINCT FROM e.book
""",
    ),
    Check(
        6,
        "an event's money leaves suspense once and whole: returned, or matched to the event's deposit",
        """
WITH returned AS (SELECT * FROM wallets_transfer WHERE kind = 'suspense_returned')
SELECT coalesce(t.id, r.id)
  FROM (SELECT * FROM wallets_transfer WHERE kind = 'deposit_mismatch') t
  FULL JOIN returned r ON r.reference = t.reference LEFT JOIN wallets_webhookevent e ON e.id = t.reference
 WHERE CASE WHEN t.id IS NULL OR e.id IS NULL THEN true
            WHEN e.verdict = 'suspense' THEN r.id IS NOT NULL
            WHEN e.verdict <> 'settled' THEN true
            WHEN r.id IS NULL THEN NOT EXISTS (
              SELECT FROM wallets_transfer m WHERE m.kind = 'suspense_matched' AND m.reference = e.deposit_id)
            ELSE (r.amount, r.currency, r.operator_id) IS DISTINCT FROM (t.amount, t.currency, t.operator_id) END
""",
    ),
    Check(
        6,
        "a deposit that was matched got all that its events brought into suspense and nobody returned",
        """
SELECT m.id FROM wallets_transfer m LEFT JOIN LATERAL (
  SELECT sum(t.amount) AS amount, min(t.currency) AS least, max(t.currency) AS most
    FROM wallets_webhookevent e JOIN wallets_transfer t ON t.reference = e.id AND t.kind = 'deposit_mismatch'
   WHERE e.deposit_id = m.reference AND e.verdict = 'settled' AND NOT EXISTS (
     SELECT FROM wallets_transfer r WHERE r.reference = e.id AND r.kind = 'suspense_returned')) brought ON true
 WHERE m.kind = 'suspense_matched'
   AND (m.amount, m.currency, m.currency) IS DISTINCT FROM (brought.amount, brought.least, brought.most)
""",
    ),
    Check(
        6,
        "somebody decided, for a reason, about all that left suspense",
        """
SELECT t.id FROM wallets_transfer t
 WHERE t.kind IN ('suspense_matched', 'suspense_returned') AND NOT EXISTS (
   SELECT FROM operators_significantevent s
    WHERE s.kind IN ('deposit.matched', 'deposit.returned', 'webhook.returned')
      AND s.actor_id IS NOT NULL AND s.reason <> ''
      AND (s.after->>'deposit' = t.reference::text OR s.after->'webhook_events' @> to_jsonb(t.reference::text)))
""",
    ),
    Check(
        6,
        "no book has given back more out of suspense than came in",
        """
SELECT coalesce(operator_id::text, 'platform') || ' ' || currency FROM wallets_transfer
 WHERE 'suspense' IN (source, target) GROUP BY operator_id, currency
HAVING sum((target = 'suspense')::int * amount - (source = 'suspense')::int * amount) < 0
""",
    ),
    Check(
        10,
        "what an operator's book has between the books mirrors what the platform's has of it",
        """
SELECT coalesce(coalesce(operator_id, counterparty_id)::text, 'nobody') || ' ' || currency FROM wallets_transfer
 WHERE 'intercompany' IN (source, target) GROUP BY coalesce(operator_id, counterparty_id), currency
HAVING sum((target = 'intercompany')::int * amount - (source = 'intercompany')::int * amount) <> 0
""",
    ),
    Check(
        10,
        "VIP shares leave nothing behind in clearing",
        """
SELECT reference FROM wallets_transfer WHERE 'vip_clearing' IN (source, target) GROUP BY reference
HAVING sum((target = 'vip_clearing')::int * amount - (source = 'vip_clearing')::int * amount) <> 0
""",
    ),
    Check(
        12,
        "no transfer touches a wallet of another book or currency, or a pocket without its wallet",
        """
SELECT t.id FROM wallets_transfer t LEFT JOIN wallets_wallet w ON w.id = t.wallet_id
 WHERE (t.wallet_id IS NOT NULL) <> (t.source IN ('real', 'bonus', 'held', 'debt')
                                     OR t.target IN ('real', 'bonus', 'held', 'debt'))
    OR (t.wallet_id IS NOT NULL AND (w.id IS NULL OR t.operator_id IS DISTINCT FROM w.operator_id
                                     OR t.currency <> w.currency))
""",
    ),
    Check(
        12,
        "only the declared routes exist",
        """
SELECT id FROM wallets_transfer WHERE (operator_id IS NOT NULL, kind::text, source::text, target::text) NOT IN (
  SELECT * FROM unnest(%s::boolean[], %s::text[], %s::text[], %s::text[]))
""",
        tuple([list(column) for column in zip(*_ROUTES, strict=True)]),
    ),
    Check(
        12,
        "no transfer, deposit or event is dated in the future",
        """
SELECT id FROM wallets_transfer WHERE created_at > clock_timestamp() + interval '1 minute'
UNION ALL
SELECT id FROM wallets_deposit
 WHERE greatest(created_at, completed_at, refunded_at) > clock_timestamp() + interval '1 minute'
UNION ALL
SELECT id FROM wallets_webhookevent
 WHERE greatest(received_at, settled_at) > clock_timestamp() + interval '1 minute'
""",
    ),
    Check(
        13,
        "the books and counterparties of transfers are operators",
        """
SELECT t.id FROM wallets_transfer t
 WHERE (t.operator_id IS NOT NULL AND NOT EXISTS (SELECT FROM operators_operator o WHERE o.id = t.operator_id))
    OR (t.counterparty_id IS NOT NULL AND NOT EXISTS (SELECT FROM operators_operator o WHERE o.id = t.counterparty_id))
""",
    ),
    Check(
        13,
        "what moved because of a deposit names the deposit, in its wallet",
        """
SELECT t.id FROM wallets_transfer t LEFT JOIN wallets_deposit d ON d.id = t.reference
 WHERE t.kind IN ('deposit', 'suspense_matched', 'refund') AND d.wallet_id IS DISTINCT FROM t.wallet_id
""",
    ),
    Check(
        13,
        "a deposit, its wallet, its player and its operator belong together",
        """
SELECT d.id FROM wallets_deposit d
  LEFT JOIN wallets_wallet w ON w.id = d.wallet_id LEFT JOIN operators_operator o ON o.id = w.operator_id
 WHERE w.id IS NULL OR o.id IS NULL OR w.player_id <> d.player_id OR w.operator_id <> d.operator_id
    OR w.currency <> d.currency OR o.currency <> w.currency
""",
    ),
    Check(
        13,
        "a settled event names a deposit that its account may settle",
        """
SELECT e.id FROM wallets_webhookevent e LEFT JOIN wallets_deposit d ON d.id = e.deposit_id
  LEFT JOIN wallets_provideraccount a ON a.id = e.account_id
 WHERE e.verdict = 'settled'
   AND e.type NOT LIKE 'payout.%'
   AND (a.id IS NULL OR a.operator_id <> d.operator_id
        -- Staff have decided about money that came another way.
        OR ((d.id IS NULL OR a.provider <> d.method) AND NOT EXISTS (
          SELECT FROM wallets_transfer t WHERE t.reference = e.id AND t.kind = 'deposit_mismatch')))
""",
    ),
]
