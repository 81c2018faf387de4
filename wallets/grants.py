"""Bonuses and free spins as they are granted: by staff here, by rules in ``wallets.bonus_rules``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from casino import sets
from casino.errors import Invalid, Missing, Refusal
from casino.games.models import Game, UnknownGame
from casino.games.playable import find_playable
from casino.idempotency import IdempotencyKeyReused, digest
from casino.money import ZERO, format_money
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets import bonuses, ledger, news
from wallets.bonuses import ActiveBonus
from wallets.documents import format_moment
from wallets.ledger import Journal
from wallets.models import Account, TransferKind, Wallet
from wallets.promotion_documents import bonus_document, free_spins_document
from wallets.promotions import Bonus, BonusSource, FreeSpins

Row = TypeVar("Row", Bonus, FreeSpins)


class UnknownPlayer(Missing):
    """Nobody with this id holds a wallet at the operator."""

    code = "unknown_player"
    detail = "No such player has a wallet at this operator."


class GameDisabled(Refusal):
    """The game is switched off, by the platform or at this operator."""

    code = "game_disabled"
    title = "Game disabled"
    detail = "This game is switched off."


class ValueOutOfLimits(Refusal):
    """A free spin's value lies outside what the game takes here; carries ``min`` and ``max``."""

    code = "limit_exceeded"
    title = "Limit exceeded"

    def __init__(self, least: Decimal, most: Decimal) -> None:
        super().__init__(
            f"A spin of this game is between {least:.2f} and {most:.2f}.",
            min=format_money(least),
            max=format_money(most),
        )


@dataclass(frozen=True)
class BonusTerms:
    """What staff grant; what is left out is the operator's default."""

    amount: Decimal
    wagering_multiple: Decimal | None = None
    max_stake: Decimal | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class SpinTerms:
    """What staff grant: ``count`` spins of ``value`` each on a game (its id or slug)."""

    game: str
    count: int
    value: Decimal
    wagering_multiple: Decimal | None = None


@dataclass(frozen=True)
class Granted(Generic[Row]):
    """The row as it stands now, and whether this key had granted it before."""

    row: Row
    is_replay: bool = False


@dataclass(frozen=True)
class _Request:
    """Who grants to whom and why; ``digest`` of all that was asked."""

    staff: User
    operator: Operator
    player_id: UUID
    reason: str
    key: str
    digest: str


def grant_bonus(
    staff: User, operator: Operator, player_id: UUID, terms: BonusTerms, *, reason: str, key: str | None = None
) -> Granted[Bonus]:
    """Grant bonus money to a player of the operator, out of its promotions; ``key`` makes it happen once.

    Raises IdempotencyKeyReused, UnknownPlayer, or Invalid for an expiry that is not in the future.
    """
    expires_at = format_moment(terms.expires_at) if terms.expires_at else None
    numbers = [_plain(terms.amount), _plain(terms.wagering_multiple), _plain(terms.max_stake)]
    asked = digest([operator.slug, player_id, *numbers, expires_at, reason])
    request = _Request(staff, operator, player_id, reason, key or uuid4().hex, asked)
    return _grant_once(Bonus, request, partial(_write_bonus, request, terms))


def grant_free_spins(
    staff: User, operator: Operator, player_id: UUID, terms: SpinTerms, *, reason: str, key: str | None = None
) -> Granted[FreeSpins]:
    """Grant free spins to a player of the operator; ``key`` makes it happen once. Moves no money before they win.

    Raises IdempotencyKeyReused, UnknownPlayer, UnknownGame (also for another operator's own), GameDisabled or
    ValueOutOfLimits.
    """
    numbers = [terms.count, _plain(terms.value), _plain(terms.wagering_multiple)]
    asked = digest([operator.slug, player_id, terms.game, *numbers, reason])
    request = _Request(staff, operator, player_id, reason, key or uuid4().hex, asked)
    return _grant_once(FreeSpins, request, partial(_write_free_spins, request, terms))


def make_bonus(
    wallet: Wallet,
    source: BonusSource,
    granted: Decimal,
    wagering_multiple: Decimal,
    at: datetime,
    expires_at: datetime,
    **facts: Any,
) -> Bonus:
    """A bonus that is not stored yet; without a ``max_stake`` among ``facts`` (further fields) it has the default."""
    facts["max_stake"] = facts.get("max_stake") or bonuses.default_max_stake(granted)
    return Bonus(
        operator=wallet.operator,
        player_id=wallet.player_id,
        wallet=wallet,
        source=source,
        granted=granted,
        balance=granted,
        wagering_multiple=wagering_multiple,
        required=granted * wagering_multiple,
        created_at=at,
        expires_at=expires_at,
        **facts,
    )


def post_bonus(journal: Journal, bonus: Bonus) -> None:
    """Move the grant and store the bonus; one that asks for no wagering has met it and is real money at once."""
    wallet = journal.wallets[bonus.wallet_id]
    journal.move(
        TransferKind.BONUS_GRANT, Account.PROMOTIONS, Account.BONUS, bonus.granted, reference=bonus.pk, wallet=wallet
    )
    state = ActiveBonus(**{name: getattr(bonus, name) for name in bonuses.STATE})
    if (ending := bonuses.end_if_due(state, ZERO, journal.at)) is not None:
        bonuses.post_ending(journal, wallet, ending)
        for name in bonuses.STATE:
            setattr(bonus, name, getattr(state, name))
    sets.insert(Bonus, [bonus])
    bonus._state.adding = False
    news.tell_bonuses([bonus], journal.at)


def _grant_once(model: type[Row], request: _Request, write: Callable[[Journal, Wallet], Row]) -> Granted[Row]:
    """Write under the wallet's lock what the request's key has not granted yet."""
    if (before := _granted_before(model, request)) is not None:
        return before
    try:
        with transaction.atomic():
            journal = ledger.lock_accounts({(request.player_id, request.operator.pk)})
            if (before := _granted_before(model, request)) is not None:
                return before
            if not journal.wallets:
                raise UnknownPlayer
            (wallet,) = journal.wallets.values()
            return Granted(write(journal, wallet))
    except IntegrityError:
        # The same key, at the same moment, for another wallet: no common lock made it wait.
        if (before := _granted_before(model, request)) is None:
            raise
        return before


def _granted_before(model: type[Row], request: _Request) -> Granted[Row] | None:
    """What the request's key granted; IdempotencyKeyReused when that was something else."""
    rows: Any = model._default_manager.select_related("operator")
    row: Row | None = rows.filter(granted_by=request.staff, idempotency_key=request.key).first()
    if row is None:
        return None
    if row.request_digest != request.digest:
        raise IdempotencyKeyReused
    return Granted(row, is_replay=True)


def _write_bonus(request: _Request, terms: BonusTerms, journal: Journal, wallet: Wallet) -> Bonus:
    operator = wallet.operator
    expires_at = terms.expires_at or journal.at + timedelta(days=operator.bonus_expires_days)
    if expires_at <= journal.at:
        raise Invalid.field("expires_at", "A bonus expires in the future.")
    bonus = make_bonus(
        wallet,
        BonusSource.MANUAL,
        terms.amount,
        operator.bonus_wagering_multiple if terms.wagering_multiple is None else terms.wagering_multiple,
        journal.at,
        expires_at.astimezone(UTC),
        max_stake=terms.max_stake,
        **_who_and_why(request),
    )
    post_bonus(journal, bonus)
    journal.post()
    news.tell_balance(wallet, journal.at)
    _record("bonus.granted", request, wallet, bonus_document(bonus))
    return bonus


def _write_free_spins(request: _Request, terms: SpinTerms, journal: Journal, wallet: Wallet) -> FreeSpins:
    operator = wallet.operator
    multiple = operator.bonus_wagering_multiple if terms.wagering_multiple is None else terms.wagering_multiple
    grant = FreeSpins.objects.create(
        operator=operator,
        player_id=wallet.player_id,
        wallet=wallet,
        source=BonusSource.MANUAL,
        game=_game_taking(terms, operator),
        count=terms.count,
        remaining=terms.count,
        value=terms.value,
        wagering_multiple=multiple,
        created_at=journal.at,
        expires_at=journal.at + timedelta(days=operator.bonus_expires_days),
        **_who_and_why(request),
    )
    _record("free_spins.granted", request, wallet, free_spins_document(grant))
    return grant


def _who_and_why(request: _Request) -> dict[str, Any]:
    return {
        "reason": request.reason,
        "granted_by": request.staff,
        "idempotency_key": request.key,
        "request_digest": request.digest,
    }


def _game_taking(terms: SpinTerms, operator: Operator) -> Game:
    """The game as the operator offers it, if it is on and takes a wager of the spins' value."""
    offer = find_playable({(operator.pk, terms.game)}).get((operator.pk, terms.game))
    if offer is None:
        raise UnknownGame
    if not offer.is_enabled:
        raise GameDisabled
    if not offer.min_bet <= terms.value <= offer.max_bet:
        raise ValueOutOfLimits(offer.min_bet, offer.max_bet)
    return offer.game


def _record(kind: str, request: _Request, wallet: Wallet, granted: dict[str, Any]) -> None:
    SignificantEvent.objects.record(
        kind,
        operator_id=wallet.operator_id,
        actor_id=request.staff.pk,
        player_id=wallet.player_id,
        reason=request.reason,
        after=granted,
    )


def _plain(number: Decimal | None) -> str | None:
    """The same text for the same number, whatever its zeros."""
    return None if number is None else f"{number:.2f}"
