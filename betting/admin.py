"""Bets in the back office: looked at, never changed."""

from django.contrib import admin

from betting.models import Bet
from casino.admin import ReadOnly


@admin.register(Bet)
class BetAdmin(ReadOnly):
    list_display = ("id", "created_at", "operator", "player", "game", "bet_type", "wager", "win", "ggr")
    list_filter = ("bet_type",)
    list_select_related = ("operator", "player", "game")
    show_full_result_count = False
    ordering = ("-id",)
