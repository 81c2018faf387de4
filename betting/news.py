"""What the feeds hear of settled bets."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from betting.documents import bet_document, format_moment
from betting.models import Bet
from casino.realtime import Message, operator_feed, player_feed, publish
from wallets.documents import wallet_document
from wallets.models import Wallet


def tell(bets: Sequence[Bet], wallets: Mapping[tuple[UUID, UUID], Wallet]) -> None:
    """Publish every bet to its player's and its operator's feed, and each wallet's new balance, after commit."""
    messages: list[Message] = []
    for bet in bets:
        at, document = format_moment(bet.created_at), bet_document(bet)
        messages.append(Message(player_feed(bet.player_id), "bet.settled", at, document))
        messages.append(Message(operator_feed(bet.operator_id), "bet.settled", at, document))
    last = {(bet.player_id, bet.operator_id): bet for bet in bets}
    for pair, bet in last.items():
        at = format_moment(bet.created_at)
        messages.append(Message(player_feed(bet.player_id), "balance.changed", at, wallet_document(wallets[pair])))
    publish(messages)
