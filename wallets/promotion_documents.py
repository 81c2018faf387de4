"""Bonuses, free spins and offers as the API and the feeds show them."""

from typing import Any

from casino.money import format_money, round_down
from wallets.documents import format_moment
from wallets.promotions import Bonus, BonusRule, FreeSpins


def bonus_document(bonus: Bonus) -> dict[str, Any]:
    """The bonus's JSON object; its ``operator`` should be loaded. Progress is shown as it is, not capped."""
    return {
        "id": str(bonus.pk),
        "operator": bonus.operator.slug,
        "currency": bonus.operator.currency,
        "status": str(bonus.status),
        "granted": format_money(bonus.granted),
        "balance": format_money(bonus.balance),
        "wagering_multiple": f"{bonus.wagering_multiple:.2f}",
        "required": format_money(round_down(bonus.required)),
        "wagered": format_money(round_down(bonus.wagered)),
        "max_stake": format_money(bonus.max_stake),
        "conversion_cap": None if bonus.conversion_cap is None else format_money(bonus.conversion_cap),
        "expires_at": format_moment(bonus.expires_at),
        "source": str(bonus.source),
    }


def free_spins_document(grant: FreeSpins) -> dict[str, Any]:
    """The grant's JSON object; its ``operator`` and ``game`` should be loaded."""
    return {
        "id": str(grant.pk),
        "operator": grant.operator.slug,
        "currency": grant.operator.currency,
        "game": grant.game.slug,
        "count": grant.count,
        "remaining": grant.remaining,
        "value": format_money(grant.value),
        "wagering_multiple": f"{grant.wagering_multiple:.2f}",
        "expires_at": format_moment(grant.expires_at),
    }


def offer_document(rule: BonusRule) -> dict[str, Any]:
    """The rule as a player may take it up, with all its terms; its ``operator`` and game should be loaded.

    What the rule does not give is left out; ``max_stake`` null means min(5.00, max(1.00, 10 % of the grant)).
    """
    gives = {
        "match_percent": f"{rule.match_percent:.2f}" if rule.match_percent else None,
        "cap": format_money(rule.cap) if rule.match_percent and rule.cap is not None else None,
        "amount": format_money(rule.amount) if rule.amount else None,
        "free_spins": _spins(rule) if rule.free_spins else None,
        "xp": f"{rule.xp:.2f}" if rule.xp else None,
        "xp_percent": f"{rule.xp_percent:.2f}" if rule.xp_percent else None,
        "code": rule.code or None,
        "ends_at": format_moment(rule.ends_at) if rule.ends_at else None,
    }
    return {
        "id": str(rule.pk),
        "name": rule.name,
        "operator": rule.operator.slug,
        "currency": rule.operator.currency,
        "trigger": str(rule.trigger),
        **{name: value for name, value in gives.items() if value is not None},
        "min_deposit": format_money(rule.min_deposit),
        "wagering_multiple": f"{rule.wagering_multiple:.2f}",
        "max_stake": None if rule.max_stake is None else format_money(rule.max_stake),
        "conversion_cap": None if rule.conversion_cap is None else format_money(rule.conversion_cap),
        "expires_days": rule.expires_days,
        "is_once_per_player": rule.is_once_per_player,
    }


def _spins(rule: BonusRule) -> dict[str, Any]:
    assert rule.free_spin_game is not None
    return {"count": rule.free_spins, "value": format_money(rule.free_spin_value), "game": rule.free_spin_game.slug}
