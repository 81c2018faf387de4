"""Sealing the ledger: a chain of hashes over the rows of transfers and bets, and the checks that recompute it.

Every row carries the number of the transaction that wrote it (a column's default, which no statement names). A
transaction below the oldest one still running has ended, so its rows are all there and stay as they are: seals cover
one interval of such transactions after the other, and no row can slip in behind them, whatever its id or date.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from casino.audit import Check
from operators.seal_models import Seal

SEAL_ROWS = 100_000
GENESIS = "0" * 64
# The columns that a seal covers, for ever in this order: another one must not change the digest of what is sealed.
TRANSFER_COLUMNS = (
    "id", "operator_id", "kind", "source", "target", "currency", "wallet_id", "wallet_version", "pool_id",
    "counterparty_id", "amount", "reference", "created_at",
)  # fmt: skip
BET_COLUMNS = (
    "id", "created_at", "operator_id", "player_id", "wallet_id", "wallet_version", "game_id", "game_version_id",
    "bet_type", "currency", "wager", "win", "multiplier", "unrounded_win", "expected_win", "variance", "real_before",
    "real_after", "bonus_before", "bonus_after", "jackpot_contribution", "jackpot_win", "jackpots", "points", "vip",
    "wagering", "ggr", "affiliate_id", "affiliate_rate", "rng_provider", "rng_evidence", "free_spins_id",
    "seed_pair_id", "nonce", "selections", "outcome", "idempotency_key", "request_digest",
)  # fmt: skip
# What a hash covers beside the one before it, as texts of one line each.
_HASHED = (
    "number", "sealed_at", "from_transaction", "until_transaction", "transfers", "first_transfer", "last_transfer",
    "transfers_digest", "bets", "first_bet", "last_bet", "bets_digest", "previous_hash",
)  # fmt: skip


class BehindTheSealsError(Exception):
    """The database counts transactions from below the last seal: it was restored into another cluster."""


@dataclass(frozen=True)
class _Part:
    """What one table brings to a seal."""

    rows: int
    first: UUID | None
    last: UUID | None
    digest: str


def seal(now: datetime) -> int:
    """Seal what was written since the last seal and can change no more; answers how many rows. May run twice at once.

    Raises BehindTheSealsError where transaction numbers began anew.
    """
    sealed = 0
    while rows := _seal_next(now):
        sealed += rows
    if sealed:
        with connection.cursor() as cursor:
            # So that the next seal, and the next look at one, find their rows without reading the tables.
            cursor.execute(
                "SELECT brin_summarize_new_values(name) FROM unnest(ARRAY["
                "'transfer_by_transaction', 'bet_by_transaction']::regclass[]) AS name"
            )
    return sealed


def head() -> Seal | None:
    """The newest seal; its text is worth keeping where nobody who can write to the database gets at it."""
    newest: Seal | None = Seal.objects.first()
    return newest


def ended_before() -> int:
    """The number of a transaction below which every one has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def kept_head(text: str) -> Check:
    """The check that a head kept elsewhere (``number:hash``) is still in the chain; raises ValueError for no head."""
    number, _, digest = text.partition(":")
    if len(digest) != 64:
        raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
    return Check(
        15,
        "the chain of seals contains the head that was kept elsewhere",
        "SELECT 'seal ' || n FROM (SELECT %s::bigint AS n, %s::text AS h) kept"
        " WHERE NOT EXISTS (SELECT FROM operators_seal WHERE number = n AND hash = h)",
        (int(number), digest),
    )


def _seal_next(now: datetime) -> int:
    """Write the next seal, if there is anything to seal; answers how many rows it covers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE operators_seal IN SHARE ROW EXCLUSIVE MODE")
        last = head()
        start, end = last.until_transaction if last else 0, ended_before()
        if start > end:
            raise BehindTheSealsError(f"Transaction {end} is running, and {start} is sealed; raise the counter above.")
        if (until := _reach(start, end)) is None:
            return 0
        transfers = _part("wallets_transfer", TRANSFER_COLUMNS, start, until)
        bets = _part("betting_bet", BET_COLUMNS, start, until)
        written = Seal(
            number=last.number + 1 if last else 1,
            sealed_at=now,
            from_transaction=start,
            until_transaction=until,
            transfers=transfers.rows,
            first_transfer=transfers.first,
            last_transfer=transfers.last,
            transfers_digest=transfers.digest,
            bets=bets.rows,
            first_bet=bets.first,
            last_bet=bets.last,
            bets_digest=bets.digest,
            previous_hash=last.hash if last else GENESIS,
        )
        written.hash = _hash(written)
        written.save(force_insert=True)
    return transfers.rows + bets.rows


def _reach(start: int, end: int) -> int | None:
    """Up to which transaction (excluded) the next seal goes: all that has ended, or whole transactions of about
    ``SEAL_ROWS`` rows; None where no row waits."""
    waiting = " UNION ALL ".join(
        f"SELECT transaction_number FROM {table} WHERE transaction_number >= %(start)s AND transaction_number < %(end)s"
        for table in ("wallets_transfer", "betting_bet")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH waiting AS MATERIALIZED ({waiting}) SELECT (SELECT min(transaction_number) FROM waiting),"
            " (SELECT transaction_number FROM waiting ORDER BY 1 OFFSET %(most)s LIMIT 1)",
            {"start": start, "end": end, "most": SEAL_ROWS},
        )
        first, beyond = cursor.fetchone()
    if first is None:
        return None
    return end if beyond is None else max(int(beyond), int(first) + 1)


def _part(table: str, columns: tuple[str, ...], start: int, until: int) -> _Part:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_digest(columns)} FROM {table} AS t"
            " WHERE t.transaction_number >= %s AND t.transaction_number < %s",
            [start, until],
        )
        return _Part(*cursor.fetchone())


def _hash(written: Seal) -> str:
    """SHA-256 of the seal's facts, each on a line: moments in microseconds since 1970, what is missing as nothing."""

    def text(value: Any) -> str:
        if isinstance(value, datetime):
            since = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            return str((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds)
        return "" if value is None else str(value)

    return hashlib.sha256("\n".join(text(getattr(written, name)) for name in _HASHED).encode()).hexdigest()


def _digest(columns: tuple[str, ...]) -> str:
    """Number of rows, first and last id, and the digest: SHA-256 over the SHA-256 of every row's text, by id."""
    row = f"sha256(convert_to(ROW({', '.join(map(_stable, columns))})::text, 'UTF8'))"
    digest = f"encode(sha256(coalesce(string_agg({row}, ''::bytea ORDER BY t.id), ''::bytea)), 'hex')"
    return f"count(*) AS rows, min(t.id::text)::uuid AS first, max(t.id::text)::uuid AS last, {digest} AS digest"


def _stable(column: str) -> str:
    """A column as no session's settings change its text."""
    return f"(extract(epoch FROM t.{column}) * 1000000)::bigint" if column.endswith("_at") else f"t.{column}"


def _check_rows(name: str, table: str, columns: tuple[str, ...]) -> Check:
    """Offenders: seals whose rows of a table are not what they were, with the first and last id that they cover."""
    one = name.removesuffix("s")
    return Check(
        15,
        f"the {name} under a seal are those that were sealed, to the last digit",
        f"""
WITH found AS (
  SELECT s.number, {_digest(columns)} FROM {table} t CROSS JOIN LATERAL (
    SELECT number FROM operators_seal WHERE from_transaction <= t.transaction_number
     ORDER BY from_transaction DESC LIMIT 1) s
   WHERE t.transaction_number < (SELECT max(until_transaction) FROM operators_seal) GROUP BY s.number)
SELECT 'seal ' || s.number || ' (' || coalesce(s.first_{one}::text, 'none') || ' … '
       || coalesce(s.last_{one}::text, 'none') || ')'
  FROM operators_seal s LEFT JOIN found f USING (number)
 WHERE (s.{name}, s.first_{one}, s.last_{one}, s.{name}_digest) IS DISTINCT FROM
       (coalesce(f.rows, 0), f.first, f.last, coalesce(f.digest, encode(sha256(''::bytea), 'hex')))
""",
    )


_LINES = ", ".join(
    f"coalesce({f'(extract(epoch FROM {name}) * 1000000)::bigint' if name == 'sealed_at' else name}::text, '')"
    for name in _HASHED
)
CHECKS = [
    _check_rows("transfers", "wallets_transfer", TRANSFER_COLUMNS),
    _check_rows("bets", "betting_bet", BET_COLUMNS),
    Check(
        15,
        "every seal's hash is that of its facts and of the seal before it",
        f"""
SELECT 'seal ' || number FROM (
  SELECT *, lag(hash, 1, repeat('0', 64)) OVER (ORDER BY number) AS before FROM operators_seal) s
 WHERE previous_hash <> before OR hash <> encode(sha256(convert_to(concat_ws(E'\\n', {_LINES}), 'UTF8')), 'hex')
""",
    ),
    Check(
        15,
        "seals are numbered 1…n, and each begins where the one before it ends",
        """
SELECT 'seal ' || number FROM (
  SELECT number, from_transaction, row_number() OVER w AS counted, lag(until_transaction, 1, 0::bigint) OVER w AS ended
    FROM operators_seal WINDOW w AS (ORDER BY number)) s
 WHERE number <> counted OR from_transaction <> ended
""",
    ),
    Check(
        15,
        "transactions are numbered beyond the seals",
        "SELECT 'seal ' || number FROM operators_seal WHERE until_transaction > pg_current_xact_id()::text::bigint + 1",
    ),
]
