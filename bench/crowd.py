"""The players of a benchmark: people with money and a live session at every demo operator, and what they bet.

``seed_database`` must have run. Their money comes in as everybody's does, by deposits that a signed webhook completes,
so the ledger's audit holds afterwards.
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle
from uuid import UUID

DEPOSIT = Decimal(1000)


@dataclass(frozen=True)
class Gambler:
    """A player of the benchmark: who they are, where they play, and the token that says so."""

    player_id: UUID
    operator_id: UUID
    token: str


class Crowd:
    """``number`` players with 1,000.00 each, by turns at the demo's operators, and the bets they make in turn."""

    def __init__(self, number: int, prefix: str = "gambler") -> None:
        self.gamblers = _make_gamblers(number, prefix)
        self._turns, self._bodies = cycle(self.gamblers), cycle(bodies())

    def next_token(self) -> str:
        return next(self._turns).token

    def next_body(self) -> dict[str, object]:
        return next(self._bodies)


def bodies() -> list[dict[str, object]]:
    """A bet of 1.00 on every shared game that takes it; roulette and its kin on one chip each."""
    from casino.games.models import Game

    chips = {"roulette": "red", "dice": "under:{half}", "baccarat": "banker", "keno": "{ticket}"}
    found = []
    games = Game.objects.filter(operator=None, is_active=True, min_bet__lte=1, max_bet__gte=1).order_by("slug")
    for slug, kind, paytable in games.values_list("slug", "version__par__kind", "version__paytable"):
        body: dict[str, object] = {"game_id": slug, "wager": "1.00"}
        if kind in chips:
            ticket = ",".join(map(str, range(1, 1 + min(map(int, paytable["pays"]))))) if kind == "keno" else ""
            on = chips[kind].format(half=paytable.get("faces", 0) // 2, ticket=ticket)
            body["selections"] = [{"on": on, "stake": "1.00"}]
        found.append(body)
    return found


def _make_gamblers(number: int, prefix: str) -> list[Gambler]:
    from betting.services import open_account
    from casino.users.models import User
    from operators.models import Operator
    from wallets.services import deposit_through_webhook

    operators = cycle(Operator.objects.order_by("slug"))
    found = []
    for index in range(number):
        operator = next(operators)
        name = f"{prefix}{index}"
        player = User.objects.create_user(f"{name}@casino.test", name, operator=operator)
        open_account(player, operator)
        deposit_through_webhook(player, DEPOSIT)
        found.append(Gambler(player.pk, operator.pk, _log_in(player)))
    return found


def _log_in(player: object) -> str:
    """A new session of the player's; its key is the token."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore
    from django.utils import timezone

    from casino.users.registration import LOGGED_IN_AT

    session = SessionStore()
    session[SESSION_KEY] = str(player.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = player.get_session_auth_hash()
    session[LOGGED_IN_AT] = timezone.now().isoformat()
    session.create()
    assert session.session_key is not None
    return session.session_key
