"""The back office's pages of games. Games change through their services only, which keep versions and events."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from casino.admin import ReadOnly
from casino.games.models import Category, Game, GameSwitch, GameVersion


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """Shelves of the lobby: the platform's to edit."""

    list_display = ["name", "slug", "position"]
    list_editable = ["position"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Game)
class GameAdmin(ReadOnly):
    list_display = ["name", "slug", "category", "kind", "operator", "rtp", "min_bet", "max_bet", "is_active"]
    list_filter = ["category", "kind", "is_active", "bonus_allowed"]
    list_select_related = ["category", "operator", "version"]
    search_fields = ["name", "slug", "studio"]
    exclude = ["version"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("version__paytable", "version__par")

    @admin.display(description="RTP %", ordering="version__rtp")
    def rtp(self, game: Game) -> Any:
        return game.version.rtp if game.version else None


@admin.register(GameVersion)
class GameVersionAdmin(ReadOnly):
    list_display = ["game", "number", "rtp", "sigma", "hit_rate", "max_multiplier", "created_at"]
    list_select_related = ["game"]
    search_fields = ["game__name", "game__slug"]


@admin.register(GameSwitch)
class GameSwitchAdmin(ReadOnly):
    list_display = ["game", "operator", "is_enabled", "min_bet", "max_bet"]
    list_filter = ["is_enabled"]
    list_select_related = ["game", "operator"]
    search_fields = ["game__name", "game__slug"]
