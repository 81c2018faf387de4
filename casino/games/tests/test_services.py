"""Games are made, changed, retired and switched; every change leaves its event, every refusal leaves nothing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from betting.models import Bet, BetType
from casino.errors import Invalid
from casino.games.models import Game, GameSwitch, GameVersion, UnknownGame
from casino.games.paytables import InvalidPaytable
from casino.games.removals import remove_gone_games
from casino.games.services import (
    GameRetired,
    GameSpec,
    SlugTaken,
    change_game,
    create_game,
    publish_version,
    retire_game,
    set_switch,
)
from casino.games.tests.conftest import COIN, other_coin
from casino.games.versions import RtpDisagrees
from casino.users.models import User
from operators.models import Operator, RngProvider, SignificantEvent

pytestmark = pytest.mark.django_db


def kinds_of_events() -> list[str]:
    return list(SignificantEvent.objects.order_by("id").values_list("kind", flat=True))


@pytest.fixture
def bet_on(wallet_of: Callable[[User], Any]) -> Callable[[User, Game], Bet]:
    """A bet row, which names its game and version for ever."""

    def make(player: User, game: Game) -> Bet:
        wallet = wallet_of(player)
        return Bet.objects.create(
            created_at=timezone.now(), operator_id=wallet.operator_id, player=player, wallet=wallet, wallet_version=1,
            game=game, game_version=game.version, bet_type=BetType.REAL, currency="USD", wager=1, win=0, multiplier=0,
            real_before=1, real_after=0, bonus_before=0, bonus_after=0, ggr=1, rng_provider=RngProvider.SYSTEM,
            outcome={}, idempotency_key="bet-0001", request_digest="0",
        )  # fmt: skip

    return make


def test_a_shared_game_is_made_without_an_actor_and_stores_its_figures_exactly(reference_slot: dict[str, Any]) -> None:
    game = create_game(GameSpec(**reference_slot, stated_rtp=Decimal("96.00")))

    version = GameVersion.objects.get(game=game)
    assert (game.slug, game.operator_id, game.version, version.number) == ("reference-slot", None, version, 1)
    assert (version.rtp, version.sigma, version.hit_rate, version.max_multiplier) == (
        Decimal(96), Decimal("3.376512"), Decimal("43.4"), Decimal("105.2"),
    )  # fmt: skip
    assert version.par["exact"] == {"rtp": "24/25", "variance": "1140083/100000"}
    assert version.par["kind"] == "reels"
    assert kinds_of_events() == ["game.version_published", "game.created"]
    assert not SignificantEvent.objects.exclude(actor=None).exists()


def test_a_stated_rtp_that_disagrees_makes_no_game(reference_slot: dict[str, Any]) -> None:
    with pytest.raises(RtpDisagrees, match=r"96\.00"):
        create_game(GameSpec(**reference_slot, stated_rtp=Decimal("96.01")))

    assert not Game.objects.exists()
    assert not SignificantEvent.objects.exists()


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"category": "unheard-of"}, "category"),
        ({"kind": "unheard-of"}, "kind"),
        ({"min_bet": Decimal(2), "max_bet": Decimal(1)}, "max_bet"),
        ({"min_bet": Decimal(0)}, "min_bet"),
        ({"min_bet": Decimal("0.001")}, "min_bet"),
        ({"wagering_weight": Decimal("10.01")}, "wagering_weight"),
        ({"vip_weight": Decimal(-1)}, "vip_weight"),
        ({"max_bet": Decimal("500000000000.00")}, "max_bet"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": "0198b2c4-0000-7000-8000-000000000000"}, "slug"),
        ({"slug": None, "name": "星"}, "slug"),
        ({"paytable": {"outcomes": []}}, "paytable"),
        ({"paytable": other_coin(5200)}, "paytable"),
        ({"paytable": other_coin(2)}, "paytable"),
    ],
)
def test_what_cannot_be_kept_makes_no_game(make_coin: Callable[..., Game], spec: dict[str, Any], field: str) -> None:
    facts = {"slug": "coin", "name": "Coin", "category": "instant", "kind": "weighted", "paytable": COIN} | spec

    with pytest.raises(Invalid) as refusal:
        create_game(GameSpec(**facts))

    assert [error["field"] for error in refusal.value.errors] == [field]
    assert not Game.objects.exists()
    assert not SignificantEvent.objects.exists()


def test_a_top_win_is_payable_up_to_the_largest_amount(make_coin: Callable[..., Game]) -> None:
    game = make_coin("whale", max_bet=Decimal("499999999999.99"))

    with pytest.raises(Invalid, match="more than"):
        change_game(game.pk, {"max_bet": Decimal("500000000000.00")})

    game.refresh_from_db()
    assert game.max_bet == Decimal("499999999999.99")


def test_a_slug_names_one_game(coin: Game, make_coin: Callable[..., Game]) -> None:
    other = make_coin("other")

    with pytest.raises(SlugTaken):
        make_coin("coin")
    with pytest.raises(SlugTaken):
        change_game(other.pk, {"slug": "coin"})

    assert set(Game.objects.values_list("slug", flat=True)) == {"coin", "other"}


def test_other_maths_make_a_version_and_leave_the_old_one_alone(coin: Game) -> None:
    first = GameVersion.objects.values().get(game=coin)

    change_game(coin.pk, {"paytable": other_coin(53)})

    coin.refresh_from_db()
    assert coin.version is not None
    assert (coin.version.number, coin.version.par["rtp"]) == (2, "95.049505")
    assert GameVersion.objects.values().get(game=coin, number=1) == first


def test_another_kind_makes_a_version_that_says_so(coin: Game, reference_slot: dict[str, Any]) -> None:
    change_game(coin.pk, {"kind": "reels", "paytable": reference_slot["paytable"]})

    assert list(coin.versions.order_by("number").values_list("number", "par__kind")) == [(1, "weighted"), (2, "reels")]


def test_a_kind_that_the_paytable_is_not_of_is_refused(coin: Game) -> None:
    with pytest.raises(InvalidPaytable):
        change_game(coin.pk, {"kind": "reels"})

    coin.refresh_from_db()
    assert (coin.kind, coin.versions.count()) == ("weighted", 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Golden Coin"},
        {"paytable": COIN},
        {"paytable": COIN, "kind": "weighted", "stated_rtp": Decimal(96)},
        {"stated_rtp": Decimal("96.005")},
    ],
)
def test_the_same_maths_make_no_version(coin: Game, changes: Any) -> None:
    change_game(coin.pk, changes)

    assert coin.versions.count() == 1


def test_exact_numbers_are_stored_as_they_were_written(coin: Game) -> None:
    outcomes = [
        {"label": "lose", "weight": 52, "multiplier": Decimal("0.00005")},
        {"label": "win", "weight": 48, "multiplier": Decimal("1.90")},
    ]

    change_game(coin.pk, {"paytable": {"outcomes": outcomes}})
    change_game(coin.pk, {"paytable": {"outcomes": outcomes}})

    newest = coin.versions.first()
    assert newest is not None
    assert [outcome["multiplier"] for outcome in newest.paytable["outcomes"]] == ["0.00005", 1.9]
    assert (newest.number, newest.par["exact"]["rtp"]) == (2, "456013/500000")


def test_a_version_is_published_under_the_callers_transaction(coin: Game, petra: User) -> None:
    version = publish_version(coin, other_coin(53), Decimal("95.05"), actor_id=petra.pk)

    coin.refresh_from_db()
    event = SignificantEvent.objects.get(kind="game.version_published", actor=petra)
    assert coin.version == version
    assert event.before == {"game": str(coin.pk), "kind": "weighted", "version": 1, "rtp": "96.00"}
    assert event.after == {"game": str(coin.pk), "kind": "weighted", "version": 2, "rtp": "95.049505"}


def test_a_change_is_told_with_who_and_only_what_differs(coin: Game, petra: User) -> None:
    change_game(coin.pk, {"max_bet": Decimal("50.00"), "is_active": False}, petra.pk)
    change_game(coin.pk, {"max_bet": Decimal("50.00")}, petra.pk)

    event = SignificantEvent.objects.get(kind="game.changed")
    assert (event.actor, event.operator) == (petra, None)
    assert event.before == {"game": str(coin.pk), "max_bet": "100.00", "is_active": True}
    assert event.after == {"game": str(coin.pk), "max_bet": "50.00", "is_active": False}


def test_a_game_without_bets_is_deleted_with_its_versions_and_switches(
    coin: Game, aurora: Operator, petra: User
) -> None:
    change_game(coin.pk, {"paytable": other_coin(53)})
    set_switch(coin.pk, aurora.pk, {"is_enabled": False})

    retire_game(coin.pk, petra.pk)

    assert not Game.objects.seen_at(aurora.pk).exists()
    event = SignificantEvent.objects.get(kind="game.deleted")
    assert (event.actor, event.after, event.before["paytable"]) == (petra, None, other_coin(53))
    for act in (lambda: retire_game(coin.pk), lambda: change_game(coin.pk, {"is_active": True})):
        with pytest.raises(UnknownGame):
            act()
    assert remove_gone_games(timezone.now() + timedelta(hours=23)) == 0
    assert remove_gone_games(timezone.now() + timedelta(hours=25)) == 1
    assert remove_gone_games(timezone.now() + timedelta(hours=25)) == 0
    assert not Game.objects.exists()
    assert not GameVersion.objects.exists()
    assert not GameSwitch.objects.exists()


def test_the_slug_of_a_deleted_game_is_free_at_once(coin: Game, make_coin: Callable[..., Game]) -> None:
    retire_game(coin.pk)
    another = make_coin("coin")
    retire_game(another.pk)
    assert make_coin("coin").slug == "coin"
    assert remove_gone_games(timezone.now() + timedelta(days=2)) == 2
    assert Game.objects.get().slug == "coin"


def test_a_game_that_bets_name_is_retired_and_changes_no_more(
    coin: Game, alice: User, aurora: Operator, bet_on: Callable[[User, Game], Bet]
) -> None:
    bet = bet_on(alice, coin)

    retire_game(coin.pk)
    retire_game(coin.pk)

    coin.refresh_from_db()
    assert (coin.is_active, coin.retired_at is not None, bet.game_version) == (False, True, coin.version)
    assert kinds_of_events().count("game.retired") == 1
    with pytest.raises(GameRetired):
        change_game(coin.pk, {"is_active": True})
    with pytest.raises(GameRetired):
        set_switch(coin.pk, aurora.pk, {"is_enabled": True})
    coin.refresh_from_db()
    assert not coin.is_active
