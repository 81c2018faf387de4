"""RTP by login: every bet counts once, for the login in force at its moment, and nobody reads a neighbour's."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betting.models import Bet
from betting.services import open_account, place_bets
from casino.users.login_models import LoginSession
from casino.users.models import User
from casino.users.tests import conftest as users_tests
from operators import session_reports
from operators.models import Operator
from operators.periods import last_days
from operators.tests.conftest import naive

log_in, stranger = users_tests.log_in, users_tests.stranger
pytestmark = pytest.mark.usefixtures("books_close")


def hours_ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


@pytest.fixture
def logged_in() -> Callable[..., LoginSession]:
    """A login in the past: ``logged_in(alice, 5, 3)`` began five hours ago and ended three hours ago."""

    def make(player: User, began: float, ended: float | None = None, expires: float = -1) -> LoginSession:
        return LoginSession.objects.create(
            player=player,
            started_at=hours_ago(began),
            expires_at=hours_ago(expires),
            ended_at=None if ended is None else hours_ago(ended),
        )

    return make


@pytest.fixture
def bet(order_of: Any) -> Callable[..., Bet]:
    """A bet in the past: ``bet(alice, "coin", "1.00", 4.5)``, hours ago."""

    def place(player: User, game: str, wager: str, hours: float) -> Bet:
        (answer,) = place_bets([order_of(player, game, wager)], at=hours_ago(hours))
        placed: Bet = answer.bet
        return placed

    return place


def shown(answer: Any) -> dict[str, dict[str, Any]]:
    """Each session's figures by its id."""
    assert answer.status_code == 200, answer.data
    return {
        row["session"]["id"]: {name: value for name, value in row.items() if name != "session"}
        for row in answer.data["sessions"]
    }


def test_each_bet_counts_for_the_login_that_began_last_among_those_in_force(
    alice: User, coin: Any, make_game: Any, fund: Any, olga: User, api: Any, logged_in: Any, bet: Any
):
    third = make_game("third")
    fund(alice, "100.00")
    old, long, short = logged_in(alice, 20, 18), logged_in(alice, 10), logged_in(alice, 8, 6)
    silent = logged_in(alice, 2, 1)
    bets = {
        old: [bet(alice, "coin", "1.00", 19.5), bet(alice, "third", "2.00", 19)],
        None: [bet(alice, "coin", "3.00", 15)],
        long: [bet(alice, "coin", "4.00", 9), bet(alice, "coin", "5.00", 5)],
        short: [bet(alice, "coin", "6.00", 7)],
    }

    answer = api(olga).get("/admin/rtp", {"group": "session", "playerId": str(alice.pk)})
    assert shown(answer) == {str(login.pk): naive(rows) for login, rows in bets.items() if login}
    assert answer.data["outside"] == naive(bets[None])
    assert answer.data["totals"] == naive(row for rows in bets.values() for row in rows)
    assert [row["session"]["id"] for row in answer.data["sessions"]] == [str(row.pk) for row in (short, long, old)]
    assert str(silent.pk) not in shown(answer)
    (_, open_one, _) = answer.data["sessions"]
    assert open_one["session"]["player"] == {"id": str(alice.pk), "username": "alice"}
    assert [row["session"]["ended_at"] is None for row in answer.data["sessions"]] == [False, True, False]

    of_third = api(olga).get("/admin/rtp", {"group": "session", "playerId": str(alice.pk), "gameId": third.slug})
    assert shown(of_third) == {str(old.pk): naive(bets[old][1:])}
    until = hours_ago(12).replace(minute=0, second=0, microsecond=0)
    asked = {"group": "session", "playerId": str(alice.pk), "to": f"{until:%FT%TZ}"}
    assert shown(api(olga).get("/admin/rtp", asked)) == {str(old.pk): naive(bets[old])}
    for seeded, number in (("exclude", 3), ("only", 0)):
        asked = {"group": "session", "playerId": str(alice.pk), "seeded": seeded}
        assert len(shown(api(olga).get("/admin/rtp", asked))) == number


def test_an_expired_login_takes_no_more_bets(
    alice: User, coin: Any, fund: Any, olga: User, api: Any, logged_in: Any, bet: Any
):
    fund(alice, "10.00")
    expired = logged_in(alice, 9, expires=5)
    inside, after = bet(alice, "coin", "1.00", 6), bet(alice, "coin", "2.00", 4)
    answer = api(olga).get("/admin/rtp", {"group": "session", "playerId": str(alice.pk)})
    assert shown(answer) == {str(expired.pk): naive([inside])}
    assert answer.data["outside"] == naive([after])
    assert answer.data["sessions"][0]["session"]["ended_at"] is not None


def test_a_real_login_carries_its_bets(alice: User, coin: Any, fund: Any, olga: User, api: Any, log_in: Any):
    fund(alice, "10.00")
    client = log_in(alice)
    for wager in ("1.00", "2.00"):
        assert client.post("/bets", {"game_id": "coin", "wager": wager}).status_code == 201
    assert client.post("/auth/logout").status_code == 204
    log_in(alice).post("/bets", {"game_id": "coin", "wager": "3.00"})

    later, earlier = api(olga).get("/admin/rtp", {"group": "session", "playerId": str(alice.pk)}).data["sessions"]
    assert (later["wagers"], later["session"]["ended_at"]) == ("3.00", None)
    assert (earlier["wagers"], earlier["bets"]) == ("3.00", 2)
    assert earlier["session"]["started_at"] < earlier["session"]["ended_at"] <= later["session"]["started_at"]


def test_staff_see_their_own_operators_bets_only(
    alice: User, borealis: Operator, coin: Any, fund: Any, olga: User, bruno: User, petra: User, api: Any,
    logged_in: Any, bet: Any, boris: User,
):  # fmt: skip
    fund(alice, "10.00")
    login = logged_in(alice, 9)
    here = bet(alice, "coin", "1.00", 8)
    asked = {"group": "session", "playerId": str(alice.pk)}
    assert api(bruno).get("/admin/rtp", asked).status_code == 404

    User.objects.filter(pk=alice.pk).update(operator=borealis)
    alice.operator = borealis
    open_account(alice, borealis)
    fund(alice, "10.00")
    there = bet(alice, "coin", "2.00", 7)
    assert shown(api(olga).get("/admin/rtp", asked)) == {str(login.pk): naive([here])}
    assert shown(api(bruno).get("/admin/rtp", asked)) == {str(login.pk): naive([there])}
    assert shown(api(petra).get("/admin/rtp", asked)) == {str(login.pk): naive([here, there])}
    assert api(olga).get("/admin/rtp", asked | {"playerId": str(boris.pk)}).status_code == 404
    assert api(alice).get("/admin/rtp", asked).status_code == 403


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"group": "session"}, "playerId"), ({"group": "day"}, "group"), ({"group": "session", "from": "x"}, "from")],
)
def test_what_cannot_be_told_apart_by_login_is_invalid(asked: Any, field: str, alice: User, olga: User, api: Any):
    if field == "from":
        asked = asked | {"playerId": str(alice.pk)}
    answer = api(olga).get("/admin/rtp", asked)
    assert (answer.status_code, answer.data["errors"][0]["field"]) == (400, field)


def test_statements_stay_the_same_however_many_logins_there_are(
    alice: User, coin: Any, fund: Any, olga: User, api: Any, logged_in: Any, bet: Any
):
    fund(alice, "100.00")

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api(olga).get(f"/admin/rtp?group=session&playerId={alice.pk}").status_code == 200
        return len(captured)

    logged_in(alice, 30, 29)
    bet(alice, "coin", "1.00", 29.5)
    before = statements()
    for hours in range(20, 10, -1):
        logged_in(alice, hours, hours - 0.5)
        bet(alice, "coin", "1.00", hours - 0.25)
    assert statements() == before


# The bet there is, 10,000 times over 100 days: one copy in fifty is the player's own, the others are other people's.
COPIES = """
INSERT INTO betting_bet SELECT copy.* FROM betting_bet b, generate_series(1, 10000) n,
  LATERAL (SELECT now() - n * interval '15 minutes' AS at) made,
  LATERAL (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS moment,
                  substr(replace(gen_random_uuid()::text, '-', ''), 13) AS rest) id,
  LATERAL jsonb_populate_record(b, jsonb_build_object(
    'id', moment || rest, 'created_at', at, 'idempotency_key', 'copy-' || n, 'seed_pair_id', NULL,
    'player_id', CASE WHEN n % 50 = 0 THEN b.player_id ELSE gen_random_uuid() END)) copy
"""


def test_the_bets_of_one_player_are_found_by_their_index(alice: User, coin: Any, fund: Any, logged_in: Any, bet: Any):
    fund(alice, "10.00")
    logged_in(alice, 3)
    bet(alice, "coin", "1.00", 1)
    asked = last_days(timezone.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COPIES)
        cursor.execute("ANALYZE betting_bet")
        statement, parameters = session_reports.bets_of_logins(None, asked, alice, None)
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING off) {statement}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        transaction.set_rollback(True)
    assert "bet_by_player" in plan
    assert "login_session_by_player" in plan
    assert "Seq Scan on betting_bet" not in plan
    # 30 of 100 days, in the player's 200 bets.
    (found,) = re.findall(r"on betting_bet b .*?rows=(\d+)", plan)[-1:]
    assert int(found) < 70, plan


def test_nothing_is_said_of_when_where_there_is_no_replica(alice: User, olga: User, api: Any):
    for address in ("/admin/rtp", f"/admin/rtp?group=session&playerId={alice.pk}", "/admin/transactions"):
        assert "as_of" not in api(olga).get(address).data
