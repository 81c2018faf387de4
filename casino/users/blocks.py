"""Blocking players: at one operator by its manager, everywhere by the platform. Money that is theirs stays theirs."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from casino.errors import Missing
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from vip.points import lock_standings
from wallets import ledger, news
from wallets.models import Wallet


class UnknownPlayer(Missing):
    """Nobody with this id plays at the operator (404)."""

    code = "unknown_player"
    detail = "There is no such player here."


@dataclass(frozen=True)
class Block:
    """Whether a player is blocked at an operator (None: everywhere)."""

    player: User
    operator: Operator | None
    is_blocked: bool


def set_blocked(staff: User, operator: Operator | None, player_id: UUID, *, is_blocked: bool, reason: str) -> Block:
    """Block or unblock a player at the operator, or everywhere without one; asked for again it changes nothing.

    Bets look at it under the same locks, so none that begins later is taken. Raises UnknownPlayer.
    """
    with transaction.atomic():
        accounts = Wallet.objects.filter(player=player_id)
        if operator is not None:
            accounts = accounts.filter(operator=operator)
        journal = ledger.lock(list(accounts.values_list("pk", flat=True)))
        lock_standings([player_id])
        player = User.objects.players().filter(pk=player_id).first()
        if player is None or (operator is not None and not journal.wallets):
            raise UnknownPlayer
        if operator is None:
            was_blocked = player.is_blocked
            User.objects.filter(pk=player_id).update(is_blocked=is_blocked)
        else:
            (wallet,) = journal.wallets.values()
            was_blocked, wallet.is_blocked = wallet.is_blocked, is_blocked
            wallet.save(update_fields=["is_blocked"])
            news.tell_balance(wallet, journal.at)
        if was_blocked != is_blocked:
            SignificantEvent.objects.record(
                "player.blocked" if is_blocked else "player.unblocked",
                operator_id=operator.pk if operator else None,
                actor_id=staff.pk,
                player_id=player_id,
                reason=reason,
                before={"is_blocked": was_blocked},
                after={"is_blocked": is_blocked},
            )
    return Block(player, operator, is_blocked)
