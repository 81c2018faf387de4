"""The sums of the books: what moved in each between two moments, and what play brought there.

Play comes from the rollups; everything else from the transfers, which an index keeps apart from those of play. Nothing
is kept: every sum is over rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from django.db import connections

from casino.money import ZERO
from operators.figures import Tally
from operators.models import Operator
from operators.periods import LAST, Period
from operators.snapshots import reading_from
from operators.tallies import Selection, tallies
from wallets.models import PLAY_KINDS, Account

# An operator's book, or the platform's.
Book = UUID | None
# Kind, source, target, number, sum.
Moved = tuple[str, str, str, int, Decimal]
_KINDS = ", ".join(f"'{kind}'" for kind in PLAY_KINDS)
# Whose play a transfer belongs to: its wallet's player, or the one whose withdrawal or VIP cost caused it.
_PLAYERS = """
  LEFT JOIN wallets_wallet w ON w.id = t.wallet_id
  LEFT JOIN wallets_withdrawal o ON t.kind = 'withdrawal_payout' AND o.id = t.reference
  LEFT JOIN vip_vipcost c ON t.kind IN ('vip_cost', 'vip_share') AND c.bonus_id = t.reference
  LEFT JOIN users_user u ON u.id = coalesce(w.player_id, o.player_id, c.player_id)
"""
# Rows out: book, currency, kind, source, target, whether after the interval, whether seeded, number, sum.
_MOVED = f"""
SELECT t.operator_id, t.currency, t.kind, t.source, t.target, t.created_at >= %(end)s AS is_later,
       {{seeded}} AS is_seeded, count(*), sum(t.amount)
  FROM wallets_transfer t {{players}}
 WHERE t.kind NOT IN ({_KINDS}) AND t.created_at >= %(start)s {{only}}
 GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


@dataclass
class Sums:
    """What a book's transfers (other than those of play) and its play add up to, in one stretch of time.

    ``moved`` is (number, sum) by (kind, source, target); ``play`` by kind of money.
    """

    moved: dict[tuple[str, str, str], tuple[int, Decimal]] = field(default_factory=dict)
    play: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def add_moved(self, kind: str, source: str, target: str, number: int, amount: Decimal) -> None:
        before, sum_before = self.moved.get((kind, source, target), (0, ZERO))
        self.moved[kind, source, target] = (before + number, sum_before + amount)

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


def read_books(period: Period, operator: Operator | None) -> tuple[Books, Books]:
    """The sums by book and currency, of one operator's book or of all: of the play asked for, and of all play.

    The two are the same where all play was asked for. Three statements and the operators' list.
    """
    asked: Books = defaultdict(lambda: (Sums(), Sums()))
    whole = asked if period.is_seeded is None else defaultdict(lambda: (Sums(), Sums()))
    for book, currency, is_later, is_seeded, change in _moved(period, operator):
        for books in (asked, whole) if is_seeded == period.is_seeded and asked is not whole else (whole,):
            books[book, currency][is_later].add_moved(*change)
    for book, currency, is_later, is_seeded, money, found in _played(period, operator):
        for books in (asked, whole) if is_seeded == period.is_seeded and asked is not whole else (whole,):
            books[book, currency][is_later].play[money] += found
    return asked, whole


def _moved(period: Period, operator: Operator | None) -> Iterator[tuple[Book, str, bool, bool | None, Moved]]:
    """What was moved apart from play: book, currency, whether after the interval, whether seeded (None: not asked)."""
    is_split = period.is_seeded is not None
    statement = _MOVED.format(
        players=_PLAYERS if is_split else "",
        seeded="coalesce(u.is_seeded, false)" if is_split else "NULL::boolean",
        only="AND t.operator_id = %(operator)s" if operator else "",
    )
    parameters = {"start": period.start, "end": period.end, "operator": operator.pk if operator else None}
    with connections[reading_from()].cursor() as cursor:
        cursor.execute(statement, parameters)
        for book, currency, kind, source, target, is_later, is_seeded, number, amount in cursor.fetchall():
            yield book, currency, is_later, is_seeded, (kind, source, target, number, amount)


def _played(period: Period, operator: Operator | None) -> Iterator[tuple[Book, str, bool, bool | None, str, Tally]]:
    """What play adds up to: as ``_moved``, by kind of money."""
    currencies = dict(Operator.objects.values_list("pk", "currency"))
    everything = replace(period, is_seeded=None)
    by = ["operator_id", "money", *(["is_seeded"] if period.is_seeded is not None else [])]
    for is_later, stretch in enumerate((everything, replace(everything, start=period.end, end=LAST))):
        selection = Selection(stretch, operator.pk if operator else None)
        for (book, money, *is_seeded), found in tallies(selection, by).items():
            yield book, currencies[book], bool(is_later), is_seeded[0] if is_seeded else None, money, found
