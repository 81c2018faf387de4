"""Reports on play: every figure equals a recount of the bets, whatever was folded, and isolation holds in each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from betting import rollups
from casino.errors import Invalid
from operators.periods import parse_period
from operators.tests.conftest import Cast, midnight, naive

pytestmark = pytest.mark.usefixtures("books_close")
NOON = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)


def intervals(cast: Cast) -> list[tuple[dict[str, str], datetime, datetime]]:
    """Query parameters with the moments they mean."""
    today, hour = midnight(cast.now), cast.now.replace(minute=0, second=0, microsecond=0)
    week = today - timedelta(days=6)
    start, end = hour - timedelta(hours=150), hour - timedelta(hours=24)
    return [
        ({}, today - timedelta(days=29), today + timedelta(days=1)),
        ({"from": f"{week:%F}", "to": f"{today:%F}"}, week, today + timedelta(days=1)),
        ({"from": f"{week:%F}", "to": f"{week:%F}"}, week, week + timedelta(days=1)),
        ({"from": f"{start:%FT%TZ}", "to": f"{end:%FT%TZ}"}, start, end),
        ({"from": f"{hour:%FT%TZ}", "to": f"{hour + timedelta(hours=1):%FT%TZ}"}, hour, hour + timedelta(hours=1)),
        ({"from": f"{today:%F}", "to": f"{today:%F}"}, today, today + timedelta(days=1)),
    ]


def check_rtp(answer: Any, bets: list[Any]) -> None:
    assert answer.status_code == 200, answer.data
    assert answer.data["totals"] == naive(bets)
    for group, name in (("games", "game_id"), ("players", "player_id")):
        parts: dict[str, list[Any]] = {}
        for bet in bets:
            parts.setdefault(str(getattr(bet, name)), []).append(bet)
        kind = group[:-1]
        shown = {
            row[kind]["id"]: {key: value for key, value in row.items() if key != kind} for row in answer.data[group]
        }
        assert shown == {key: naive(rows) for key, rows in parts.items()}


@pytest.mark.parametrize("seeded", ["include", "exclude", "only"])
def test_the_rtp_report_equals_a_recount_of_the_bets(
    history: Cast, petra: Any, olga: Any, api: Any, bets_where: Any, seeded: str
):
    flag = {"include": None, "exclude": False, "only": True}[seeded]
    for asked, start, end in intervals(history):
        for operator in (None, *history.operators.values()):
            named = asked | {"seeded": seeded} | ({"operator": operator.slug} if operator else {})
            bets = bets_where(start, end, operator=operator, player__is_seeded=flag)
            check_rtp(api(petra).get("/admin/rtp", named), bets)
        bets = bets_where(start, end, operator=olga.operator, player__is_seeded=flag)
        check_rtp(api(olga).get("/admin/rtp", asked | {"seeded": seeded}), bets)


def test_the_rtp_report_narrows_to_a_game_and_a_player(history: Cast, olga: Any, api: Any, bets_where: Any):
    alice, (coin, third, _) = history.players["alice"], history.games
    for asked, start, end in intervals(history):
        for game in (coin, third):
            for name in (str(game.pk), game.slug):
                answer = api(olga).get("/admin/rtp", asked | {"gameId": name})
                check_rtp(answer, bets_where(start, end, operator=olga.operator, game=game))
            answer = api(olga).get("/admin/rtp", asked | {"gameId": game.slug, "playerId": str(alice.pk)})
            check_rtp(answer, bets_where(start, end, operator=olga.operator, game=game, player=alice))
        answer = api(olga).get("/admin/rtp", asked | {"playerId": str(alice.pk)})
        check_rtp(answer, bets_where(start, end, operator=olga.operator, player=alice))


def test_a_games_performance_equals_a_recount_by_version(
    history: Cast, petra: Any, olga: Any, api: Any, bets_where: Any, play: Any
):
    from casino.games.services import change_game

    game = history.games[0]
    even = {"outcomes": [{"label": "same", "weight": 1, "multiplier": "0.96"}]}
    change_game(game.pk, {"paytable": even})
    play(history.players["boris"], "coin", "4.00")
    for asked, start, end in intervals(history):
        for user, operator in ((petra, None), (olga, olga.operator)):
            data = api(user).get("/admin/games/coin/performance", asked).data
            bets = bets_where(start, end, operator=operator, game=game)
            assert (data["game"]["slug"], data["version"]) == ("coin", 2)
            assert data["totals"] == naive(bets)
            versions = sorted({bet.game_version.number for bet in bets}, reverse=True)
            assert data["by_version"] == [
                {"version": number, **naive(bet for bet in bets if bet.game_version.number == number)}
                for number in versions
            ]
            assert {row["player"]["id"]: row["wagers"] for row in data["players"]} == {
                str(player): naive(bet for bet in bets if bet.player_id == player)["wagers"]
                for player in {bet.player_id for bet in bets}
            }


def test_a_running_day_is_right_the_moment_a_bet_commits(cast: Cast, olga: Any, api: Any, fund: Any, play: Any):
    alice, today = cast.players["alice"], f"{cast.now:%F}"
    fund(alice, "50.00")
    for number in (1, 2, 3):
        play(alice, "coin", "5.00")
        assert api(olga).get("/admin/rtp", {"from": today}).data["totals"]["bets"] == number
        assert api(olga).get("/admin/financials", {"from": today}).data["wagers"] == f"{5 * number}.00"


def test_folding_changes_no_figure(history: Cast, petra: Any, api: Any):
    before = [api(petra).get("/admin/rtp", asked).data for asked, _, _ in intervals(history)]
    assert rollups.fold(history.now + timedelta(days=2))
    assert [api(petra).get("/admin/rtp", asked).data for asked, _, _ in intervals(history)] == before


def test_statements_do_not_grow_with_the_play(
    history: Cast, petra: Any, api: Any, make_player: Any, provider_account: Any, order_of: Any
):
    addresses = [
        "/admin/rtp", "/admin/games/coin/performance", "/admin/financials", "/admin/transactions", "/admin/players",
        f"/admin/players/{history.players['alice'].pk}", "/admin/alerts", "/admin/settings",
    ]  # fmt: skip
    before = [_statements(api(petra), address) for address in addresses]
    from decimal import Decimal

    from betting.services import place_bets
    from wallets.services import deposit_through_webhook

    for number in range(5):
        player = make_player(f"more{number}", history.operators["aurora"])
        deposit_through_webhook(player, Decimal(50))
        place_bets([order_of(player, game.slug, "1.00") for game in history.games])
    assert [_statements(api(petra), address) for address in addresses] == before


def _statements(client: Any, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_money_of_several_currencies_has_no_currency(history: Cast, petra: Any, olga: Any, api: Any):
    assert api(petra).get("/admin/rtp").data["currency"] is None
    assert api(petra).get("/admin/rtp", {"operator": "cascade"}).data["currency"] == "EUR"
    assert api(olga).get("/admin/rtp").data["currency"] == "USD"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, "2026-02-14T00", "2026-03-16T00"),
        ({"from": "2026-03-01"}, "2026-03-01T00", "2026-03-16T00"),
        ({"from": "2026-03-01", "to": "2026-03-01"}, "2026-03-01T00", "2026-03-02T00"),
        ({"to": "2026-03-01"}, "2026-01-31T00", "2026-03-02T00"),
        ({"from": "2026-03-01T05:00:00Z", "to": "2026-03-01T06:00:00Z"}, "2026-03-01T05", "2026-03-01T06"),
        ({"from": "2026-03-01T05:00:00+02:00", "to": "2026-03-01"}, "2026-03-01T03", "2026-03-02T00"),
        ({"from": "", "to": "2026-03-15T13:00:00.000z"}, "2026-02-13T00", "2026-03-15T13"),
    ],
)
def test_an_interval_is_dates_or_whole_hours(asked: dict[str, str], start: str, end: str):
    period = parse_period(asked, NOON)
    assert (f"{period.start:%FT%H}", f"{period.end:%FT%H}") == (start, end)


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-03-01T05:30:00Z"}, {"from": "2026-03-01T05:00:00+05:30"}, {"to": "2026-03-01T05:00:01Z"},
        {"from": "yesterday"}, {"from": "2026-02-30"}, {"to": "9999-12-31"}, {"from": "0001-01-01"},
        {"from": "٢٠٢٦-03-01"}, {"from": "2026-03-02", "to": "2026-03-01"}, {"from": "2026-03-16"}, {"seeded": "maybe"},
        {"from": "2026-03-01T05:00:00"}, {"from": "20260301"}, {"to": "2026-03-01 05:00:00Z"},
    ],
)  # fmt: skip
def test_other_intervals_are_invalid(asked: dict[str, str], api: Any, petra: Any):
    with pytest.raises(Invalid) as refused:
        parse_period(asked, NOON)
    assert refused.value.errors[0]["field"] in ("from", "to", "seeded")
    answer = api(petra).get("/admin/rtp", asked)
    assert answer.status_code == (200 if asked == {"from": "2026-03-16"} else 400)
