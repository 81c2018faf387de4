"""Jackpots in the back office: groups and levels with their pools and wins; the platform changes their terms."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from betting.jackpots import pool_values
from betting.models import JackpotPool
from casino.admin import Decision, DecisionForm, Facts, Panel, Rows
from casino.admin.columns import computed, link, link_to, moment, money, number, text
from casino.games.jackpots import JackpotGroup, JackpotKind, JackpotLevel
from operators import parameters
from operators.event_history import COLUMNS as EVENTS
from operators.event_history import visible_events
from operators.models import Operator
from wallets.models import PLAY_KINDS, Account, Transfer, TransferKind

TERMS = (
    text("kind"), number("rate"), money("seed", currency="group.currency"), number("odds", "odds per unit"),
    money("ceiling", currency="group.currency"),
)  # fmt: skip
WIN = (
    moment("created_at", "when"), link("wallet.player", "player"), text("operator"), money("amount"),
    computed("bet", lambda row: row.reference),
)  # fmt: skip


class LevelForm(DecisionForm):
    rate = forms.DecimalField(
        min_value=0, max_value=1, decimal_places=4, help_text="Fraction of each wager that feeds it"
    )
    seed = forms.DecimalField(min_value=0, max_digits=14, decimal_places=2, help_text="What it starts from")
    odds = forms.DecimalField(required=False, min_value=0, max_value=1, decimal_places=18, help_text="Chance per unit")
    ceiling = forms.DecimalField(required=False, min_value=0, max_digits=14, decimal_places=2)

    def prepare(self) -> None:
        if self.row.kind == JackpotKind.PROGRESSIVE:
            del self.fields["ceiling"]
        else:
            del self.fields["odds"]
        for name in set(parameters.JACKPOT_TERMS) & set(self.fields):
            self.initial[name] = f"{getattr(self.row, name):f}".rstrip("0").rstrip(".")


def _change(staff: Any, row: JackpotLevel, answers: dict[str, Any]) -> str:
    terms = {name: answers[name] for name in parameters.JACKPOT_TERMS if answers.get(name) is not None}
    wanted = {"group": row.group.slug, "level": row.name, **terms}
    parameters.change_platform({"jackpots": [wanted]}, staff.pk, answers["reason"])
    return f"{row} has new terms; its pool takes them over at its next win."


def _pool(row: JackpotLevel) -> JackpotPool | None:
    return getattr(row, "pool", None)


class ReadByPlatform(Rows):
    """Rows of the platform's that no form changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(JackpotGroup)
class JackpotGroupAdmin(ReadByPlatform):
    list_display = (text("name"), text("slug"), text("currency"), moment("created_at"))
    ordering = ("slug",)
    empty_sentence = "There are no jackpots."
    details = (("Jackpots", list_display),)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        values = pool_values()
        value = computed("pool", lambda level: f"{values[level.pool.pk]:,.6f}" if _pool(level) else "—")
        levels = row.levels.select_related("group", "pool").order_by("position")
        operators = Operator.objects.filter(currency=row.currency).values("pk")
        wins = (
            Transfer.objects.exclude(kind__in=PLAY_KINDS)
            .filter(operator__in=operators, kind=TransferKind.JACKPOT_WIN, target=Account.REAL)
            .filter(pool_id__in=JackpotPool.objects.filter(level__group=row).values("pk"))
            .select_related("wallet__player", "operator")
        )
        games = row.games.order_by("name")
        return (
            Panel("Levels", (computed("level", lambda level: link_to(level, level.name)), value, *TERMS), levels),
            Panel("Newest wins", WIN, wins.order_by("-created_at")[:20], "Nobody has won yet."),
            Panel("Games", (computed("game", link_to), text("kind")), games, "No game feeds these jackpots."),
        )


@admin.register(JackpotLevel)
class JackpotLevelAdmin(ReadByPlatform):
    list_display = (computed("level", str), link("group"), *TERMS, money("pool.value", "folded pool",
                    "group.currency", 6),
                    moment("pool.won_at", "last won"))  # fmt: skip
    list_filter = ("group", "kind")
    list_select_related = ("group", "pool")
    ordering = ("group", "position")
    empty_sentence = "There are no jackpots."
    decisions = (
        Decision("change", "Change terms", "The pool takes the new terms over at its next win.", _change,
                 form=LevelForm,
                 is_platforms=True, last_label="Save"),
    )  # fmt: skip
    details = (("Terms as set", (link("group"), text("name", "level"), *TERMS)),)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        pool = _pool(row)
        if pool is None:
            return ()
        in_force = (number("rate"), number("seed"), number("odds", "odds per unit"), number("ceiling"),
                    money("value", "folded pool", None, 6), moment("won_at", "last won"))  # fmt: skip
        return (Facts("Pool, with the terms in force since its last win", pool, in_force),)

    def happenings(self, request: HttpRequest, row: Any) -> Panel:
        named = {"jackpot": f"{row.group.slug}/{row.name}"}
        events = visible_events(request.user).filter(kind="settings.changed", after__contains=named)[:100]
        return Panel("History", EVENTS, events, "Its terms have not been changed yet.")
