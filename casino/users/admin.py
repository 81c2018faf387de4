"""People in the back office, and its login, which counts failures as the API's does."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from casino.admin import Panel, PeriodFilter, ReadOnly, Tab
from casino.admin.columns import badge, computed, moment, text
from casino.api import second_factor
from casino.errors import Refusal
from casino.users import player_decisions, player_tabs, registration
from casino.users.models import Role, User
from casino.users.services import InvalidCredentials
from operators.event_history import player_history
from wallets.models import Wallet


class CountedLoginForm(AdminAuthenticationForm):
    """Lets staff in whose password, and code where one is set up, ``registration.check_credentials`` finds right."""

    code = forms.CharField(required=False, max_length=32, widget=forms.TextInput({"autocomplete": "one-time-code"}))

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.request is None or not data.get("username") or not data.get("password"):
            return data
        try:
            user = registration.check_credentials(
                self.request, data["username"], data["password"], data.get("code", "")
            )
        except InvalidCredentials:
            raise self.get_invalid_login_error() from None
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail, refusal.code) from None
        self.confirm_login_allowed(user)
        if second_factor.is_set_up(user):
            # The right code was among what was just checked.
            second_factor.note_shown(self.request.session, user)
        self.user_cache = user
        return data


admin.site.login_form = CountedLoginForm
# Rows are ended by decisions; nothing is deleted by the dozen, third-party rows included.
admin.site.disable_action("delete_selected")
admin.site.login_template = "casino/backoffice_login.html"


class WhoFilter(admin.SimpleListFilter):
    """Players, unless somebody else is asked for."""

    title, parameter_name = "who", "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("players", "Players"), ("staff", "Staff"), ("all", "Everybody")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without Django's own "All", which here would lead back to the players."""
        for who, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "players") == who,
                "query_string": changelist.get_query_string({"who": who}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if (who := self.value() or "players") == "all":
            return queryset
        return queryset.filter(role=Role.PLAYER) if who == "players" else queryset.exclude(role=Role.PLAYER)


def _standing(row: Any) -> str:
    """The player's VIP level; nothing for staff."""
    standing = getattr(row, "standing", None)
    return str(standing.level) if standing else ""


def _flags(row: Any) -> str:
    """What staff should notice about a player."""
    flags = {
        "blocked everywhere": row.is_blocked,
        "blocked here": any(wallet.is_blocked for wallet in row.wallets_here),
        "in debt": any(wallet.debt for wallet in row.wallets_here),
        "cannot log in": not row.is_active,
        "seeded": row.is_seeded,
    }
    return ", ".join(flag for flag, is_up in flags.items() if is_up)


@admin.register(User)
class UserAdmin(ReadOnly):
    """People. Where else a player plays is nobody's but the platform's to know."""

    list_display = (text("username"), text("email"), computed("real_balance", player_decisions.balances),
                    computed("VIP", _standing), computed("flags", _flags), moment("created_at", "since"))  # fmt: skip
    list_filter = (WhoFilter, "is_active", "is_blocked", "is_seeded", PeriodFilter)
    search_fields = ("username", "email")
    search_help_text = "Part of a username or of an address"
    ordering = ("-id",)
    decisions = player_decisions.DECISIONS
    empty_sentence = "Nobody has registered yet."
    details = (
        ("Person", (text("username"), text("email"), badge("role"), badge("duty"), text("operator"),
                    badge("is_active", "can log in"), moment("created_at", "since"))),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        here = Prefetch("wallets", Wallet.objects.visible_to(request.user).with_operator(), to_attr="wallets_here")
        return super().get_queryset(request).select_related("standing__level", "operator").prefetch_related(here)

    def get_list_display(self, request: HttpRequest) -> Any:
        if request.GET.get("who") == "staff":
            return (text("username"), text("email"), badge("role"), badge("duty"), text("operator"),
                    badge("is_active", "can log in"), moment("created_at", "since"))  # fmt: skip
        return super().get_list_display(request)

    def tabs_of(self, request: HttpRequest, row: Any) -> Sequence[Tab]:
        """A player's page has parts; a colleague's only says who they are."""
        return player_tabs.TABS if row.is_player else ()

    def happenings(self, request: HttpRequest, row: Any) -> Panel | None:
        return player_history(request, row)

    def title_of(self, row: Any) -> str:
        return f"{row.get_role_display()} {row}"
