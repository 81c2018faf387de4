"""Opening a settlement: the locks, and all that deciding a batch of orders needs, read as sets in one round trip."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

from betting import jackpots
from betting.funding import Purse
from betting.jackpots import Jackpots
from betting.models import Bet, SeedPair
from betting.orders import Order
from betting.randomness import Seeds
from betting.settlement import Account, Settlement
from casino import sets
from casino.games.playable import PLAYABLE
from casino.kept import kept_rows
from casino.sets import Asked
from casino.users.limits import ask_protection
from casino.users.models import User
from operators.models import Affiliate
from vip import points
from wallets import bonuses, ledger
from wallets.ledger import Journal
from wallets.promotions import FreeSpins

_PLAYERS = sets.Read(User, "WHERE id = ANY(%s::uuid[])", out=("created_at", "last_login", "password", "email"))
AFFILIATES = kept_rows(Affiliate)
_SEEDS = sets.Read(
    SeedPair,
    "WHERE player_id = ANY(%s::uuid[]) AND revealed_at IS NULL",
    out=("created_at", "revealed_at", "next_server_seed", "next_server_seed_hash"),
)
_FREE_SPINS = sets.Read(FreeSpins, "WHERE id = ANY(%s::uuid[])")


def open_settlement(orders: Sequence[Order], at: datetime | None, remote: Seeds) -> Settlement:
    """Lock the orders' wallets and read, as sets, all that deciding them needs: the same statements for any number."""
    accounts = {(order.player_id, order.operator_id) for order in orders}
    ids = sets.array({player_id for player_id, _ in accounts})
    with sets.pipeline():
        journaled = ledger.ask_accounts(accounts, at)
        standings, players = points.ask_standings(ids), _PLAYERS.ask(ids)
        protection, seeds, played = ask_protection(ids), _SEEDS.ask(ids), ask_played(orders)
        pools, purses = jackpots.ask_pools({order.game for order in orders}), _ask_purses(accounts, orders)
    journal = journaled()
    named = {(order.operator_id, order.game) for order in orders}
    offers = PLAYABLE.find(named, journal.revision)
    games = [offers[name].game for name in named if name in offers]
    groups = {game.jackpot_group_id for game in games if game.jackpot_group_id}
    levels = jackpots.LEVELS.find(groups, journal.revision)
    return Settlement(
        journal=journal,
        purses=purses(journal),
        players=_with_affiliates(players(), journal.revision),
        standings=standings(),
        levels=points.LADDER.find([None], journal.revision)[None],
        games=offers,
        seeds={(pair.player_id, pair.operator_id): pair for pair in seeds()},
        jackpots=Jackpots(journal, pools(levels)),
        played=played(),
        remote=remote,
        protection=protection(journal.at),
    )


def _with_affiliates(players: Sequence[User], revision: UUID | None) -> dict[UUID, User]:
    found = AFFILIATES.find({player.affiliate_id for player in players if player.affiliate_id}, revision)
    for player in players:
        player.affiliate = found[player.affiliate_id] if player.affiliate_id else None
    return {player.pk: player for player in players}


def _ask_purses(accounts: Collection[Account], orders: Sequence[Order]) -> Callable[[Journal], dict[Account, Purse]]:
    active = bonuses.ask_active(accounts)
    named = {order.free_spin for order in orders if order.free_spin}
    granted = _FREE_SPINS.ask(sets.array(named)) if named else list

    def answer(journal: Journal) -> dict[Account, Purse]:
        grants: dict[UUID, dict[UUID, FreeSpins]] = {}
        for grant in granted():
            grants.setdefault(grant.wallet_id, {})[grant.pk] = grant
        found = active()
        return {
            (wallet.player_id, wallet.operator_id): Purse(wallet, found.get(wallet.pk, []), grants.get(wallet.pk, {}))
            for wallet in journal.wallets.values()
        }

    return answer


def ask_played(orders: Sequence[Order]) -> Asked[dict[tuple[UUID, str], Bet]]:
    """The bets that stand already under the orders' (player id, key); rarely any, and only then read whole."""
    keys = sets.array({order.player_id for order in orders}), [order.key for order in orders]
    ids = sets.ask(
        "SELECT id FROM betting_bet WHERE player_id = ANY(%s::uuid[]) AND idempotency_key = ANY(%s::text[])", *keys
    )

    def answer() -> dict[tuple[UUID, str], Bet]:
        found = [row[0] for row in ids()]
        bets = Bet.objects.with_facts().filter(pk__in=found) if found else ()
        return {(bet.player_id, bet.idempotency_key): bet for bet in bets}

    return answer
