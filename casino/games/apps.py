"""Games and their maths."""

from django.apps import AppConfig


class GamesConfig(AppConfig):
    name = "casino.games"
    label = "games"
