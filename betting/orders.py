"""Orders: what a player asks for, and every way the house says no to one."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from betting.documents import bet_document
from betting.models import Bet
from casino.errors import FieldError, Invalid, Missing, Refusal
from casino.idempotency import digest
from casino.money import ZERO, parse_amount


@dataclass(frozen=True, slots=True)
class Order:
    """One bet that a player wants: ``game`` is an id or slug, ``selections`` as sent, ``digest`` of the whole body."""

    player_id: UUID
    operator_id: UUID
    game: str
    wager: Decimal
    key: str
    digest: str
    selections: Any = None
    free_spin: UUID | None = None


FIELDS = frozenset({"game_id", "wager", "operator", "selections", "free_spin"})


def parse_order(body: Any, player_id: UUID, operator_id: UUID, key: str) -> Order:
    """The order that a request's parsed JSON states; raises Invalid naming every faulty field.

    ``operator`` in the body was resolved to ``operator_id`` before; ``wager`` may be left out with ``free_spin`` only.
    """
    if not isinstance(body, dict):
        raise Invalid("The body is a JSON object.")
    errors = [
        FieldError(str(name), "This field is not known here.", "unknown_field") for name in sorted(set(body) - FIELDS)
    ]
    game, free_spin, wager = body.get("game_id"), body.get("free_spin"), ZERO
    if not isinstance(game, str) or not 1 <= len(game) <= 80:
        errors.append(FieldError("game_id", "The game's id or slug is due.", "required"))
        game = ""
    if free_spin is not None and (free_spin := _uuid(free_spin)) is None:
        errors.append(FieldError("free_spin", "The id of a free-spin grant is due."))
    if body.get("wager") is not None or free_spin is None:
        try:
            wager = parse_amount(body.get("wager"))
        except ValueError as error:
            errors.append(FieldError("wager", str(error)))
        else:
            if wager <= 0:
                errors.append(FieldError("wager", "The wager must be greater than zero.", "positive"))
    if errors:
        raise Invalid("Some fields are not valid.", errors=errors)
    selections = body.get("selections")
    content = [game, wager, str(operator_id), _meaning(selections), free_spin]
    return Order(player_id, operator_id, game, wager, key, digest(content), selections, free_spin)


def _meaning(selections: Any) -> Any:
    """The selections with each stake as the amount that it states: ``"1.00"`` and ``1`` are the same content."""
    if not isinstance(selections, list):
        return selections
    return [chip | {"stake": _amount(chip["stake"])} if _has_stake(chip) else chip for chip in selections]


def _has_stake(chip: Any) -> bool:
    return isinstance(chip, dict) and "stake" in chip


def _amount(stake: Any) -> Any:
    try:
        return parse_amount(stake)
    except ValueError:
        return stake


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


@dataclass(frozen=True)
class Settled:
    """An order's bet; ``is_replay`` when it had been played before under the same key."""

    bet: Bet
    is_replay: bool = False

    @cached_property
    def document(self) -> dict[str, Any]:
        """The bet's JSON object, made once for its answer and the feeds."""
        return bet_document(self.bet)


Answer = Settled | Refusal


class UnknownGame(Missing):
    """No such game is offered at this operator."""

    code = "unknown_game"
    detail = "There is no such game at this operator."


class GameDisabled(Refusal):
    """The game is switched off, by the platform or at this operator."""

    code = "game_disabled"
    title = "Game disabled"
    detail = "This game is switched off."


class FreeSpinUnknown(Missing):
    """The player has no such free spins left."""

    code = "unknown_free_spin"
    detail = "You have no such free spins left."


class RngUnavailable(Refusal):
    """The operator's random number service does not answer; nothing moved."""

    status = 503
    code = "rng_unavailable"
    title = "Random numbers unavailable"
    detail = "The game's random number service does not answer; try again."
    retry_after_seconds = 5
