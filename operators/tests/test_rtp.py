"""The verdict's arithmetic on known sums, and the monitor: one alert for each worsening, and the switch-off."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from betting.models import HourRollup
from casino.games.models import Game, GameSwitch
from operators import rtp
from operators.figures import Tally, figures_document
from operators.models import Alert, Operator, SignificantEvent
from operators.platform import PlatformSettings, RtpState
from operators.tasks import watch_rtp
from wallets import news


def tally(z: str, *, bets: int = 10_000, variance: str = "400", wagers: str = "10000") -> Tally:
    """Wagers of 10,000 at 96 % whose unrounded wins lie ``z`` standard deviations off."""
    off = Decimal(z) * Decimal(variance).sqrt()
    return Tally(
        bets=bets, wagers=Decimal(wagers), wins=Decimal(9600) + off.quantize(Decimal("0.01")),
        unrounded_wins=Decimal(9600) + off, expected_wins=Decimal(9600), variance=Decimal(variance),
    )  # fmt: skip


def test_the_statistics_of_known_sums_are_exact():
    """The reference slot: RTP 24/25, variance 1140083/100000; 100 bets of 1.00 and 50 of 2.00."""
    variance = Decimal(1140083) / 100000
    found = Tally(
        bets=150, wagers=Decimal(200), wins=Decimal("250.00"), unrounded_wins=Decimal("250.00"),
        expected_wins=Decimal(192), variance=100 * variance + 50 * 4 * variance,
    )  # fmt: skip
    shown = figures_document(found, PlatformSettings())
    assert (shown["rtp"], shown["theoretical_rtp"]) == ("125.00", "96.00")
    # σ·√Σw² ÷ Σw = 3.376512…·√300 ÷ 200, in percent points; 58 ÷ (3.376512…·√300).
    assert shown["standard_error"] == f"{variance.sqrt() * Decimal(300).sqrt() / 2:.4f}" == "29.2414"
    assert shown["z"] == f"{58 / (variance.sqrt() * Decimal(300).sqrt()):.4f}" == "0.9917"
    assert shown["verdict"] == "too_few"


@pytest.mark.parametrize(
    ("z", "bets", "verdict"),
    [
        ("0", 9_999, "too_few"), ("9", 9_999, "too_few"), ("0", 10_000, "ok"), ("2.579999", 10_000, "ok"),
        ("2.58", 10_000, "amber"), ("-2.58", 10_000, "amber"), ("3.889999", 10_000, "amber"), ("3.89", 10_000, "red"),
        ("-3.89", 10_000, "red"), ("-2.57", 10_000_000, "ok"),
    ],
)  # fmt: skip
def test_the_verdict_turns_exactly_at_its_thresholds(z: str, bets: int, verdict: str):
    assert tally(z, bets=bets).verdict(PlatformSettings()) == verdict


def test_a_game_that_cannot_vary_is_ok_on_its_mean_and_red_off_it():
    assert tally("0", variance="0").verdict(PlatformSettings()) == "ok"
    off = Tally(bets=10_000, wagers=Decimal(1), unrounded_wins=Decimal("0.000000000001"))
    assert off.verdict(PlatformSettings()) == "red"
    assert figures_document(off, PlatformSettings())["z"] is None


def test_thresholds_are_the_platforms_row():
    strict = PlatformSettings(rtp_least_rounds=10, rtp_amber=Decimal(1), rtp_red=Decimal(2))
    assert [tally(z, bets=10).verdict(strict) for z in ("0.9", "1", "2")] == ["ok", "amber", "red"]


def test_nothing_played_has_no_return():
    shown = figures_document(Tally(), PlatformSettings())
    assert (shown["rtp"], shown["theoretical_rtp"], shown["standard_error"], shown["z"]) == (None,) * 4
    assert (shown["wagers"], shown["verdict"]) == ("0.00", "too_few")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was published to the feeds."""
    messages: list[Any] = []
    monkeypatch.setattr(news, "publish", messages.extend)
    return messages


@pytest.fixture
def set_play(db: None, alice: Any) -> Any:
    """Make this hour's play of a game at an operator lie ``z`` off, by its rollup row alone."""

    def make(game: Game, operator: Operator, z: str, bets: int = 20_000) -> None:
        sums = tally(z, bets=bets)
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        HourRollup.objects.update_or_create(
            hour=hour, operator=operator, player=alice, game_version=game.version, money="real",
            defaults={
                "is_seeded": False, "bets": bets, "wagers": sums.wagers, "wins": sums.wins,
                "unrounded_wins": sums.unrounded_wins, "expected_wins": sums.expected_wins, "variance": sums.variance,
            },
        )  # fmt: skip

    return make


def raised_alerts() -> list[tuple[str | None, str]]:
    """Whose alerts of which severity, in the order they were raised."""
    rows = Alert.objects.filter(kind="rtp").order_by("id")
    return [(alert.operator.slug if alert.operator else None, alert.severity) for alert in rows]


def test_a_worsening_is_told_once(coin: Game, aurora: Operator, set_play: Any, told: list[Any]):
    for z, raised in (("1", 0), ("3", 2), ("3.2", 0), ("4", 2), ("5", 0), ("3", 0), ("4", 2), ("0", 0), ("-2.7", 2)):
        set_play(coin, aurora, z)
        assert watch_rtp() == raised, z
        assert watch_rtp() == 0
    assert raised_alerts() == [
        ("aurora", "warning"), (None, "warning"), ("aurora", "critical"), (None, "critical"),
        ("aurora", "critical"), (None, "critical"), ("aurora", "warning"), (None, "warning"),
    ]  # fmt: skip
    feeds = [message.feed for message in told if message.type == "alert.raised"]
    assert feeds == [f"operator:{aurora.pk}", "platform", "platform"] * 4
    first = Alert.objects.filter(operator=aurora, kind="rtp").earliest("id")
    assert first.details["game"]["slug"] == "coin"
    assert (first.details["verdict"], first.details["z"], first.details["before"]) == ("amber", "3.0000", "ok")
    assert {(state.operator, state.verdict) for state in RtpState.objects.all()} == {(aurora, "amber"), (None, "amber")}


def test_operators_are_judged_apart_and_the_game_together(
    coin: Game, aurora: Operator, borealis: Operator, set_play: Any
):
    set_play(coin, aurora, "5")
    set_play(coin, borealis, "-5")
    assert rtp.watch(timezone.now()) == 2
    assert raised_alerts() == [("aurora", "critical"), ("borealis", "critical")]
    assert RtpState.objects.get(operator=None).verdict == "ok"


def test_too_few_rounds_raise_nothing(coin: Game, aurora: Operator, set_play: Any):
    set_play(coin, aurora, "9", bets=9_999)
    assert rtp.watch(timezone.now()) == 0
    assert not RtpState.objects.exists()


def test_two_runs_at_once_raise_one_alert(coin: Game, aurora: Operator, set_play: Any):
    set_play(coin, aurora, "1")
    now = timezone.now()
    rtp.watch(now)
    set_play(coin, aurora, "4")
    state = RtpState.objects.get(operator=aurora)
    rtp.watch(now)
    late = rtp.Subject(coin.pk, aurora.pk, coin.version_id)
    assert not rtp._note(late, state, rtp.Verdict.RED, tally("4"), PlatformSettings(), now)
    assert not rtp._note(late, None, rtp.Verdict.RED, tally("4"), PlatformSettings(), now)
    assert len(raised_alerts()) == 2


def test_a_red_game_stays_on_unless_the_platform_says_otherwise(coin: Game, aurora: Operator, set_play: Any):
    set_play(coin, aurora, "4")
    rtp.watch(timezone.now())
    coin.refresh_from_db()
    assert coin.is_active
    assert not GameSwitch.objects.exists()


def test_a_red_game_is_switched_off_where_the_platform_says_so(coin: Game, aurora: Operator, set_play: Any):
    PlatformSettings.objects.create(rtp_switches_off=True)
    set_play(coin, aurora, "4")
    rtp.watch(timezone.now())
    coin.refresh_from_db()
    assert not coin.is_active
    assert not GameSwitch.objects.get(operator=aurora, game=coin).is_enabled
    events = SignificantEvent.objects.filter(kind="game.switched_off").order_by("id")
    assert [(event.operator, bool(event.reason), event.after["is_active"]) for event in events] == [
        (aurora, True, False), (None, True, False),
    ]  # fmt: skip
    Game.objects.update(is_active=True)
    rtp.watch(timezone.now() + timedelta(minutes=1))
    coin.refresh_from_db()
    assert coin.is_active, "a person who switches it on again is not overruled while the colour stays"
