"""VIP levels and standings as the API shows them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from casino.money import ZERO, format_money, round_down
from vip.models import LevelReached, Standing, VipLevel
from wallets.documents import format_moment

PROGRESS = Decimal("0.0001")


def level_document(level: VipLevel) -> dict[str, Any]:
    """The level's JSON object; its reward's game should be loaded."""
    return {
        "number": level.number,
        "slug": level.slug,
        "name": level.name,
        "xp_required": format_money(level.xp_required),
        **benefits(level),
        "reward": {
            "bonus": format_money(level.reward_bonus),
            "wagering_multiple": f"{level.reward_wagering_multiple:.2f}",
            "free_spins": _spins(level),
        },
    }


def benefits(level: VipLevel) -> dict[str, str]:
    """What the level gives while it is held; money in the operator's currency."""
    return {
        "cashback_rate": _plain(level.cashback_rate),
        "xp_multiplier": _plain(level.xp_multiplier),
        "max_bet_factor": _plain(level.max_bet_factor),
        "withdrawal_limit": format_money(level.withdrawal_limit),
    }


def standing_document(
    standing: Standing, ladder: Sequence[VipLevel], reached: Iterable[LevelReached]
) -> dict[str, Any]:
    """The standing with the way to the next level, and what was unlocked on the way here (``reached``) and when.

    ``ladder`` is lowest first; the levels reached carry their level, operator, bonus and free spins.
    """
    level = next(step for step in ladder if step.number == standing.level_id)
    following = next((step for step in ladder if step.xp_required > level.xp_required), None)
    return {
        "xp": format_money(standing.xp),
        "points": format_money(standing.points),
        "level": _named(level),
        "next_level": following
        and {
            **_named(following),
            "xp_required": format_money(following.xp_required),
            "xp_missing": format_money(max(following.xp_required - standing.xp, ZERO)),
        },
        "progress": _progress(standing.xp, level, following),
        "benefits": benefits(level),
        "unlocked": [benefit for row in reached for benefit in _unlocked(row, ladder)],
    }


def _named(level: VipLevel) -> dict[str, Any]:
    return {"number": level.number, "slug": level.slug, "name": level.name}


def _progress(xp: Decimal, level: VipLevel, following: VipLevel | None) -> float:
    """How far the way from this level to the next is gone, 0 to 1; XP taken away by hand may lie below the level."""
    if following is None:
        return 1.0
    gone = Fraction(xp - level.xp_required) / Fraction(following.xp_required - level.xp_required)
    return float(round_down(min(max(gone, Fraction(0)), Fraction(1)), PROGRESS))


def _unlocked(reached: LevelReached, ladder: Sequence[VipLevel]) -> list[dict[str, Any]]:
    """What the level gives beyond the one below it, since it was reached, and its reward once that is granted."""
    level = next(step for step in ladder if step.number == reached.level_id)
    below = next(step for step in reversed(ladder) if step.xp_required < level.xp_required)
    before = benefits(below)
    entries: list[dict[str, Any]] = [
        _entry(level, name, reached.reached_at, value=value)
        for name, value in benefits(level).items()
        if value != before[name]
    ]
    if reached.rewarded_at and reached.bonus:
        bonus = reached.bonus
        facts = {"bonus_id": str(bonus.pk), "operator": bonus.operator.slug, "currency": bonus.operator.currency}
        entries.append(_entry(level, "bonus", reached.rewarded_at, value=format_money(bonus.granted), **facts))
    if reached.rewarded_at and reached.free_spins:
        spins = reached.free_spins
        facts = {"free_spins_id": str(spins.pk), "operator": spins.operator.slug, "currency": spins.operator.currency}
        facts["game"] = spins.game.slug
        entries.append(_entry(level, "free_spins", reached.rewarded_at, value=str(spins.count), **facts))
    return entries


def _entry(level: VipLevel, benefit: str, granted_at: datetime, **facts: str) -> dict[str, Any]:
    return {"benefit": benefit, "level": level.slug, "granted_at": format_moment(granted_at), **facts}


def _spins(level: VipLevel) -> dict[str, Any] | None:
    if not level.reward_free_spins or level.reward_free_spin_game is None:
        return None
    value = format_money(level.reward_free_spin_value)
    return {"count": level.reward_free_spins, "value": value, "game": level.reward_free_spin_game.slug}


def _plain(number: Decimal) -> str:
    """Without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
