"""The players of an operator, as its staff see them: the wallets held there, VIP standing, flags and totals."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, Sum

from casino.errors import Missing
from casino.money import ZERO, format_money
from casino.users.models import User
from operators.figures import figures_document
from operators.models import Operator
from operators.periods import FIRST, LAST, Period
from operators.platform import PlatformSettings
from operators.snapshots import one_snapshot
from operators.tallies import Selection, tally
from wallets.documents import format_moment, wallet_document
from wallets.models import Deposit, DepositStatus, Wallet
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus


class UnknownPlayer(Missing):
    """There is no such player, or none who plays at the caller's operator."""

    code = "unknown_player"
    detail = "There is no such player."


@dataclass(frozen=True)
class Money:
    """Number and sum of what came in or went out; ``amount`` in the currency that all of it shares."""

    count: int
    amount: Decimal


def find_players(user: Any, operator: Operator | None, search: str = "") -> Any:
    """The players with a wallet at the operator (at any, for the platform without one), by part of a name or address.

    Rows are ready for ``player_document``.
    """
    held = Wallet.objects.visible_to(user)
    if operator is not None:
        held = held.filter(operator=operator)
    players = User.objects.players()
    if operator is not None or not user.is_platform_admin:
        players = players.filter(pk__in=held.values("player"))
    if search:
        players = players.filter(_is_called(search))
    shown = Prefetch("wallets", held.with_operator(), to_attr="wallets_here")
    return players.select_related("standing__level", "affiliate").prefetch_related(shown)


def read_player(user: Any, operator: Operator | None, player_id: UUID) -> dict[str, Any]:
    """One player with totals of all time; raises UnknownPlayer, also for a neighbour's."""
    with one_snapshot():
        player: User | None = find_players(user, operator).filter(pk=player_id).first()
        if player is None:
            raise UnknownPlayer
        return {**player_document(player), "totals": _totals(player, operator)}


def player_document(player: Any) -> dict[str, Any]:
    """The player's JSON object. The affiliate is shown where it is one of the operators whose wallets are shown: nobody
    is to learn where else a person plays."""
    shown = {wallet.operator_id for wallet in player.wallets_here}
    affiliate = player.affiliate if player.affiliate and player.affiliate.operator_id in shown else None
    standing = getattr(player, "standing", None)
    return {
        "id": str(player.pk),
        "username": player.username,
        "email": player.email,
        "created_at": format_moment(player.created_at),
        "affiliate_code": affiliate.code if affiliate else None,
        "flags": {
            "is_seeded": player.is_seeded,
            "is_active": player.is_active,
            "is_blocked": player.is_blocked,
            "is_blocked_here": any(wallet.is_blocked for wallet in player.wallets_here),
            "has_debt": any(wallet.debt for wallet in player.wallets_here),
        },
        "vip": {
            "level": {
                "number": standing.level.number if standing else 0,
                "slug": standing.level.slug if standing else None,
                "name": standing.level.name if standing else None,
            },
            "xp": format_money(standing.xp if standing else ZERO),
            "points": format_money(standing.points if standing else ZERO),
        },
        "wallets": [{**wallet_document(wallet), "debt": format_money(wallet.debt)} for wallet in player.wallets_here],
    }


def _totals(player: Any, operator: Operator | None) -> dict[str, Any]:
    """Everything the player ever did at the operators shown; ``currency`` is None where several are added up."""
    here = {wallet.operator_id for wallet in player.wallets_here}
    currencies = {wallet.currency for wallet in player.wallets_here}
    of = Q(player=player, operator__in=here)
    deposits = _money(Deposit.objects.filter(of, status=DepositStatus.COMPLETED))
    withdrawals = _money(Withdrawal.objects.filter(of, status=WithdrawalStatus.COMPLETED))
    always = Period(FIRST, LAST, "", "")
    played = tally(Selection(always, operator.pk if operator else None, player.pk))
    return {
        "currency": currencies.pop() if len(currencies) == 1 else None,
        "deposits": {"count": deposits.count, "sum": format_money(deposits.amount)},
        "withdrawals": {"count": withdrawals.count, "sum": format_money(withdrawals.amount)},
        **figures_document(played, PlatformSettings.objects.current()),
    }


def _money(rows: Any) -> Money:
    found = rows.aggregate(number=Count("pk"), amount=Sum("amount"))
    return Money(found["number"], found["amount"] or ZERO)


def _is_called(search: str) -> Q:
    try:
        return Q(pk=UUID(search))
    except ValueError:
        return Q(username__icontains=search) | Q(email__icontains=search)
