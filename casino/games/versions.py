"""Versions of games: a paytable put in force together with what was computed from it, and never changed after."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from casino.errors import FieldError, Invalid
from casino.games import paytables
from casino.games.jackpots import jackpot_rtp
from casino.games.models import Game, GameVersion
from casino.games.paytables import InvalidPaytable, ParSheet
from operators.models import SignificantEvent


class RtpDisagrees(Invalid):
    """The stated RTP is not the one that the paytable has (400)."""

    code = "rtp_disagrees"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError("rtp", detail, "rtp_disagrees")])


def publish_version(
    game: Game, paytable: Any, stated_rtp: Decimal | None = None, *, actor_id: UUID | None = None, reason: str = ""
) -> GameVersion:
    """Put ``paytable`` in force as the game's next version, unless it is in force already; answers the one in force.

    Runs in the caller's transaction, which made the game or holds its lock. ``stated_rtp`` is in percent. Raises
    InvalidPaytable, RtpDisagrees.
    """
    par = _assess(game, paytable, stated_rtp)
    stored, old = _stored(paytable), game.version
    # The game's kind may change with a later version; the sheet says which kind this one is of.
    sheet = {"kind": game.kind, **par.as_json()}
    if old is not None and (sheet, stored) == (old.par, old.paytable):
        return old
    game.version = GameVersion.objects.create(
        game=game,
        number=old.number + 1 if old else 1,
        paytable=stored,
        par=sheet,
        **{name: Decimal(sheet[name]) for name in ("rtp", "sigma", "hit_rate", "max_multiplier")},
    )
    game.save(update_fields=["version"])
    SignificantEvent.objects.record(
        "game.version_published",
        operator_id=game.operator_id,
        actor_id=actor_id,
        reason=reason,
        before=_facts(game, old) if old else None,
        after=_facts(game, game.version),
    )
    return game.version


def sheet_in_force(game: Game) -> dict[str, Any]:
    """The PAR sheet of the version in force, with the jackpot's part by the terms of today."""
    assert game.version is not None
    return paytables.with_jackpot(game.version.par, jackpot_rtp(game.jackpot_group))


def preview_version(game: Game, paytable: Any) -> dict[str, Any]:
    """The PAR sheet that ``paytable`` would have as the game's next version; raises InvalidPaytable."""
    return _assess(game, paytable, None).as_json()


def _assess(game: Game, paytable: Any, stated_rtp: Decimal | None) -> ParSheet:
    """The paytable's exact figures, once they keep the platform's rules and agree with what was stated."""
    if game.kind not in paytables.KINDS:
        raise Invalid.field("kind", f"A game's kind is one of {', '.join(paytables.KINDS)}.", "unknown_kind")
    par = paytables.load(game.kind, paytable).par(jackpot_rtp(game.jackpot_group))
    paytables.check_rules(par)
    if stated_rtp is not None:
        try:
            paytables.check_stated(stated_rtp, par)
        except InvalidPaytable as disagreement:
            raise RtpDisagrees(disagreement.detail) from None
    return par


def _stored(data: Any) -> Any:
    """``data`` with each Decimal as the JSON number that prints the same, or as text where none does."""
    if isinstance(data, dict):
        return {key: _stored(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_stored(value) for value in data]
    if isinstance(data, Decimal):
        number = float(data)
        return number if "e" not in repr(number) and Decimal(repr(number)) == data else f"{data:f}"
    return data


def _facts(game: Game, version: GameVersion) -> dict[str, Any]:
    return {"game": str(game.pk), "kind": version.par["kind"], "version": version.number, "rtp": version.par["rtp"]}
