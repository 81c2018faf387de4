"""What the feeds hear of money: deposits, withdrawals, balances, bonuses, and the alerts about them."""

from collections.abc import Sequence
from datetime import datetime

from casino.realtime import PLATFORM_FEED, Message, operator_feed, player_feed, publish
from operators.models import Alert
from wallets.documents import alert_document, deposit_document, format_moment, wallet_document, withdrawal_document
from wallets.models import Deposit, Wallet
from wallets.promotion_documents import bonus_document
from wallets.promotions import Bonus
from wallets.withdrawal_models import Withdrawal


def tell_deposit(deposit: Deposit, at: datetime) -> None:
    """Publish the deposit as it stands, after commit; staff also hear whose it is. Its ``player`` should be loaded."""
    document = deposit_document(deposit)
    player = {"id": str(deposit.player_id), "username": deposit.player.username}
    moment = format_moment(at)
    publish(
        [
            Message(player_feed(deposit.player_id), "deposit.updated", moment, document),
            Message(operator_feed(deposit.operator_id), "deposit.updated", moment, {**document, "player": player}),
        ]
    )


def tell_withdrawal(withdrawal: Withdrawal, at: datetime) -> None:
    """Publish the withdrawal as it stands, after commit; staff also hear whose it is. Its ``player`` is loaded."""
    document = withdrawal_document(withdrawal)
    player = {"id": str(withdrawal.player_id), "username": withdrawal.player.username}
    moment = format_moment(at)
    publish(
        [
            Message(player_feed(withdrawal.player_id), "withdrawal.updated", moment, document),
            Message(
                operator_feed(withdrawal.operator_id), "withdrawal.updated", moment, {**document, "player": player}
            ),
        ]
    )


def tell_balance(wallet: Wallet, at: datetime) -> None:
    """Publish the wallet as it stands, after commit."""
    document = wallet_document(wallet)
    feeds = (player_feed(wallet.player_id), operator_feed(wallet.operator_id))
    publish([Message(feed, "balance.changed", format_moment(at), document) for feed in feeds])


def tell_bonuses(bonuses: Sequence[Bonus], at: datetime) -> None:
    """Publish bonuses as they stand to their players, after commit. Their ``operator`` should be loaded."""
    moment = format_moment(at)
    publish(
        [Message(player_feed(bonus.player_id), "bonus.changed", moment, bonus_document(bonus)) for bonus in bonuses]
    )


def tell_alerts(alerts: Sequence[Alert]) -> None:
    """Publish new alerts, after commit: each to its operator's feed, and all to the platform's."""
    messages = []
    for alert in alerts:
        at, document = format_moment(alert.created_at), alert_document(alert)
        feeds = [operator_feed(alert.operator_id)] if alert.operator_id else []
        messages += [Message(feed, "alert.raised", at, document) for feed in (*feeds, PLATFORM_FEED)]
    publish(messages)
