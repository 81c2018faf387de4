"""The games and bonuses of the betting tests."""

from betting.tests.conftest import give_bonus, give_spins, make_game, order_of, play, sure_game

__all__ = ["give_bonus", "give_spins", "make_game", "order_of", "play", "sure_game"]
