"""Games: made, changed, retired, and switched by operators; each change with a significant event in its transaction."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from casino.errors import Conflict, FieldError, Invalid
from casino.games.jackpots import JackpotGroup
from casino.games.models import Category, Game, GameSwitch, GameVersion, UnknownGame
from casino.games.removals import is_named_elsewhere, slug_of_gone
from casino.games.specs import GameChanges, GameSpec, SwitchChanges
from casino.games.versions import publish_version
from casino.money import LARGEST_AMOUNT, format_money, is_whole
from operators.models import SignificantEvent

LARGEST_WEIGHT = Decimal(10)
_CROSSED = "The lowest bet is not above the highest."
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
_PLAIN_FIELDS = (
    "name", "description", "studio", "kind", "min_bet", "max_bet", "is_active", "bonus_allowed", "wagering_weight",
    "vip_weight",
)  # fmt: skip


class GameRetired(Conflict):
    """The game was deleted and is kept for its bets only (409)."""

    code = "game_retired"
    detail = "This game is retired; it is kept for its bets only."


class SlugTaken(Invalid):
    """Another game has this slug (400)."""

    def __init__(self, slug: str) -> None:
        detail = f"Another game has the slug {slug!r}."
        super().__init__(detail, errors=[FieldError("slug", detail, "already_taken")])


@transaction.atomic
def create_game(spec: GameSpec, actor_id: UUID | None = None, reason: str = "") -> Game:
    """Make a game and its first version.

    Raises Invalid for an unknown category, limits or weights out of range, InvalidPaytable, RtpDisagrees, SlugTaken.
    """
    game = Game(
        slug=_valid_slug(slugify(spec.name)[:80].strip("-_") if spec.slug is None else spec.slug),
        category=_category(spec.category),
        jackpot_group=_jackpot_group(spec.jackpot_group),
        operator_id=spec.operator_id,
        **{name: getattr(spec, name) for name in _PLAIN_FIELDS},
    )
    _save(game)
    publish_version(game, spec.paytable, spec.stated_rtp, actor_id=actor_id, reason=reason)
    _check_payable(game)
    _record("game.created", game, actor_id, after=_facts(game), reason=reason)
    return game


@transaction.atomic
def change_game(game_id: UUID, changes: GameChanges, actor_id: UUID | None = None, reason: str = "") -> Game:
    """Change a game; other maths make a new version, the same maths none.

    Raises UnknownGame, GameRetired, and what ``create_game`` raises.
    """
    game = _lock(game_id)
    before = _facts(game)
    _apply(game, changes)
    _save(game)
    if changes.keys() & {"kind", "paytable", "stated_rtp", "jackpot_group"}:
        paytable = changes["paytable"] if "paytable" in changes else _version(game).paytable
        publish_version(game, paytable, changes.get("stated_rtp"), actor_id=actor_id, reason=reason)
    _check_payable(game)
    _keep_switches_within(game, actor_id)
    if (after := _facts(game)) != before:
        _record("game.changed", game, actor_id, before, after, reason=reason)
    return game


@transaction.atomic
def retire_game(game_id: UUID, actor_id: UUID | None = None, reason: str = "") -> None:
    """Delete a game that nobody has played (see ``removals``), or keep one that bets name and play it no more.

    Its rows stay either way: a bet may be on its way to them. A game that is retired already stays so. Raises
    UnknownGame.
    """
    game: Game | None = Game.objects.select_for_update(no_key=True).filter(pk=game_id).first()
    if game is None or game.version_id is None:
        raise UnknownGame
    if game.retired_at is not None:
        return
    facts = _facts(game)
    game.is_active, game.retired_at = False, timezone.now()
    if is_named_elsewhere(game):
        game.save(update_fields=["is_active", "retired_at"])
        _record("game.retired", game, actor_id, facts, _facts(game), reason=reason)
        return
    _record("game.deleted", game, actor_id, facts | {"paytable": _version(game).paytable}, reason=reason)
    game.version, game.slug = None, slug_of_gone(game)
    game.save(update_fields=["is_active", "retired_at", "version", "slug"])


@transaction.atomic
def set_switch(
    game_id: UUID, operator_id: UUID, changes: SwitchChanges, actor_id: UUID | None = None, reason: str = ""
) -> GameSwitch:
    """Switch a game on or off at one operator, or narrow its limits there.

    Raises UnknownGame (also for another operator's own), GameRetired, Invalid for limits outside the game's.
    """
    game = _lock(game_id)
    if game.operator_id not in (None, operator_id):
        raise UnknownGame
    existing = GameSwitch.objects.filter(game=game, operator_id=operator_id).first()
    switch = existing or GameSwitch(game=game, operator_id=operator_id)
    before = _switch_facts(switch)
    for name, value in changes.items():
        setattr(switch, name, value)
    for name, limit in (("min_bet", changes.get("min_bet")), ("max_bet", changes.get("max_bet"))):
        if limit is not None:
            _check_narrows(game, name, limit)
    least, most = game.limits(switch)
    if least > most:
        raise Invalid.field("max_bet" if changes.get("max_bet") else "min_bet", _CROSSED)
    if (after := _switch_facts(switch)) != before:
        switch.save()
        _record("game.switched", game, actor_id, before, after, operator_id=operator_id, reason=reason)
    return switch


def _lock(game_id: UUID) -> Game:
    """The game's row, locked against other editors but not against bets, which only need it to exist.

    Nothing is joined: a row that was waited for would come with the version that was in force before.
    """
    game: Game | None = Game.objects.select_for_update(no_key=True).filter(pk=game_id).first()
    if game is None or game.version_id is None:
        raise UnknownGame
    if game.retired_at is not None:
        raise GameRetired
    return game


def _apply(game: Game, changes: GameChanges) -> None:
    for name in _PLAIN_FIELDS:
        if name in changes:
            setattr(game, name, changes[name])  # type: ignore[literal-required]
    if "slug" in changes:
        game.slug = _valid_slug(changes["slug"])
    if "category" in changes:
        game.category = _category(changes["category"])
    if "jackpot_group" in changes:
        game.jackpot_group = _jackpot_group(changes["jackpot_group"])


def _category(slug: str) -> Category:
    category = Category.objects.filter(slug=slug).first()
    if category is None:
        raise Invalid.field("category", "There is no such category.", "unknown_category")
    return category


def _jackpot_group(slug: str | None) -> JackpotGroup | None:
    if slug is None:
        return None
    group = JackpotGroup.objects.filter(slug=slug).first()
    if group is None:
        raise Invalid.field("jackpot_group", "There is no such jackpot group.", "unknown_jackpot_group")
    return group


def _valid_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug) or len(slug) > 80:
        raise Invalid.field("slug", "A slug is up to 80 lower-case letters, digits and single '-' or '_' between them.")
    try:
        UUID(slug)
    except ValueError:
        return slug
    # Addresses take an id or a slug: neither may pass for the other.
    raise Invalid.field("slug", "A slug does not look like an id.")


def _check_limits(game: Game) -> None:
    for name in ("min_bet", "max_bet"):
        if getattr(game, name) <= 0 or not is_whole(getattr(game, name)):
            raise Invalid.field(name, "A limit is above zero and a whole number of minor units.")
    if game.min_bet > game.max_bet:
        raise Invalid.field("max_bet", _CROSSED)
    for name in ("wagering_weight", "vip_weight"):
        if not 0 <= getattr(game, name) <= LARGEST_WEIGHT:
            raise Invalid.field(name, f"A weight is from 0 to {LARGEST_WEIGHT}.")


def _check_payable(game: Game) -> None:
    if game.max_bet * _version(game).max_multiplier > LARGEST_AMOUNT:
        raise Invalid.field("max_bet", f"The best win of the highest bet is more than {LARGEST_AMOUNT}.")


def _check_narrows(game: Game, name: str, limit: Decimal) -> None:
    if not game.min_bet <= limit <= game.max_bet:
        bounds = f"{format_money(game.min_bet)} to {format_money(game.max_bet)}"
        raise Invalid.field(name, f"An operator's limits may only narrow the game's, {bounds}.", "not_narrower")


def _save(game: Game) -> None:
    """Write the row; SlugTaken when another game has its slug, were it since a moment ago only."""
    _check_limits(game)
    try:
        with transaction.atomic():
            game.save()
    except IntegrityError:
        if Game.objects.filter(slug=game.slug).exclude(pk=game.pk).exists():
            raise SlugTaken(game.slug) from None
        raise


def _version(game: Game) -> GameVersion:
    """The version in force; every game that these services made has one."""
    assert game.version is not None
    return game.version


def _keep_switches_within(game: Game, actor_id: UUID | None) -> None:
    """Bring operators' limits that the game's new ones left outside to the nearest that it still takes."""
    for switch in game.switches.all():
        before = _switch_facts(switch)
        for name in ("min_bet", "max_bet"):
            if (limit := getattr(switch, name)) is not None:
                setattr(switch, name, min(max(limit, game.min_bet), game.max_bet))
        if (after := _switch_facts(switch)) != before:
            switch.save()
            _record("game.switched", game, actor_id, before, after, operator_id=switch.operator_id)


def _facts(game: Game) -> dict[str, Any]:
    """What an event says of a game; its maths are the version's event."""
    return {
        "slug": game.slug,
        "name": game.name,
        "description": game.description,
        "category": game.category.slug,
        "provider": game.studio,
        "min_bet": format_money(game.min_bet),
        "max_bet": format_money(game.max_bet),
        "is_active": game.is_active,
        "bonus_allowed": game.bonus_allowed,
        "wagering_weight": f"{game.wagering_weight:.4f}",
        "vip_weight": f"{game.vip_weight:.4f}",
    }


def _switch_facts(switch: GameSwitch) -> dict[str, Any]:
    limits = {"min_bet": switch.min_bet, "max_bet": switch.max_bet}
    return {
        "is_enabled": switch.is_enabled,
        **{name: None if limit is None else format_money(limit) for name, limit in limits.items()},
    }


def _record(
    kind: str,
    game: Game,
    actor_id: UUID | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    *,
    operator_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Write the event of a change: of what was there before and after, only what differs."""
    same = {name for name in before if before[name] == after.get(name)} if before and after else set()
    named = {"game": str(game.pk)}
    SignificantEvent.objects.record(
        kind,
        operator_id=operator_id or game.operator_id,
        actor_id=actor_id,
        reason=reason,
        before=before and named | {name: value for name, value in before.items() if name not in same},
        after=after and named | {name: value for name, value in after.items() if name not in same},
    )
