"""The back office's pages of games. Games change through their services only, which keep versions and events."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from casino.admin import Facts, Panel, ReadOnly, Rows
from casino.admin.columns import badge, computed, document, link, link_to, member, moment, money, number, text
from casino.games import game_decisions
from casino.games.models import Category, Game, GameSwitch, GameVersion
from operators.event_history import WithHistory

NO_CURRENCY = None
LIMITS = (money("min_bet", "lowest bet", NO_CURRENCY), money("max_bet", "highest bet", NO_CURRENCY))
VERSION = (number("number", "version"), number("rtp", "RTP", unit=" %"), number("sigma", "sigma"),
           number("hit_rate", "hit rate", unit=" %"), number("max_multiplier", "top multiplier", unit=" ×"),
           moment("created_at", "since"))  # fmt: skip


def _owner(row: Game) -> str:
    return str(row.operator) if row.operator else "shared by all"


def _here(row: Game) -> str:
    """Whether the game is on at the viewer's operator."""
    switch = row.switch_here()
    if row.retired_at is not None:
        return "retired"
    return "on" if row.is_active and (switch is None or switch.is_enabled) else "off"


def sheet_panels(version: GameVersion) -> Sequence[Panel | Facts]:
    """The PAR sheet, laid out: its figures, its bets, the parts of the RTP, and the paytable itself."""
    sheet = version.par
    figures = tuple(member(name, label) for name, label in game_decisions.FIGURES.items() if name in sheet)
    of_bet = ("bet", "rtp", "sigma", "hit_rate", "top_multiplier", "top_odds")
    bets = tuple(member(name) for name in of_bet)
    parts = (member("part"), member("rtp", "RTP %"), member("exact", "exactly"))
    return (
        Facts(f"PAR sheet of version {version.number} ({sheet.get('kind', '')})", sheet, figures),
        Panel("Bets", bets, sheet.get("bets", ())),
        Panel("Parts of the RTP", parts, sheet.get("parts", ()), "The RTP has one part."),
        Facts("Paytable", version, (document("paytable"),)),
    )


@admin.register(Category)
class CategoryAdmin(Rows):
    """Shelves of the lobby: the platform's to edit."""

    list_display = ["name", "slug", "position"]
    list_editable = ["position"]
    prepopulated_fields = {"slug": ["name"]}
    ordering = ("position", "slug")
    empty_sentence = "The lobby has no shelves yet."


@admin.register(Game)
class GameAdmin(WithHistory, ReadOnly):
    list_display = (text("name"), text("category"), text("kind"), computed("owner", _owner),
                    number("version.rtp", "RTP", unit=" %"), number("version.sigma", "sigma"),
                    number("version.hit_rate", "hit rate", unit=" %"), *LIMITS, badge("bonus_allowed", "bonus"),
                    badge("is_active", "active"), computed("here", _here))  # fmt: skip
    list_filter = ("category", "kind", "is_active", "bonus_allowed", "jackpot_group", "operator")
    search_fields = ("name", "slug", "studio")
    ordering = ("name",)
    event_key, event_kinds = "game", "game."
    empty_sentence = "There are no games yet."
    decisions = game_decisions.DECISIONS
    page_decisions = (game_decisions.NEW_GAME,)
    details = (
        ("Game", (text("name"), text("slug"), text("description"), text("category"), text("studio", "provider"),
                  text("kind"), computed("owner", _owner), link("jackpot_group"), moment("created_at"),
                  moment("retired_at"))),
        ("Terms", (*LIMITS, badge("is_active", "active"), computed("here", _here), badge("bonus_allowed",
                   "bonus money"),
                   number("wagering_weight"), number("vip_weight", "VIP weight"))),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        games: Any = super().get_queryset(request)
        rows: QuerySet[Any] = games.seen_at(getattr(request.user, "operator_id", None)).defer(
            "version__par", "version__paytable"
        )
        return rows

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        versions = row.versions.defer("paytable", "par").order_by("-number")
        named = computed("version", lambda version: link_to(version, f"v{version.number}"))
        switches = GameSwitch.objects.visible_to(request.user).filter(game=row).select_related("operator")
        return (
            *sheet_panels(row.version),
            Panel("Versions", (named, *VERSION[1:]), versions),
            Panel("At operators", (text("operator"), badge("is_enabled", "on", "on", "off"), *LIMITS), switches,
                  "It stands at every operator as it is."),
        )  # fmt: skip


@admin.register(GameVersion)
class GameVersionAdmin(ReadOnly):
    list_display = (computed("version", str), link("game"), *VERSION[1:])
    list_select_related = ("game",)
    url_filters = ("game",)
    search_fields = ("game__name", "game__slug")
    ordering = ("-id",)
    details = (("Version", (link("game"), *VERSION)),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("paytable", "par")

    def title_of(self, row: Any) -> str:
        return str(row)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        return sheet_panels(row)


@admin.register(GameSwitch)
class GameSwitchAdmin(ReadOnly):
    list_display = (
        computed("switch", str),
        link("game"),
        text("operator"),
        badge("is_enabled", "on", "on", "off"),
        *LIMITS,
    )
    list_filter = ("is_enabled", "operator")
    list_select_related = ("game", "operator")
    search_fields = ("game__name", "game__slug")
    ordering = ("-id",)
    empty_sentence = "No operator has switched a game off or narrowed its limits."
