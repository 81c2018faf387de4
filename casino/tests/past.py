"""A past for the demo: two weeks of play by its players, for screens that would be empty without."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from django.utils import timezone

from betting import rollups
from betting.orders import Order, parse_order
from betting.services import place_bets
from casino.games.models import Game
from casino.users.models import User
from operators import rtp
from wallets.services import deposit_through_webhook

DAYS, ROUNDS, BETS_A_ROUND = 14, 130, 20
KINDS = ("reels", "weighted")


def play() -> None:
    """Two weeks of play by the demo's players, from a fixed seed; runs beside the casino, through its own services."""
    dice, now = Random(11), timezone.now()
    games = list(Game.objects.filter(operator=None, kind__in=KINDS).order_by("slug")[:14])
    players = list(User.objects.filter(role="player").select_related("operator"))
    for player in players:
        for days_ago in (DAYS, 5, 0):
            deposit_through_webhook(player, Decimal(dice.randint(4, 24) * 100), at=now - timedelta(days=days_ago))
    moments = sorted(dice.random() ** 1.5 * DAYS for _ in range(ROUNDS))[::-1]
    for number, days_ago in enumerate(moments):
        orders = [
            _order(dice, dice.choice(players), dice.choice(games), f"{number:05d}-{i:03d}") for i in range(BETS_A_ROUND)
        ]
        place_bets(orders, at=now - timedelta(days=days_ago))
    rollups.fold(now)
    rtp.watch(now)


def _order(dice: Random, player: User, game: Game, key: str) -> Order:
    wager = dice.choice(["0.50", "1.00", "1.00", "2.00", "5.00"])
    assert player.operator_id is not None
    return parse_order({"game_id": game.slug, "wager": wager}, player.pk, player.operator_id, f"picture-{key}")
