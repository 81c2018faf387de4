"""What the feeds hear of settled bets."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from casino import sets
from casino.money import format_money
from casino.realtime import PLATFORM_FEED, Message, operator_feed, player_feed, publish_made
from wallets.documents import format_moment, wallet_document
from wallets.promotion_documents import bonus_document
from wallets.promotions import Bonus

if TYPE_CHECKING:
    from betting.settlement import Settlement


def tell(settlement: "Settlement") -> None:
    """Publish after commit: every bet to its player and operator, new balances and bonuses, levels, jackpots won."""
    if settlement.fresh:
        publish_made(partial(_messages, settlement, _changed_bonuses(settlement)))


def _messages(settlement: "Settlement", bonuses: Sequence[Bonus]) -> list[Message]:
    messages: list[Message] = []
    for settled, punter in settlement.fresh:
        bet, document = settled.bet, settled.document
        at = format_moment(bet.created_at)
        player = {"id": str(bet.player_id), "username": punter.player.username}
        messages.append(Message(player_feed(bet.player_id), "bet.settled", at, document))
        messages.append(Message(operator_feed(bet.operator_id), "bet.settled", at, {**document, "player": player}))
    at = format_moment(settlement.journal.at)
    messages += [
        Message(player_feed(punter.player.pk), "balance.changed", at, wallet_document(punter.wallet))
        for punter in dict.fromkeys(punter for _, punter in settlement.fresh)
    ]
    messages += [Message(player_feed(bonus.player_id), "bonus.changed", at, bonus_document(bonus)) for bonus in bonuses]
    for bet, level in settlement.reached:
        news = {"level": {"number": level.number, "slug": level.slug, "name": level.name}, "xp": bet.vip["xp"]}
        messages.append(Message(player_feed(bet.player_id), "vip.level_up", at, news))
    for bet, pool, amount in settlement.jackpots.hits:
        won = {
            "group": pool.level.group.slug,
            "level": pool.level.name,
            "amount": format_money(amount),
            "currency": bet.currency,
            "bet_id": str(bet.pk),
        }
        feeds = (player_feed(bet.player_id), operator_feed(bet.operator_id), PLATFORM_FEED)
        messages += [Message(feed, "jackpot.won", at, won) for feed in feeds]
    return messages


def _changed_bonuses(settlement: "Settlement") -> list[Bonus]:
    """The bonuses that the batch has changed, as their rows tell."""
    played = {bonus_id for _, punter in settlement.fresh for bonus_id in punter.changed}
    bonuses = _BONUSES.ask(sets.array(played))() if played else []
    wallets = settlement.journal.wallets
    for bonus in bonuses:
        bonus.operator = wallets[bonus.wallet_id].operator
    return bonuses


_BONUSES = sets.Read(Bonus, "WHERE id = ANY(%s::uuid[]) ORDER BY id")
