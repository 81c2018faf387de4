"""Rollups: at every level exactly the sums of the bets, folded once, with late bets beside."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from betting import rollups
from betting.models import Bet, DailyTotal, HourlyTotal, HourRollup
from betting.rollups import SUMS
from betting.services import place_bets
from casino.users.models import User

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY_PLAYER = ("hour", "operator_id", "player_id", "game_version_id", "money", "is_seeded")
BY_HOUR = ("hour", "operator_id", "game_version_id", "money", "is_seeded")
BY_DAY = ("day", "operator_id", "player_id", "game_version_id", "money")


def recounted(keys: tuple[str, ...]) -> dict[Any, list[Any]]:
    """The sums over the bets under ``keys``, counted one by one."""
    found: dict[Any, list[Any]] = defaultdict(lambda: [0] * len(SUMS))
    for bet in Bet.objects.select_related("player"):
        at = bet.created_at.astimezone(UTC)
        facts = {
            "hour": at.replace(minute=0, second=0, microsecond=0), "day": at.date(), "money": bet.bet_type,
            "is_seeded": bet.player.is_seeded, "operator_id": bet.operator_id, "player_id": bet.player_id,
            "game_version_id": bet.game_version_id,
        }  # fmt: skip
        added = [1, bet.wager, bet.win, bet.unrounded_win, bet.expected_win, bet.variance, bet.jackpot_win,
                 bet.jackpot_contribution]  # fmt: skip
        key = tuple(facts[name] for name in keys)
        found[key] = [old + new for old, new in zip(found[key], added, strict=True)]
    return dict(found)


def stored(rows: Iterable[Any], keys: tuple[str, ...]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(lambda: [0] * len(SUMS))
    for row in rows:
        key = tuple(getattr(row, name) for name in keys)
        found[key] = [old + getattr(row, name) for old, name in zip(found[key], SUMS, strict=True)]
    return dict(found)


@pytest.fixture
def busy_hours(
    alice: User, boris: User, fund: Any, give_bonus: Any, give_spins: Any, make_jackpot: Any, sure_game: Any,
    coin: Any, order_of: Any,
) -> Any:  # fmt: skip
    """``busy_hours(noon)``: bets of every kind of money from 09:15 to 12:00 and around the midnight before."""
    User.objects.filter(pk=boris.pk).update(is_seeded=True)
    sure_game("festive", "0.95", make_jackpot({"rate": D("0.01"), "seed": D(10), "odds": D("0.25")}))
    for player in (alice, boris):
        fund(player, "50.00")
    give_bonus(boris, "200.00")
    spins = give_spins(alice, coin, 20, "0.50")

    def play(noon: datetime) -> None:
        moments = [noon - timedelta(minutes=minutes) for minutes in (165, 125, 120, 61, 60, 1, 0, 13 * 60, 12 * 60 - 1)]
        for at in moments:
            orders = [
                order_of(alice, "coin", "0.37"), order_of(boris, "coin", "0.41"), order_of(alice, "festive", "4.11"),
                order_of(boris, "festive", "0.11"), order_of(alice, "coin", None, free_spin=str(spins.pk)),
                order_of(alice, "coin", "0.23"),
            ]  # fmt: skip
            settled = [answer.bet.bet_type for answer in place_bets(orders, at=at)]
            assert settled == ["real", "real", "real", "real", "free_spin", "real"]

    return play


def test_every_level_is_the_sum_of_the_bets(busy_hours: Any):
    busy_hours(NOON)
    by_player = recounted(BY_PLAYER)
    assert stored(HourRollup.objects.open(), BY_PLAYER) == by_player
    assert HourRollup.objects.count() == len(by_player), "one row per hour, player, game and money"
    assert rollups.fold(NOON + timedelta(hours=2)) == len(by_player)
    assert stored(HourRollup.objects.all(), BY_PLAYER) == by_player
    assert stored(HourlyTotal.objects.all(), BY_HOUR) == recounted(BY_HOUR)
    assert stored(DailyTotal.objects.all(), BY_DAY) == recounted(BY_DAY)


def test_folding_twice_folds_once(busy_hours: Any):
    busy_hours(NOON)
    assert rollups.fold(NOON + timedelta(hours=2)) > 0
    assert rollups.fold(NOON + timedelta(hours=2)) == 0
    assert stored(HourlyTotal.objects.all(), BY_HOUR) == recounted(BY_HOUR)


def test_a_late_bet_into_a_folded_hour_stands_beside_it_until_it_is_folded_too(busy_hours: Any):
    busy_hours(NOON)
    rollups.fold(NOON + timedelta(hours=2))
    folded = list(HourRollup.objects.order_by("pk").values())
    busy_hours(NOON)
    assert list(HourRollup.objects.filter(is_folded=True).order_by("pk").values()) == folded, "what is folded stays"
    assert stored(HourRollup.objects.all(), BY_PLAYER) == recounted(BY_PLAYER)
    rollups.fold(NOON + timedelta(hours=2))
    assert stored(HourlyTotal.objects.all(), BY_HOUR) == recounted(BY_HOUR)
    assert stored(DailyTotal.objects.all(), BY_DAY) == recounted(BY_DAY)


def test_an_hour_is_folded_ten_minutes_after_its_end(busy_hours: Any):
    busy_hours(NOON)
    rollups.fold(NOON + timedelta(minutes=9, seconds=59))
    assert set(HourRollup.objects.open().values_list("hour", flat=True)) == {NOON - timedelta(hours=1), NOON}
    rollups.fold(NOON + timedelta(minutes=10))
    assert set(HourRollup.objects.open().values_list("hour", flat=True)) == {NOON}
    rollups.fold(NOON + timedelta(minutes=69))
    assert HourRollup.objects.open().exists(), "its own hour is not over yet"
    rollups.fold(NOON + timedelta(minutes=70))
    assert not HourRollup.objects.open().exists()


@pytest.mark.parametrize("offset", [timedelta(hours=5, minutes=30), timedelta(hours=-9, minutes=-30)])
def test_hours_are_utcs_whatever_clock_a_history_run_reads(offset: timedelta, busy_hours: Any):
    busy_hours(NOON.astimezone(timezone(offset)))
    assert stored(HourRollup.objects.all(), BY_PLAYER) == recounted(BY_PLAYER)


def rolled() -> list[tuple[str, Decimal, Decimal, Decimal, Decimal, Decimal]]:
    rows = HourRollup.objects.order_by("money")
    return [(row.money, row.wagers, row.wins, row.unrounded_wins, row.expected_wins, row.variance) for row in rows]


def test_expected_wins_and_variance_of_a_coin_are_exact(
    boris: User, fund: Any, give_bonus: Any, give_spins: Any, coin: Any, order_of: Any
):
    """Mean 0.96 and variance 0.48 × 4 − 0.96² = 0.9984 per unit: Σ w × 0.96 and Σ w² × 0.9984."""
    fund(boris, "100.00")
    wagers = [D("0.10"), D("2.50"), D("7.77")]
    place_bets([order_of(boris, "coin", f"{wager}") for wager in wagers])
    ((money, total, wins, unrounded, expected, variance),) = rolled()
    assert (money, total, unrounded) == ("real", D("10.37"), wins)
    assert (expected, variance) == (D("9.955200"), sum(wager * wager for wager in wagers) * D("0.9984"))


def test_a_win_cut_to_cents_is_kept_whole_for_the_truth_about_rtp(
    alice: User, fund: Any, give_bonus: Any, give_spins: Any, sure_game: Any, order_of: Any
):
    game = sure_game("shave", "0.955")
    fund(alice, "1.00")
    place_bets([order_of(alice, "shave", "0.77")])
    give_bonus(alice, "10.00")
    spins = give_spins(alice, game, 1, "0.33")
    orders = [order_of(alice, "shave", wager) for wager in ("0.11", "0.11", "0.99")]
    place_bets([*orders, order_of(alice, "shave", None, free_spin=str(spins.pk))])
    assert rolled() == [
        ("bonus", D("0.99"), D("0.94"), D("0.94545"), D("0.94545"), D(0)),
        ("free_spin", D("0.33"), D("0.31"), D("0.31515"), D("0.31515"), D(0)),
        ("real", D("0.99"), D("0.93"), D("0.94545"), D("0.94545"), D(0)),
    ]


def test_roulette_has_the_mean_and_variance_of_the_chips_that_were_laid(
    alice: User, make_game: Any, fund: Any, order_of: Any
):
    """Even money has 36/37 and 1368/1369, a straight 36/37 and 46656/1369, per unit, cut to a 10¹²th."""
    make_game("wheel", kind="roulette", paytable={"zeros": 1})
    fund(alice, "100.00")
    chips = [[{"on": "red", "stake": "1.00"}], [{"on": "straight:17", "stake": "2.00"}]]
    place_bets([order_of(alice, "wheel", wager, selections=on) for wager, on in zip(("1", "2"), chips, strict=True)])
    bets = [(bet.expected_win, bet.variance) for bet in Bet.objects.order_by("id")]
    assert bets == [(D("0.972972972972"), D("0.999269539810")), (D("1.945945945945"), D("136.321402483564"))]
    (row,) = rolled()
    assert row[4:] == (D("2.918918918917"), D("137.320672023374"))
