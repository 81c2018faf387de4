"""What the books say of an interval: balances, money in and out, what play brought and what it cost.

Opening + in − out = closing holds for every pocket of the players and for the pools, against the ledger.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from betting.models import JackpotPending, JackpotPool
from casino.money import CENT, MICRO, ZERO, format_money, round_down
from operators.books import Books, Sums, read_books
from operators.models import Operator
from operators.periods import Period
from operators.snapshots import report_snapshot
from wallets.models import POCKETS, Account, TransferKind, Wallet
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus

K, A = TransferKind, Account
Document = dict[str, Any]


def operator_financials(operator: Operator, period: Period) -> Document:
    """One operator's book, as ``_operator_document`` shows it."""
    with report_snapshot() as about_snapshot:
        books, _ = read_books(period, operator)
        return _operator_documents([operator], period, books)[0] | about_snapshot


def all_financials(period: Period) -> Document:
    """Every operator's book, and the platform's own in each currency: ``{from, to, operators, platform}``.

    The platform's own has no players, so it is whole whichever play was asked for.
    """
    with report_snapshot() as about_snapshot:
        books, whole = read_books(period, None)
        return {
            "from": period.first,
            "to": period.last,
            **about_snapshot,
            "operators": _operator_documents(list(Operator.objects.order_by("slug")), period, books),
            "platform": _platform_documents(period, whole),
        }


def financials_of(operators: list[Operator], period: Period) -> list[Document]:
    """The books of these operators (one or all), in their order; as many statements for one as for all."""
    one = operators[0] if len(operators) == 1 else None
    return _operator_documents(operators, period, read_books(period, one)[0]) if operators else []


@dataclass(frozen=True)
class _Now:
    """How things stand: pockets, (number, sum) of the withdrawals that wait for staff, and what the pools are owed."""

    pockets: Mapping[str, Decimal]
    queue: tuple[int, Decimal]
    clearing: Decimal


def _operator_documents(operators: list[Operator], period: Period, books: Books) -> list[Document]:
    standing = _stand_now(operators, period)
    return [
        _operator_document(operator, period, books[operator.pk, operator.currency], standing[operator.pk])
        for operator in operators
    ]


def _stand_now(operators: list[Operator], period: Period) -> dict[UUID, _Now]:
    """How each operator stands now, in three statements."""
    wallets = Wallet.objects.filter(operator__in=operators).order_by()
    queue = Withdrawal.objects.filter(operator__in=operators, status=WithdrawalStatus.PENDING).order_by()
    if period.is_seeded is not None:
        wallets = wallets.filter(player__is_seeded=period.is_seeded)
        queue = queue.filter(player__is_seeded=period.is_seeded)
    held = {
        operator_id: dict(zip(POCKETS, amounts, strict=True))
        for operator_id, *amounts in wallets.values_list("operator").annotate(
            **{f"{pocket}_sum": Sum(pocket) for pocket in POCKETS}
        )
    }
    waiting = {
        operator_id: (number, amount)
        for operator_id, number, amount in queue.values_list("operator").annotate(n=Count("pk"), s=Sum("amount"))
    }
    pending = JackpotPending.objects.filter(operator__in=operators)
    owed = dict(pending.values_list("operator").annotate(s=Sum("amount")))
    return {
        operator.pk: _Now(held.get(operator.pk, {}), waiting.get(operator.pk, (0, ZERO)), owed.get(operator.pk, ZERO))
        for operator in operators
    }


def _operator_document(operator: Operator, period: Period, sums: tuple[Sums, Sums], now: _Now) -> Document:
    """``balances`` are those at the interval's end, and ``statement`` is how each pocket came to its own. The queue and
    ``jackpot_liability`` (contributions that the pools do not have yet) are those of now."""
    within, later = sums
    statement = _statement(within, later, now.pockets)
    credited = ([K.DEPOSIT, K.SUSPENSE_MATCHED], None, A.REAL)
    return {
        "operator": {"id": str(operator.pk), "slug": operator.slug, "name": operator.name},
        "currency": operator.currency,
        "from": period.first,
        "to": period.last,
        "balances": {pocket: line["closing"] for pocket, line in statement.items()},
        "statement": statement,
        "deposits": {"count": within.count(*credited), "sum": format_money(within.total(*credited))},
        "refunds": format_money(within.total([K.REFUND], target=A.PSP)),
        "withdrawals": {
            "count": within.count([K.WITHDRAWAL_PAYOUT]),
            "sum": format_money(within.total([K.WITHDRAWAL_PAYOUT])),
            "pending_count": now.queue[0],
            "pending_sum": format_money(now.queue[1]),
        },
        **_result(within),
        "jackpot_wins": format_money(within.total([K.JACKPOT_WIN], target=A.REAL)),
        "jackpot_liability": f"{now.clearing:.6f}",
    }


def _result(within: Sums) -> Document:
    """What play brought and what it cost. GGR = wagers − wins of real and bonus money; promotion costs = what
    promotions gave, free-spin wins included, − forfeits; NGR = GGR − promotion costs − jackpot contributions − VIP
    costs − affiliates' accruals."""
    played = within.play["real"] + within.play["bonus"]
    promotions = (
        within.total([K.BONUS_GRANT], A.PROMOTIONS)
        + within.play["free_spin"].free_spin_wins
        - within.total([K.BONUS_FORFEIT], target=A.FORFEITS)
    )
    vip = within.total([K.VIP_COST, K.VIP_SHARE], A.VIP_COST)
    accrued = within.total([K.AFFILIATE_ACCRUAL], A.AFFILIATE_COST)
    return {
        "wagers": format_money(played.wagers),
        "wins": format_money(played.wins),
        "ggr": format_money(played.ggr),
        "promotion_costs": format_money(promotions),
        "jackpot_contributions": f"{within.contributions:.6f}",
        "vip_costs": format_money(vip),
        "affiliate": {
            "accrued": format_money(accrued),
            "paid": format_money(within.total([K.AFFILIATE_PAYMENT], target=A.PSP)),
        },
        "ngr": _exact(played.ggr - promotions - within.contributions - vip - accrued),
    }


def _statement(within: Sums, later: Sums, now: Mapping[str, Decimal]) -> dict[str, dict[str, str]]:
    """Each pocket's opening + in − out = closing; closing is what the wallets hold now, less what came later.

    Debt grows by what goes out of its account, so its two sides change places.
    """
    statement = {}
    for pocket in POCKETS:
        turn = -1 if pocket == A.DEBT else 1
        into, out = within.through(pocket)[::turn]
        into_later, out_later = later.through(pocket)[::turn]
        closing = now.get(pocket, ZERO) - into_later + out_later
        line = {"opening": closing - into + out, "in": into, "out": out, "closing": closing}
        statement[str(pocket)] = {name: format_money(amount) for name, amount in line.items()}
    return statement


def _platform_documents(period: Period, books: Books) -> list[Document]:
    """The platform's own book by currency: what it bore of VIP costs, and the pools with the contributions on their way
    into them: opening + contributions + seeds − paid = closing."""
    pools: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for currency, value, pending in JackpotPool.objects.annotate(pending_sum=Sum("pending__amount")).values_list(
        "level__group__currency", "value", "pending_sum"
    ):
        pools[currency] += round_down(value + (pending or ZERO), MICRO)
    contributed: defaultdict[tuple[str, int], Decimal] = defaultdict(lambda: ZERO)
    for (_, currency), stretches in books.items():
        for number, sums in enumerate(stretches):
            contributed[currency, number] += sums.contributions
    documents = []
    for currency in sorted(set(pools) | {currency for book, currency in books if book is None}):
        within, later = books[None, currency]
        closing = pools[currency] - contributed[currency, 1] - _seeded_less_paid(later)
        jackpots = {
            "opening": closing - contributed[currency, 0] - _seeded_less_paid(within),
            "contributions": contributed[currency, 0],
            "seeds": within.total([K.JACKPOT_SEED]),
            "paid": within.total([K.JACKPOT_WIN], A.JACKPOT_POOL),
            "closing": closing,
        }
        documents.append(
            {
                "operator": None,
                "currency": currency,
                "from": period.first,
                "to": period.last,
                "jackpots": {name: f"{amount:.6f}" for name, amount in jackpots.items()},
                "jackpot_liability": f"{closing:.6f}",
                "vip_costs": format_money(within.total([K.VIP_COST], A.VIP_COST)),
                "suspense": {
                    "in": format_money(within.total([K.DEPOSIT_MISMATCH], target=A.SUSPENSE)),
                    "out": format_money(within.total([K.SUSPENSE_RETURNED], A.SUSPENSE)),
                },
            }
        )
    return documents


def _seeded_less_paid(sums: Sums) -> Decimal:
    """What a stretch of time brought the pools beside contributions."""
    return sums.total([K.JACKPOT_SEED]) - sums.total([K.JACKPOT_WIN], A.JACKPOT_POOL)


def _exact(amount: Decimal) -> str:
    """Two decimals, or six where millionths of jackpot contributions are left in it."""
    return format_money(amount) if amount == amount.quantize(CENT) else f"{amount.quantize(MICRO):.6f}"
