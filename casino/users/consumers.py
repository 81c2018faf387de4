"""A player's own feed: their bets, balances, wagering, VIP, deposits and withdrawals at every operator."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import F

from casino.feeds.admission import Seat
from casino.feeds.consumers import FeedConsumer
from casino.realtime import player_feed
from operators.origins import is_operators
from vip.documents import standing_document
from vip.services import read_overview
from wallets.documents import wallet_document
from wallets.models import Wallet
from wallets.promotion_documents import bonus_document
from wallets.promotions import Bonus


class PlayerFeed(FeedConsumer):
    """/ws/player: of players who are blocked neither everywhere nor at their active operator."""

    @classmethod
    def feed_of(cls, user: Any, query: Mapping[str, str]) -> str | None:
        return player_feed(user.pk) if user.is_player else None

    @classmethod
    def welcomes(cls, origin: str) -> bool:
        return is_operators(origin)

    @classmethod
    def admitted(cls, seats: Collection[Seat]) -> Collection[Seat]:
        people = {seat.user.pk for seat in seats}
        blocked_here = Wallet.objects.filter(is_blocked=True, player__in=people, operator=F("player__operator"))
        blocked = set(blocked_here.values_list("player_id", flat=True))
        return [seat for seat in seats if _may_hear(seat) and seat.user.pk not in blocked]

    @classmethod
    def snapshot(cls, user: Any, feed: str) -> dict[str, Any]:
        wallets = Wallet.objects.visible_to(user).with_operator()
        bonuses = Bonus.objects.visible_to(user).active().select_related("operator")
        overview = read_overview(user)
        return {
            "wallets": [wallet_document(wallet) for wallet in wallets],
            "bonuses": [bonus_document(bonus) for bonus in bonuses],
            "vip": standing_document(overview.standing, overview.ladder, overview.reached),
        }


def _may_hear(seat: Seat) -> bool:
    return seat.user.is_player and not seat.user.is_blocked and seat.feed == player_feed(seat.user.pk)
