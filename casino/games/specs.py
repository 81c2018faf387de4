"""What callers state about games: a game to be made, and what of a game or of a switch is to change."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class GameSpec:
    """A game to be made. ``stated_rtp`` is in percent; without ``operator_id`` the game is shared by all operators."""

    name: str
    category: str
    kind: str
    paytable: Any
    slug: str | None = None
    stated_rtp: Decimal | None = None
    operator_id: UUID | None = None
    studio: str = ""
    description: str = ""
    jackpot_group: str | None = None
    min_bet: Decimal = Decimal("0.10")
    max_bet: Decimal = Decimal("100.00")
    is_active: bool = True
    bonus_allowed: bool = True
    wagering_weight: Decimal = Decimal(1)
    vip_weight: Decimal = Decimal(1)


class GameChanges(TypedDict, total=False):
    """What of a game is to change; absent members stay. ``category`` and ``jackpot_group`` are slugs, ``stated_rtp`` in
    percent."""

    name: str
    slug: str
    category: str
    kind: str
    paytable: Any
    stated_rtp: Decimal | None
    studio: str
    description: str
    jackpot_group: str | None
    min_bet: Decimal
    max_bet: Decimal
    is_active: bool
    bonus_allowed: bool
    wagering_weight: Decimal
    vip_weight: Decimal


class SwitchChanges(TypedDict, total=False):
    """What of an operator's switch is to change; a limit of None is the game's own."""

    is_enabled: bool
    min_bet: Decimal | None
    max_bet: Decimal | None
