"""A bet as the API and the feeds show it, built from its row alone, so that a replay answers the same body for ever."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from betting.jackpots import pool_values, read_pools
from betting.models import Bet, JackpotPool
from casino.games.jackpots import JackpotGroup
from casino.games.models import Game
from casino.money import MICRO, format_money
from wallets.documents import format_moment


def bet_document(bet: Bet) -> dict[str, Any]:
    """The bet's JSON object."""
    return {
        "id": str(bet.pk),
        "game": {
            "id": str(bet.game_id),
            "slug": bet.game.slug,
            "name": bet.game.name,
            "version": bet.game_version.number,
        },
        "operator": bet.operator.slug,
        "currency": bet.currency,
        "wager": format_money(bet.wager),
        "win": format_money(bet.win),
        "bet_type": str(bet.bet_type),
        "multiplier": format_multiplier(bet.multiplier),
        "selections": bet.selections,
        "outcome": bet.outcome,
        "jackpot": {"contribution": str(bet.jackpot_contribution.quantize(MICRO)), "won": _jackpots_won(bet)},
        "balances": {
            "real": {"before": format_money(bet.real_before), "after": format_money(bet.real_after)},
            "bonus": {"before": format_money(bet.bonus_before), "after": format_money(bet.bonus_after)},
        },
        "wagering": {name: value for name, value in bet.wagering.items() if name != "weight"},
        "vip": {"points": format_money(bet.points), **bet.vip},
        "ggr": format_money(bet.ggr),
        "fairness": {
            "provider": str(bet.rng_provider),
            "server_seed_hash": bet.seed_pair.server_seed_hash if bet.seed_pair else None,
            "client_seed": bet.seed_pair.client_seed if bet.seed_pair else None,
            "nonce": bet.nonce,
        },
        "created_at": format_moment(bet.created_at),
    }


def jackpot_documents() -> list[dict[str, Any]]:
    """Every jackpot group with its games and its levels' current values, pending contributions included."""
    values, games = pool_values(), defaultdict(list)
    for slug, group_id in Game.objects.filter(is_active=True, jackpot_group__isnull=False, operator=None).values_list(
        "slug", "jackpot_group"
    ):
        games[group_id].append(slug)
    pools = read_pools(JackpotGroup.objects.values_list("pk", flat=True))
    groups = sorted((levels[0].level.group for levels in pools.values()), key=lambda group: group.slug)
    return [
        {
            "group": group.slug,
            "currency": group.currency,
            "games": sorted(games[group.pk]),
            "levels": [_level_document(pool, values[pool.pk]) for pool in pools[group.pk]],
        }
        for group in groups
    ]


def _level_document(pool: JackpotPool, value: Decimal) -> dict[str, Any]:
    document = {
        "level": pool.level.name,
        "value": f"{value:.6f}",
        "seed": f"{pool.seed:.6f}",
        "rate": f"{pool.rate:.4f}",
        "kind": pool.kind,
    }
    return document | ({"ceiling": f"{pool.ceiling:.6f}"} if pool.ceiling is not None else {})


def _jackpots_won(bet: Bet) -> list[dict[str, str]]:
    return [{"level": level["level"], "amount": level["amount"]} for level in bet.jackpots if level["amount"]]


def format_multiplier(multiplier: Decimal) -> str:
    """Two decimals at least, six at most."""
    whole, _, places = f"{multiplier:.6f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"
