"""The VIP programme in the back office: its terms are the platform's to edit, what it paid is looked at."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from casino.admin import Facts, Panel, PeriodFilter, ReadOnly
from casino.admin.columns import computed, link, link_to, moment, money, number, text
from operators.event_history import Terms
from vip.models import LevelReached, PointsMovement, Standing, VipLevel
from vip.programme import Cashback, VipCost, VipCostShare, VipProgramme

NO_CURRENCY = None
XP = (number("xp", "XP", places=2), number("points", places=2))
PERSON = "A username, an address or an id, whole"


def _percent(path: str, label: str) -> Any:
    return computed(label, lambda row: f"{getattr(row, path) * 100:.2f} %", lambda row: getattr(row, path))


@admin.register(VipLevel)
class VipLevelAdmin(Terms):
    list_display = (text("name"), number("number"), number("xp_required", "XP required"),
                    _percent("cashback_rate", "cashback"), number("xp_multiplier", "XP multiplier", unit=" ×"),
                    number("max_bet_factor", "highest bet", unit=" ×"),
                    money("withdrawal_limit", "withdrawals a day", NO_CURRENCY), money("reward_bonus", None,
                    NO_CURRENCY),
                    number("reward_free_spins"))  # fmt: skip
    autocomplete_fields = ("reward_free_spin_game",)
    ordering = ("number",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A level's number is its identity: standings name it."""
        return ("number",) if obj else ()


@admin.register(VipProgramme)
class VipProgrammeAdmin(Terms):
    list_display = (computed("programme", str), number("points_per_unit", "points for 1.00"),
                    number("redemption_wagering_multiple", unit=" ×"), number("cashback_wagering_multiple", unit=" ×"),
                    number("bonus_days", "days until a bonus expires"))  # fmt: skip
    ordering = ("id",)
    empty_sentence = "The programme runs on its defaults."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not VipProgramme.objects.exists()


@admin.register(Standing)
class StandingAdmin(ReadOnly):
    list_display = (computed("standing", lambda row: row.player.username), text("level"), *XP)
    list_filter = ("level",)
    list_select_related = ("player", "level")
    find_by, person_field = ("id",), "player"
    search_help_text = PERSON
    ordering = ("-id",)
    details = (("Standing", (link("player"), text("level"), *XP)),)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        reached = LevelReached.objects.visible_to(request.user).filter(player=row.player_id).select_related("level")
        return (Panel("Levels reached", (text("level"), moment("reached_at"), moment("rewarded_at")), reached),)

    def title_of(self, row: Any) -> str:
        return f"VIP standing of {row.player}"


@admin.register(LevelReached)
class LevelReachedAdmin(ReadOnly):
    list_display = (moment("reached_at"), link("player"), text("level"), text("operator"), moment("rewarded_at"),
                    link("bonus"), link("free_spins"))  # fmt: skip
    list_filter = ("level", "operator", PeriodFilter)
    list_select_related = ("player", "level", "operator", "bonus", "free_spins")
    find_by, person_field = ("id",), "player"
    search_help_text = PERSON
    ordering = ("-id",)


@admin.register(PointsMovement)
class PointsMovementAdmin(ReadOnly):
    list_display = (moment("created_at", "when"), link("player"), text("kind"), *XP, text("operator"), text("actor",
                    "who"),
                    text("reason", "why"))  # fmt: skip
    list_filter = ("kind", "operator", PeriodFilter)
    list_select_related = ("player", "operator", "actor")
    exclude = ("idempotency_key", "request_digest")
    find_by, person_field = ("id",), "player"
    search_help_text = PERSON
    ordering = ("-id",)
    empty_sentence = "Points have only moved by bets yet."


@admin.register(VipCost)
class VipCostAdmin(ReadOnly):
    list_display = (moment("created_at", "when"), link("player"), text("kind"), money("amount"), text("operator",
                    "paid out at"),
                    link("bonus"))  # fmt: skip
    list_filter = ("kind", "operator", PeriodFilter)
    list_select_related = ("player", "operator", "bonus")
    find_by, person_field = ("bonus_id",), "player"
    search_help_text = "A username or the bonus's id, whole"
    ordering = ("-pk",)
    empty_sentence = "The programme has cost nothing yet."
    details = (
        ("Cost", (text("kind"), money("amount"), link("player"), text("operator", "paid out at"), link("bonus"),
                  _percent("platform_share", "the platform's share"), moment("wagers_since", "wagers counted since"),
                  moment("created_at", "when"))),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        shares = VipCostShare.objects.visible_to(request.user).filter(cost=row).select_related("operator", "cost")
        return (Panel("Who bears it", (computed("book", _book), *SHARE), shares),)


def _book(row: VipCostShare) -> str:
    return str(row.operator) if row.operator else "the platform"


SHARE = (money("wagers", "real wagers there", "cost.currency"), money("amount", "bears", "cost.currency"))


@admin.register(VipCostShare)
class VipCostShareAdmin(ReadOnly):
    """Each operator sees its own shares, beside the cost and the wagers that explain them."""

    list_display = (moment("cost.created_at", "when"), computed("book", _book), text("cost.kind", "kind"),
                    money("cost.amount", "of a cost of", "cost.currency"), *SHARE)  # fmt: skip
    list_filter = ("operator", PeriodFilter)
    list_select_related = ("operator", "cost")
    ordering = ("-id",)
    empty_sentence = "No cost was shared yet."
    details = (("Share", list_display),)

    def title_of(self, row: Any) -> str:
        return f"Share of a cost of {row.cost.amount:.2f} {row.cost.currency}"


@admin.register(Cashback)
class CashbackAdmin(ReadOnly):
    list_display = (moment("week"), link("player"), text("level"), _percent("rate", "rate"),
                    money("wagers", currency="operator.currency"), money("wins", currency="operator.currency"),
                    money("amount", currency="operator.currency"), text("operator"))  # fmt: skip
    list_filter = ("operator", PeriodFilter)
    url_filters = ("week",)
    list_select_related = ("player", "operator", "level", "cost__bonus")
    find_by, person_field = ("id",), "player"
    search_help_text = PERSON
    ordering = ("-id",)
    empty_sentence = "No week's cashback was paid yet."
    details = (
        ("Cashback", (*list_display, computed("bonus", lambda row: link_to(row.cost.bonus)),
                      moment("created_at", "paid"))),
    )  # fmt: skip
