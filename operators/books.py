"""The sums of the books: what moved in each between two moments, and what play brought there.

Play comes from the rollups; everything else from the transfers, which an index keeps apart from those of play. Nothing
is kept: every sum is over rows.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from django.db import connection

from casino.money import ZERO
from operators.figures import Tally
from operators.models import Operator
from operators.periods import LAST, Period
from operators.tallies import Selection, tallies
from wallets.models import PLAY_KINDS, Account

# An operator's book, or the platform's.
Book = UUID | None
_KINDS = ", ".join(f"'{kind}'" for kind in PLAY_KINDS)
# Whose play a transfer belongs to: its wallet's player, or the one whose withdrawal or VIP cost caused it.
_PLAYERS = """
  LEFT JOIN wallets_wallet w ON w.id = t.wallet_id
  LEFT JOIN wallets_withdrawal o ON t.kind = 'withdrawal_payout' AND o.id = t.reference
  LEFT JOIN vip_vipcost c ON t.kind IN ('vip_cost', 'vip_share') AND c.bonus_id = t.reference
  LEFT JOIN users_user u ON u.id = coalesce(w.player_id, o.player_id, c.player_id)
"""
# Rows out: book, currency, kind, source, target, whether after the interval, number, sum.
_MOVED = f"""
SELECT t.operator_id, t.currency, t.kind, t.source, t.target, t.created_at >= %(end)s AS is_later, count(*),
       sum(t.amount)
  FROM wallets_transfer t {{players}}
 WHERE t.kind NOT IN ({_KINDS}) AND t.created_at >= %(start)s {{only}}
 GROUP BY 1, 2, 3, 4, 5, 6
"""


@dataclass
class Sums:
    """What a book's transfers (other than those of play) and its play add up to, in one stretch of time.

    ``moved`` is (number, sum) by (kind, source, target); ``play`` by kind of money.
    """

    moved: dict[tuple[str, str, str], tuple[int, Decimal]] = field(default_factory=dict)
    play: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def total(self, kinds: Iterable[str], source: str | None = None, target: str | None = None) -> Decimal:
        return sum((amount for _, amount in self._rows(kinds, source, target)), ZERO)

    def count(self, kinds: Iterable[str], source: str | None = None, target: str | None = None) -> int:
        return sum(number for number, _ in self._rows(kinds, source, target))

    def through(self, account: str) -> tuple[Decimal, Decimal]:
        """What came into a pocket and what went out of it, play included."""
        into = sum((amount for (_, _, target), (_, amount) in self.moved.items() if target == account), ZERO)
        out = sum((amount for (_, source, _), (_, amount) in self.moved.items() if source == account), ZERO)
        if account in (Account.REAL, Account.BONUS):
            into, out = into + self.play[account].wins, out + self.play[account].wagers
        if account == Account.BONUS:
            into += self.play["free_spin"].free_spin_wins
        return into, out

    @property
    def contributions(self) -> Decimal:
        return sum((tally.contributions for tally in self.play.values()), ZERO)

    def _rows(self, kinds: Iterable[str], source: str | None, target: str | None) -> list[tuple[int, Decimal]]:
        return [
            found
            for (kind, from_account, to_account), found in self.moved.items()
            if kind in kinds and source in (None, from_account) and target in (None, to_account)
        ]


# By book and currency: the sums in the interval, and those after it.
Books = dict[tuple[Book, str], tuple[Sums, Sums]]


def read_books(period: Period, operator: Operator | None) -> Books:
    """The sums by book and currency, of one operator's book or of all. Three statements and the operators' list."""
    books: Books = defaultdict(lambda: (Sums(), Sums()))
    only = "AND t.operator_id = %(operator)s" if operator else ""
    if period.is_seeded is not None:
        only += " AND coalesce(u.is_seeded, false) = %(seeded)s"
    parameters = {"start": period.start, "end": period.end, "seeded": period.is_seeded}
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVED.format(players=_PLAYERS if period.is_seeded is not None else "", only=only),
            parameters | {"operator": operator.pk if operator else None},
        )
        for book, currency, kind, source, target, is_later, number, amount in cursor.fetchall():
            books[book, currency][is_later].moved[kind, source, target] = (number, amount)
    currencies = dict(Operator.objects.values_list("pk", "currency"))
    later = replace(period, start=period.end, end=LAST)
    for is_later, stretch in enumerate((period, later)):
        selection = Selection(stretch, operator.pk if operator else None)
        for (book, money), found in tallies(selection, ["operator_id", "money"]).items():
            books[book, currencies[book]][is_later].play[money] = found
    return books
