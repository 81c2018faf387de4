"""What the catalogue shows of a game."""

from decimal import Decimal
from typing import Any

from casino.games.models import Game
from casino.money import CENT, MICRO, format_money


def game_document(game: Game) -> dict[str, Any]:
    """The game's JSON object as it stands at the operator where it was read (``GameQuerySet.seen_at``)."""
    version, switch = game.version, game.switch_here()
    assert version is not None
    least, most = game.limits(switch)
    return {
        "id": str(game.pk),
        "slug": game.slug,
        "name": game.name,
        "category": game.category.slug,
        "provider": game.studio,
        "kind": game.kind,
        "version": version.number,
        "rtp": format_percent(version.rtp),
        "sigma": f"{version.sigma:.6f}",
        "hit_rate": format_percent(version.hit_rate),
        "max_multiplier": format_factor(version.max_multiplier),
        "min_bet": format_money(least),
        "max_bet": format_money(most),
        "bonus_allowed": game.bonus_allowed,
        "wagering_weight": format_weight(game.wagering_weight),
        "vip_weight": format_weight(game.vip_weight),
        "jackpot_group": game.jackpot_group.slug if game.jackpot_group else None,
        "operator": game.operator.slug if game.operator else None,
        "is_active": game.is_active and (switch is None or switch.is_enabled),
        "paytable": version.paytable,
    }


def format_percent(value: Decimal) -> str:
    """Two decimals where they are exact, six otherwise."""
    return f"{value:.2f}" if value == value.quantize(CENT) else f"{value:.6f}"


def format_factor(value: Decimal) -> str:
    """At most six decimals, without needless zeros."""
    return f"{value.quantize(MICRO):f}".rstrip("0").rstrip(".")


def format_weight(value: Decimal) -> str:
    """Two decimals where they are exact, four otherwise."""
    return f"{value:.2f}" if value == value.quantize(CENT) else f"{value:.4f}"
