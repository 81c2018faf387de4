"""A player's way to a withdrawal over HTTP: wager what was paid in, then ask for some of it."""

from uuid import uuid4

from casino.tests.running import Caller

ROUNDS = 20
# Red and black alike: what comes back is what was staked, but for a zero.
EVEN_MONEY = [{"on": "red", "stake": "5.00"}, {"on": "black", "stake": "5.00"}]


def bet(player: Caller, game: str, wager: str, **body: object) -> dict[str, object]:
    answer = player.call("POST", "/bets", {"game_id": game, "wager": wager, **body}, **{"Idempotency-Key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    settled: dict[str, object] = answer.json()
    return settled


def ask_for_money(player: Caller, amount: str) -> dict[str, object]:
    """Wager 200.00 on red and black alike, and ask for a withdrawal; bonuses are waived."""
    for _ in range(ROUNDS):
        bet(player, "boardwalk-roulette", "10.00", selections=EVEN_MONEY)
    body = {"amount": amount, "method": "bank_transfer", "destination": {"account": "DE02120300000000202051"}}
    answer = player.call("POST", "/withdrawals", body | {"waive_bonuses": True}, **{"Idempotency-Key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    asked: dict[str, object] = answer.json()
    return asked
