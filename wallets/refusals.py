"""Refusals that several raisers share: of bets, deposits, withdrawals and redemptions alike."""

from decimal import Decimal

from casino.errors import Missing, Refusal
from casino.money import format_money


class NoWallet(Missing):
    """The player holds no wallet at this operator."""

    code = "no_wallet"
    detail = "You have no wallet at this operator; switch to it first."


class Blocked(Refusal):
    """The account is blocked, here or everywhere (403)."""

    status = 403
    code = "blocked"
    title = "Blocked"
    detail = "This account is blocked; ask the operator's support."


class LimitExceeded(Refusal):
    """The amount lies outside what is taken at once; carries ``min`` and ``max``. ``what`` begins the sentence."""

    code = "limit_exceeded"
    title = "Limit exceeded"

    def __init__(self, what: str, least: Decimal, most: Decimal) -> None:
        super().__init__(
            f"{what} is between {least:.2f} and {most:.2f}.", min=format_money(least), max=format_money(most)
        )
