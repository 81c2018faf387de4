"""A bet as the API and the feeds show it, built from its row alone, so that a replay answers the same body for ever."""

from decimal import Decimal
from typing import Any

from betting.jackpots import VALUE_NOW
from betting.models import Bet, JackpotPool
from casino import sets
from casino.games.jackpots import JackpotGroup, JackpotLevel
from casino.games.models import Game
from casino.money import MICRO, format_money, round_down
from wallets.documents import format_moment

# Every pool with its terms, its group and the shared games that feed it, in the order of the groups' levels.
_LEVELS = f"""
    SELECT jackpot.slug, jackpot.currency,
           (SELECT array_agg(slug::text) FROM {Game._meta.db_table}
            WHERE jackpot_group_id = jackpot.id AND is_active AND operator_id IS NULL),
           level.name,
           {VALUE_NOW},
           pool.seed, pool.rate, pool.kind, pool.ceiling
    FROM {JackpotPool._meta.db_table} pool
    JOIN {JackpotLevel._meta.db_table} level ON level.id = pool.level_id
    JOIN {JackpotGroup._meta.db_table} jackpot ON jackpot.id = level.group_id
    ORDER BY level.position, level.id
"""


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
    groups: dict[str, dict[str, Any]] = {}
    for slug, currency, games, *level in sets.ask(_LEVELS)():
        group = groups.setdefault(
            slug, {"group": slug, "currency": currency, "games": sorted(games or ()), "levels": []}
        )
        group["levels"].append(_level_document(*level))
    return [groups[slug] for slug in sorted(groups)]


def _level_document(
    name: str, value: Decimal, seed: Decimal, rate: Decimal, kind: str, ceiling: Decimal | None
) -> dict[str, Any]:
    document = {
        "level": name,
        "value": f"{round_down(value, MICRO):.6f}",
        "seed": f"{seed:.6f}",
        "rate": f"{rate:.4f}",
        "kind": kind,
    }
    return document | ({"ceiling": f"{ceiling:.6f}"} if ceiling is not None else {})


def _jackpots_won(bet: Bet) -> list[dict[str, str]]:
    return [{"level": level["level"], "amount": level["amount"]} for level in bet.jackpots if level["amount"]]


def format_multiplier(multiplier: Decimal) -> str:
    """Two decimals at least, six at most."""
    whole, _, places = f"{multiplier:.6f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"
