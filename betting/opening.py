"""Opening a settlement: the locks, and all that deciding a batch of orders needs, read as sets: in one round trip,
but for what is rarely there and for what is to be kept."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from betting import jackpots
from betting.jackpots import Jackpots
from betting.models import Bet
from betting.orders import Order
from betting.punters import Punter, ask_punters
from betting.randomness import Seeds
from betting.settlement import Settlement
from casino import sets
from casino.games.playable import PLAYABLE
from casino.kept import REVISION, kept_rows
from casino.sets import Asked
from casino.users.limits import IS_PROTECTED, Protection, ask_protection
from operators.models import Affiliate
from vip import points
from wallets import ledger

AFFILIATES = kept_rows(Affiliate)
# The revision, and what is rarely there: protection of the players (given twice), bets under the orders' keys (given
# as players and keys). The limit keeps every plan to the index, also one made while the table was small.
_APART = f"""
SELECT ({REVISION}), {IS_PROTECTED}, ARRAY(
  SELECT bet.id FROM unnest(%s::uuid[], %s::text[]) AS new(player_id, key) CROSS JOIN LATERAL (
    SELECT id FROM {Bet._meta.db_table} WHERE player_id = new.player_id AND idempotency_key = new.key LIMIT 1) AS bet)
"""


def open_settlement(orders: Sequence[Order], at: datetime | None, remote: Seeds) -> Settlement:
    """Lock the orders' wallets and standings and read, as sets, all that deciding them needs: the same statements for
    any number."""
    accounts = {(order.player_id, order.operator_id) for order in orders}
    players = sets.array({player_id for player_id, _ in accounts})
    with sets.pipeline():
        locks, standings = ledger.ask_locks(accounts), points.ask_standings(players)
        asked, apart = ask_punters(accounts, orders), _ask_apart(players, orders)
        pools = jackpots.ask_pools({order.game for order in orders})
    ((revision, is_protected, played),) = apart()
    locked = locks()
    punters = asked(locked, standings())
    journal = ledger.open_journal(locked, (punter.wallet for punter in punters), revision, at)
    _add_affiliates(punters, revision)
    named = {(order.operator_id, order.game) for order in orders}
    offers = PLAYABLE.find(named, revision)
    games = [offers[name].game for name in named if name in offers]
    groups = {game.jackpot_group_id for game in games if game.jackpot_group_id}
    levels = jackpots.LEVELS.find(groups, revision)
    return Settlement(
        journal=journal,
        punters={(punter.wallet.player_id, punter.wallet.operator_id): punter for punter in punters},
        levels=points.LADDER.find([None], revision)[None],
        games=offers,
        jackpots=Jackpots(journal, pools(levels)),
        played=_bets(played),
        remote=remote,
        protection=ask_protection(players)(journal.at) if is_protected else Protection(journal.at),
    )


def _ask_apart(players: str, orders: Sequence[Order]) -> Asked[list[tuple[UUID | None, bool, list[UUID]]]]:
    keys = sets.array(order.player_id for order in orders), [order.key for order in orders]
    return sets.ask(_APART, players, players, *keys)


def _add_affiliates(punters: Sequence[Punter], revision: UUID | None) -> None:
    players = [punter.player for punter in punters]
    found = AFFILIATES.find({player.affiliate_id for player in players if player.affiliate_id}, revision)
    for player in players:
        player.affiliate = found[player.affiliate_id] if player.affiliate_id else None


def _bets(ids: Collection[UUID]) -> dict[tuple[UUID, str], Bet]:
    """Bets by player and key."""
    bets = Bet.objects.with_facts().filter(pk__in=ids) if ids else ()
    return {(bet.player_id, bet.idempotency_key): bet for bet in bets}
