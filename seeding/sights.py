"""What bots see before they decide, read as sets: wallets, bonuses, free spins, open withdrawals, the lobbies."""

import time
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import F, Min

from casino.games.models import Game, GameVersion
from casino.users.models import User
from operators.models import Operator
from seeding.bots import Offer, Sight
from wallets.models import Wallet
from wallets.promotions import Bonus, FreeSpins
from wallets.withdrawal_models import OPEN, Withdrawal

# A bot may have seen the lobby so long ago; what was switched off since is refused.
LOBBY_SECONDS = 10


def read_sights(players: Collection[User], at: datetime) -> dict[UUID, Sight]:
    """What each player sees at their active operator at ``at``; the same statements for any number of players."""
    operators = {player.operator.pk: player.operator for player in players if player.operator is not None}
    wallets = {
        wallet.player_id: wallet for wallet in Wallet.objects.filter(player__in=players, operator=F("player__operator"))
    }
    ids = [wallet.pk for wallet in wallets.values()]
    bonuses: dict[UUID, Decimal] = dict(
        Bonus.objects.filter(wallet__in=ids, status="active", expires_at__gt=at)
        .order_by()
        .values_list("wallet")
        .annotate(Min("max_stake"))
    )
    spins: dict[UUID, tuple[str, str, int]] = {
        row[0]: (str(row[1]), row[2], row[3])
        for row in FreeSpins.objects.filter(wallet__in=ids, remaining__gt=0, expires_at__gt=at, game__is_active=True)
        .order_by("-id")
        .values_list("wallet", "pk", "game__slug", "remaining")
    }
    open_ones = set(Withdrawal.objects.filter(wallet__in=ids, status__in=OPEN).values_list("wallet", flat=True))
    recently = int(time.monotonic() // LOBBY_SECONDS)
    lobbies = {operator.pk: _lobby(operator, recently) for operator in operators.values()}
    sights = {}
    for player in players:
        wallet = wallets[player.pk]
        operator: Any = player.operator
        sights[player.pk] = Sight(
            real=wallet.real,
            bonus=wallet.bonus,
            wagering_remaining=wallet.wagering_remaining,
            max_bonus_stake=bonuses.get(wallet.pk),
            free_spins=spins.get(wallet.pk),
            has_open_withdrawal=wallet.pk in open_ones,
            least_withdrawal=operator.withdrawal_min,
            most_withdrawal=operator.withdrawal_daily_max,
            offers=lobbies[operator.pk],
        )
    return sights


@lru_cache(maxsize=64)
def _lobby(operator: Operator, _recently: int) -> list[Offer]:
    return read_lobby(operator)


def read_lobby(operator: Operator) -> list[Offer]:
    """The games that an operator offers, with its limits, by slug; two statements."""
    games = Game.objects.offered_at(operator.pk).seen_at(operator.pk).defer("version__paytable", "version__par")
    offers = []
    for game in games.order_by("slug"):
        least, most = game.limits(game.switch_here())
        faces, tickets = _places(game.version_id, game.kind)
        offers.append(
            Offer(
                slug=game.slug,
                category=game.category.slug,
                kind=game.kind,
                least=least,
                most=min(most, operator.max_bet),
                takes_bonus=game.bonus_allowed,
                faces=faces,
                tickets=tickets,
            )
        )
    return offers


# A version never changes.
@lru_cache(maxsize=1024)
def _places(version_id: UUID, kind: str) -> tuple[int, tuple[int, ...]]:
    """How many faces the dice have, and of how many numbers a ticket may be."""
    if kind not in ("dice", "keno"):
        return 0, ()
    paytable = GameVersion.objects.values_list("paytable", flat=True).get(pk=version_id)
    return int(paytable.get("faces", 0)), tuple(sorted(int(size) for size in paytable.get("pays", ())))
