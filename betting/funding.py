"""The money of one bet: who pays, what the win feeds, and which bonuses end by it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from betting.models import Bet, BetType
from betting.orders import FreeSpinUnknown, Order
from betting.punters import Punter
from casino import sets
from casino.errors import Invalid
from casino.games.playable import Playable
from casino.ids import uuid7
from casino.money import ZERO, format_money, round_down
from wallets import bonuses
from wallets.bonuses import ActiveBonus, Share
from wallets.ledger import Journal
from wallets.models import Account, TransferKind, Wallet
from wallets.promotions import Bonus, BonusSource, FreeSpins


@dataclass(frozen=True, slots=True)
class Funding:
    """Who pays a wager: real money, bonuses by shares, or a grant of free spins."""

    bet_type: BetType
    wager: Decimal
    shares: tuple[Share, ...] = ()
    grant: FreeSpins | None = None


def fund(punter: Punter, order: Order, offer: Playable, at: datetime) -> Funding:
    """Who pays the order: its free spins, else real money, else bonus money; real and bonus never mix.

    Raises InsufficientFunds, BonusNotAllowed, BonusMaxStake, FreeSpinUnknown, or Invalid for free spins of another
    game or value.
    """
    if order.free_spin is not None:
        grant = _grant(punter, order, offer, at)
        return Funding(BetType.FREE_SPIN, grant.value, grant=grant)
    if punter.wallet.real >= order.wager:
        return Funding(BetType.REAL, order.wager)
    shares = bonuses.choose_payers(punter.bonuses, order.wager, at, game_takes_bonus=offer.game.bonus_allowed)
    return Funding(BetType.BONUS, order.wager, tuple(shares))


def wager_of(punter: Punter, order: Order, offer: Playable, at: datetime) -> Decimal:
    """What the order stakes: its wager or, with free spins, the value that their grant gives each."""
    return order.wager if order.free_spin is None else _grant(punter, order, offer, at).value


def _grant(punter: Punter, order: Order, offer: Playable, at: datetime) -> FreeSpins:
    grant = punter.free_spins.get(order.free_spin) if order.free_spin else None
    if grant is None or not grant.remaining or grant.expires_at <= at:
        raise FreeSpinUnknown
    if grant.game_id != offer.game.pk:
        raise Invalid.field("game_id", "These free spins are for another game.")
    if order.wager and order.wager != grant.value:
        raise Invalid.field("wager", f"These free spins have a value of {grant.value:.2f} each; leave the wager out.")
    return grant


def pay(
    journal: Journal, bet: Bet, punter: Punter, funding: Funding, weight: Decimal, smallest_stake: Callable[[], Decimal]
) -> None:
    """Move stake and win, advance what the bet advances, end what it ends; the bet's row tells all of it.

    ``smallest_stake`` answers the smallest stake the operator's games take, asked for only where bonus money is.
    """
    played: list[tuple[ActiveBonus, Decimal]] = []
    if funding.bet_type == BetType.REAL:
        _pay_real(journal, bet, punter.wallet)
    elif funding.bet_type == BetType.BONUS:
        _pay_bonus(journal, bet, punter, funding, weight)
        played = [(share.bonus, share.staked) for share in funding.shares]
    elif (bonus := _pay_free_spin(journal, bet, punter, funding)) is not None:
        played = [(bonus, ZERO)]
    least = smallest_stake() if played else ZERO
    if funding.grant is not None and funding.grant.remaining:
        # More spins may still feed this bonus: it is not yet too small to play.
        least = ZERO
    endings = [ending for bonus, _ in played if (ending := bonuses.end_if_due(bonus, least, journal.at)) is not None]
    for ending in endings:
        bonuses.post_ending(journal, punter.wallet, ending)
    punter.changed.update({bonus.id: bonus for bonus, _ in played})
    bet.wagering = {
        "deposit": {
            "required": format_money(punter.wallet.wagering_required),
            "wagered": format_money(punter.wallet.wagering_wagered),
        },
        "weight": f"{weight:f}",
        "bonuses": [_progress(bonus, staked) for bonus, staked in played],
        "converted": format_money(sum((ending.converted for ending in endings), ZERO)),
        "forfeited": format_money(sum((ending.forfeited for ending in endings), ZERO)),
    }


def _pay_real(journal: Journal, bet: Bet, wallet: Wallet) -> None:
    journal.move(TransferKind.STAKE, Account.REAL, Account.STAKES, bet.wager, reference=bet.pk, wallet=wallet)
    if bet.win:
        journal.move(TransferKind.WIN, Account.WINS, Account.REAL, bet.win, reference=bet.pk, wallet=wallet)
    wallet.wagering_wagered += bet.wager


def _pay_bonus(journal: Journal, bet: Bet, punter: Punter, funding: Funding, weight: Decimal) -> None:
    wallet = punter.wallet
    bonuses.stake(funding.shares, weight)
    journal.move(TransferKind.STAKE, Account.BONUS, Account.BONUS_STAKES, bet.wager, reference=bet.pk, wallet=wallet)
    if bet.win:
        bonuses.credit(funding.shares, bet.win)
        journal.move(TransferKind.WIN, Account.BONUS_WINS, Account.BONUS, bet.win, reference=bet.pk, wallet=wallet)


def _pay_free_spin(journal: Journal, bet: Bet, punter: Punter, funding: Funding) -> ActiveBonus | None:
    """Use up one spin; its win gathers in the grant's one bonus, made with the first win."""
    grant = funding.grant
    assert grant is not None
    grant.remaining -= 1
    punter.spun[grant.pk] = grant
    bet.free_spins_id = grant.pk
    bonus = punter.find(grant.bonus_id)
    if not bet.win:
        # The last spin may leave the bonus too small to play.
        return bonus
    if bonus is None:
        bonus = ActiveBonus(
            uuid7(), ZERO, ZERO, grant.wagering_multiple, ZERO, ZERO, ZERO, grant.expires_at, grant.conversion_cap
        )
        punter.bonuses.append(bonus)
        punter.opened.add(bonus.id)
        grant.bonus_id = bonus.id
    bonuses.grow(bonus, bet.win)
    journal.move(
        TransferKind.FREE_SPIN_WIN, Account.PROMOTIONS, Account.BONUS, bet.win, reference=bet.pk, wallet=punter.wallet
    )
    return bonus


def _progress(bonus: ActiveBonus, staked: Decimal) -> dict[str, Any]:
    return {
        "id": str(bonus.id),
        "staked": format_money(staked),
        "wagered": format_money(round_down(bonus.wagered)),
        "required": format_money(round_down(bonus.required)),
        "balance": format_money(bonus.balance),
        "status": str(bonus.status),
    }


def write(punters: Iterable[Punter], at: datetime) -> None:
    """Store what changed in the punters: bonuses that moved, bonuses that free spins opened, spins used up."""
    opened = {bonus_id: punter for punter in punters for bonus_id in punter.opened}
    sets.insert(Bonus, (_row(punter, punter.changed[bonus_id], at) for bonus_id, punter in opened.items()))
    bonuses.write(bonus for punter in punters for bonus_id, bonus in punter.changed.items() if bonus_id not in opened)
    sets.update(FreeSpins, (grant for punter in punters for grant in punter.spun.values()), ("remaining", "bonus_id"))


def _row(punter: Punter, bonus: ActiveBonus, at: datetime) -> Bonus:
    return Bonus(
        operator_id=punter.wallet.operator_id,
        player_id=punter.wallet.player_id,
        wallet_id=punter.wallet.pk,
        source=BonusSource.FREE_SPINS,
        created_at=at,
        **{name: getattr(bonus, name) for name in bonuses.STATE},
    )
