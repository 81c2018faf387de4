"""The demo games: every one loads through the door that games of the API use, and its figures are what it says."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from casino.games.paytables import KINDS, ParSheet, check_payable, check_rules, check_stated, load, percent
from casino.games.rng import provably_fair_words
from casino.money import parse_amount

FOLDER = Path(__file__).resolve().parents[3] / "seeding" / "catalogue"
GAMES: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
FIELDS = {
    "name", "slug", "category", "kind", "provider", "description", "rtp", "min_bet", "max_bet", "bonus_allowed",
    "wagering_weight", "vip_weight", "jackpot_group", "paytable",
}  # fmt: skip
# What the bet that a game is played for returns; a side bet may return less.
MAIN_BETS = {"roulette": "even_money", "baccarat": "banker"}
# Room for the jackpots: a contribution of 1 % and as much again of hits at seed value.
JACKPOT = Fraction(2, 100)


@pytest.fixture(scope="module", params=GAMES)
def game(request: pytest.FixtureRequest) -> tuple[dict[str, Any], ParSheet]:
    """A demo game and its sheet."""
    data = GAMES[request.param]
    return data, load(data["kind"], data["paytable"]).par(JACKPOT if data["jackpot_group"] else Fraction(0))


def test_the_catalogue_covers_all_kinds_categories_and_tempers() -> None:
    assert len(GAMES) >= 24
    assert {game["kind"] for game in GAMES.values()} == set(KINDS)
    assert {game["category"] for game in GAMES.values()} == {"slots", "table", "dice", "instant", "jackpot"}
    sheets = [load(game["kind"], game["paytable"]).par() for game in GAMES.values()]
    assert {par.volatility for par in sheets} == {"low", "medium", "high", "very high"}
    assert len({game["name"] for game in GAMES.values()}) == len(GAMES)


def test_a_demo_game_is_complete(game: tuple[dict[str, Any], ParSheet]) -> None:
    data, _ = game
    assert set(data) == FIELDS
    assert data["slug"] == next(slug for slug, other in GAMES.items() if other is data)
    assert 0 < parse_amount(data["min_bet"]) < parse_amount(data["max_bet"])
    assert isinstance(data["bonus_allowed"], bool)
    assert 0 <= Decimal(data["wagering_weight"]) <= 1
    assert 0 <= Decimal(data["vip_weight"]) <= 1
    assert 10 < len(data["description"]) < 120
    assert (data["jackpot_group"] == "house") == (data["category"] == "jackpot")


def test_a_demo_game_states_its_exact_rtp_and_keeps_the_rules(game: tuple[dict[str, Any], ParSheet]) -> None:
    data, par = game
    check_rules(par)
    check_stated(Decimal(data["rtp"]), par)
    check_payable(par, Decimal(data["max_bet"]))
    assert data["rtp"] == percent(par.rtp)


def test_the_main_bet_of_a_demo_game_returns_between_92_and_98_99_percent(
    game: tuple[dict[str, Any], ParSheet],
) -> None:
    data, par = game
    main = MAIN_BETS.get(data["kind"])
    rtps = [bet.moments.mean for bet in par.bets if main in (None, bet.bet)]
    assert rtps
    assert all(Fraction(92, 100) <= rtp <= Fraction("0.9899") for rtp in rtps)


def test_a_demo_game_can_be_played(game: tuple[dict[str, Any], ParSheet]) -> None:
    data, _ = game
    table = load(data["kind"], data["paytable"])
    places = {"roulette": "straight:7", "dice": "over:2", "baccarat": "player", "keno": "3,8,21,34,55,80"}
    place = "2,7" if data["slug"] == "riverside-keno" else places.get(data["kind"])
    raw = [{"on": place, "stake": data["min_bet"]}] if place else None
    chips = table.selections(raw, Decimal(data["min_bet"]))
    for nonce in range(200):
        draw = table.draw(chips, provably_fair_words("5" * 64, "demo", nonce))
        assert draw.multiplier >= 0
        assert json.loads(json.dumps(draw.outcome)) == draw.outcome
