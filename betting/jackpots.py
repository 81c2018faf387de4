"""Jackpots: contributions appended by bets, folded about once a second, paid under the pool's lock.

Nothing is lost: opening + contributions + seeds − paid = value + pending, to a millionth.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from betting.models import Bet, JackpotPending, JackpotPool
from casino import sets
from casino.games.jackpots import JackpotGroup, JackpotKind, JackpotLevel
from casino.games.models import Game
from casino.games.playable import ids_and_slugs
from casino.games.rng import WORD_SPAN, Words
from casino.ids import uuid7
from casino.kept import Kept
from casino.money import MICRO, ZERO, round_down
from wallets import ledger
from wallets.ledger import Journal
from wallets.models import Account, TransferKind, Wallet

_GROUPS = sets.Read(JackpotGroup, "WHERE id = ANY(%s::uuid[])")
_LEVELS = sets.Read(JackpotLevel, "WHERE group_id = ANY(%s::uuid[]) ORDER BY position, id")
_POOLS = sets.Read(
    JackpotPool,
    f"WHERE level_id IN (SELECT level.id FROM {JackpotLevel._meta.db_table} level JOIN {Game._meta.db_table} game"
    " ON game.jackpot_group_id = level.group_id WHERE game.id = ANY(%s::uuid[]) OR game.slug = ANY(%s::text[]))",
    out=("won_at",),
)
# Of a row ``pool``: what it holds, and what was contributed and is not folded yet.
VALUE_NOW = (
    f"pool.value + coalesce((SELECT sum(amount) FROM {JackpotPending._meta.db_table} WHERE pool_id = pool.id), 0)"
)
TERMS = ("kind", "rate", "seed", "odds", "ceiling")


@dataclass
class Jackpots:
    """The pools that a batch of bets may feed and win; ``pending`` is what the batch has contributed so far."""

    journal: Journal
    pools: dict[UUID, list[JackpotPool]]
    pending: defaultdict[tuple[UUID, UUID], Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    locked: set[UUID] = field(default_factory=set)
    hits: list[tuple[Bet, JackpotPool, Decimal]] = field(default_factory=list)

    def play(self, bet: Bet, wallet: Wallet, words_of: Callable[[str], Words]) -> None:
        """Contribute the bet's part to each level, draw each level, pay what was hit; the bet's row tells all of it.

        ``words_of`` gives the words of a named stream; each level is drawn from the first word of its own.
        """
        for pool in self.pools_of(bet):
            if pool.level.group.currency != wallet.currency:
                return
            contribution = bet.wager * pool.rate
            chance = chance_of(pool, bet.wager, contribution)
            fact: dict[str, Any] = {
                "level": pool.level.name,
                "pool_id": str(pool.pk),
                "contribution": f"{contribution:.6f}",
                "pool": f"{pool.value:.6f}",
                "probability": f"{chance.numerator}/{chance.denominator}",
                "hit": next(words_of(f"jackpot:{pool.level.name}")) < chance * WORD_SPAN // 1,
                "amount": None,
            }
            if contribution:
                self.pending[pool.pk, wallet.operator_id] += contribution
                bet.jackpot_contribution += contribution
            bet.jackpots.append(fact)
        if bet.jackpot_contribution:
            self.journal.move(
                TransferKind.JACKPOT_CONTRIBUTION,
                Account.JACKPOT_COST,
                Account.JACKPOT_CLEARING,
                bet.jackpot_contribution,
                reference=bet.pk,
                operator_id=wallet.operator_id,
                currency=wallet.currency,
            )
        self._pay_hits(bet, wallet)

    def pools_of(self, bet: Bet) -> list[JackpotPool]:
        """The pools of the bet's game."""
        group_id = bet.game.jackpot_group_id
        return self.pools.get(group_id, []) if group_id else []

    def write(self) -> None:
        """Append what the batch contributed and was not folded by a hit: one statement."""
        rows = (
            JackpotPending(pool_id=pool_id, operator_id=operator_id, amount=amount)
            for (pool_id, operator_id), amount in self.pending.items()
            if amount
        )
        sets.insert(JackpotPending, rows)

    def _pay_hits(self, bet: Bet, wallet: Wallet) -> None:
        """Pay every level that this bet hit: fold what is pending, pay, reseed."""
        for pool, fact in zip(self.pools_of(bet), bet.jackpots, strict=False):
            if not fact["hit"]:
                continue
            self._lock(pool.level.group_id)
            self._fold(pool)
            amount = round_down(pool.value if pool.ceiling is None else min(pool.value, pool.ceiling))
            if not amount:
                continue
            fact["amount"] = f"{amount:.2f}"
            _pay(self.journal, pool, bet, wallet, amount)
            bet.jackpot_win += amount
            self.hits.append((bet, pool, amount))

    def _lock(self, group_id: UUID) -> None:
        """Lock the group's pools in id order, once a batch, and read them afresh."""
        if group_id in self.locked:
            return
        self.locked.add(group_id)
        fresh = JackpotPool.objects.select_for_update(no_key=True, of=("self",)).filter(level__group=group_id)
        now = {pool.pk: pool for pool in fresh.order_by("pk")}
        for pool in self.pools[group_id]:
            pool.value = now[pool.pk].value
            for name in TERMS:
                setattr(pool, name, getattr(now[pool.pk], name))

    def _fold(self, pool: JackpotPool) -> None:
        """Fold the pool's stored contributions and this batch's own."""
        mine = {operator_id: amount for (pool_id, operator_id), amount in self.pending.items() if pool_id == pool.pk}
        for operator_id in mine:
            self.pending[pool.pk, operator_id] = ZERO
        fold_into(self.journal, pool, mine)


def chance_of(pool: JackpotPool, wager: Decimal, contribution: Decimal) -> Fraction:
    """The exact chance that a wager hits the pool: wager × odds for a progressive, contribution ÷ (ceiling − folded
    pool) for a must-drop, and 1 from its ceiling on."""
    if pool.kind == JackpotKind.PROGRESSIVE:
        return min(Fraction(1), Fraction(wager) * Fraction(pool.odds))
    room = Fraction(pool.ceiling or ZERO) - Fraction(pool.value)
    return Fraction(1) if room <= 0 else min(Fraction(1), Fraction(contribution) / room)


def ask_pools(games: Collection[str]) -> Callable[[Mapping[UUID, list[JackpotLevel]]], dict[UUID, list[JackpotPool]]]:
    """The pools that games (ids or slugs) feed, unlocked, in a pipeline: by group, in the order of the ``LEVELS`` that
    the answer is given."""
    pools = _POOLS.ask(*ids_and_slugs(games))

    def answer(levels: Mapping[UUID, list[JackpotLevel]]) -> dict[UUID, list[JackpotPool]]:
        pool_of = {pool.level_id: pool for pool in pools()}
        found: dict[UUID, list[JackpotPool]] = {}
        for group_id, group in levels.items():
            for level in group:
                if (pool := pool_of.get(level.pk)) is not None:
                    pool.level = level
                    found.setdefault(group_id, []).append(pool)
        return found

    return answer


def _read_levels(group_ids: Collection[UUID]) -> dict[UUID, list[JackpotLevel]]:
    ids = sets.array(group_ids)
    groups = {group.pk: group for group in _GROUPS.ask(ids)()}
    found: dict[UUID, list[JackpotLevel]] = {group_id: [] for group_id in groups}
    for level in _LEVELS.ask(ids)():
        level.group = groups[level.group_id]
        found[level.group_id].append(level)
    return found


# The levels of jackpot groups, in order, each with its group.
LEVELS: Kept[UUID, list[JackpotLevel]] = Kept(_read_levels)


def open_pools(group: JackpotGroup) -> None:
    """Open the pool of every level of the group that has none yet, with its seed."""
    with transaction.atomic():
        journal = Journal({}, ledger.database_clock())
        for level in JackpotLevel.objects.filter(group=group, pool=None).select_related("group"):
            pool = JackpotPool(level=level, **{name: getattr(level, name) for name in TERMS})
            _seed(journal, pool, pool.pk)
            pool.save(force_insert=True)
        journal.post()


def fold() -> int:
    """Fold what is pending into every pool, pool by pool; answers how many pools changed.

    Safe to run twice and at once: a pool is folded under its lock, and what was folded is gone.
    """
    waiting = JackpotPending.objects.values_list("pool_id", flat=True).distinct().order_by("pool_id")
    return sum(_fold_one(pool_id) for pool_id in list(waiting))


def _fold_one(pool_id: UUID) -> bool:
    with transaction.atomic():
        pools = JackpotPool.objects.select_related("level__group").select_for_update(no_key=True, of=("self",))
        pool = pools.get(pk=pool_id)
        journal = Journal({}, ledger.database_clock())
        changed = fold_into(journal, pool, {})
        journal.post()
    return changed


def fold_into(journal: Journal, pool: JackpotPool, amounts: dict[UUID, Decimal]) -> bool:
    """Move the pool's pending contributions, and ``amounts`` by operator, into it; the pool must be locked."""
    total = defaultdict(lambda: ZERO, amounts)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM betting_jackpotpending WHERE pool_id = %s RETURNING operator_id, amount", [pool.pk])
        for operator_id, amount in cursor.fetchall():
            total[operator_id] += amount
    reference, currency = uuid7(), pool.level.group.currency
    for operator_id, amount in sorted(total.items()):
        if not amount:
            continue
        facts: dict[str, Any] = {"reference": reference, "currency": currency, "pool_id": pool.pk}
        journal.move(
            TransferKind.JACKPOT_FOLD, Account.JACKPOT_CLEARING, Account.INTERCOMPANY, amount, operator_id=operator_id,
            **facts,
        )  # fmt: skip
        journal.move(
            TransferKind.JACKPOT_FOLD, Account.INTERCOMPANY, Account.JACKPOT_POOL, amount, counterparty_id=operator_id,
            **facts,
        )  # fmt: skip
        pool.value += amount
    if any(total.values()):
        pool.save(update_fields=["value"])
        return True
    return False


def _pay(journal: Journal, pool: JackpotPool, bet: Bet, wallet: Wallet, amount: Decimal) -> None:
    """Pay a hit from the platform's pool through the operator to the player, take new terms over, and reseed."""
    facts: dict[str, Any] = {"reference": bet.pk, "pool_id": pool.pk}
    kind = TransferKind.JACKPOT_WIN
    journal.move(
        kind, Account.JACKPOT_POOL, Account.INTERCOMPANY, amount, counterparty_id=wallet.operator_id,
        currency=wallet.currency, **facts,
    )  # fmt: skip
    journal.move(kind, Account.INTERCOMPANY, Account.REAL, amount, wallet=wallet, **facts)
    pool.value -= amount
    for name in TERMS:
        setattr(pool, name, getattr(pool.level, name))
    pool.won_at = journal.at
    _seed(journal, pool, bet.pk)
    pool.save(update_fields=["value", "won_at", *TERMS])


def _seed(journal: Journal, pool: JackpotPool, reference: UUID) -> None:
    """Add the seed, at the platform's cost."""
    if pool.seed:
        journal.move(
            TransferKind.JACKPOT_SEED, Account.SEED_COST, Account.JACKPOT_POOL, pool.seed, reference=reference,
            currency=pool.level.group.currency, pool_id=pool.pk,
        )  # fmt: skip
        pool.value += pool.seed


def pool_values() -> dict[UUID, Decimal]:
    """Each pool's current value, pending contributions included, to a millionth."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pool.id, {VALUE_NOW} FROM {JackpotPool._meta.db_table} pool")
        return {pool_id: round_down(value, MICRO) for pool_id, value in cursor.fetchall()}
