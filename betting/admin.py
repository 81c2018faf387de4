"""Bets in the back office: any bet can be shown again from its row, drawn how, paid from what, and proved by what."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from betting import randomness
from betting.documents import format_multiplier
from betting.models import Bet, RngService
from casino.admin import Decision, DecisionForm, Facts, Panel, PeriodFilter, ReadOnly, Rows
from casino.admin.columns import badge, computed, document, link, link_to, moment, money, number, text
from operators.models import Operator
from wallets.models import Transfer

MULTIPLIER = computed("multiplier", lambda row: f"{format_multiplier(row.multiplier)} ×")
COLUMNS = (
    computed("placed", lambda row: link_to(row, f"{row.created_at:%Y-%m-%d %H:%M:%S}"), lambda row: row.created_at),
    link("player"), link("game"), badge("bet_type", "type"), money("wager"), money("win"), MULTIPLIER, money("ggr",
        "GGR"),
)  # fmt: skip


def _proof(bet: Bet) -> Any:
    """Where the proof is, for whoever wants to recompute the bet."""
    if bet.seed_pair_id is None and not bet.rng_evidence:
        return "The operating system's generator leaves no proof."
    return format_html('<a href="/bets/{}/proof">Proof of this bet</a> (recompute it with tools/verify_bet.py)', bet.pk)


def _seed(bet: Bet) -> str:
    if bet.seed_pair is None:
        return "—"
    return "revealed" if bet.seed_pair.revealed_at else "still in use, so not revealed yet"


@admin.register(Bet)
class BetAdmin(ReadOnly):
    list_display = (moment("created_at", "placed"), *COLUMNS[1:], text("operator"))
    list_filter = ("operator", PeriodFilter)
    # Only what an index answers at any length.
    url_filters = ("player",)
    list_select_related = ("operator", "player", "game")
    find_by, person_field = ("id",), "player"
    search_help_text = "A username or a bet's id, whole"
    ordering = ("-id",)
    empty_sentence = "Nobody has played yet."
    details = (
        ("Bet", (moment("created_at", "placed"), link("player"), text("operator"), link("game"),
                 link("game_version", "version"), badge("bet_type", "type"), money("wager"), money("win"), MULTIPLIER,
                 money("ggr", "GGR"), money("jackpot_win"), money("jackpot_contribution", places=6))),
        ("What was drawn", (document("selections"), document("outcome"))),
        ("Fairness", (text("rng_provider", "generator"), text("seed_pair.server_seed_hash", "server seed's hash"),
                      computed("server_seed", _seed), text("seed_pair.client_seed", "client seed"), number("nonce"),
                      computed("proof", _proof))),
        ("Balances", (money("real_before"), money("real_after"), money("bonus_before"), money("bonus_after"),
                      document("wagering"))),
        ("VIP", (number("points", places=2), document("vip"))),
        ("Jackpots", (document("jackpots"),)),
    )  # fmt: skip

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return row and Bet.objects.with_facts().select_related("player").get(pk=row.pk)

    def title_of(self, row: Any) -> str:
        return f"Bet on {row.game} of {row.wager:.2f} {row.currency}"

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        moves = (text("kind", "why"), text("source", "from"), text("target", "to"), money("amount", places=6))
        transfers = Transfer.objects.visible_to(request.user).filter(reference=row.pk).order_by("id")
        return (Panel("Money moved", moves, transfers),)


class ServiceForm(DecisionForm):
    url = forms.URLField(max_length=300, assume_scheme="https", label="Address")
    secret = forms.CharField(
        max_length=200, widget=forms.PasswordInput, label="Shared key", help_text="32 characters or more; never shown"
    )
    timeout_ms = forms.IntegerField(min_value=50, max_value=5000, initial=1000, label="Time for an attempt (ms)")

    def prepare(self) -> None:
        if self.row is None:
            self.fields["operator"] = forms.ModelChoiceField(Operator.objects.all())
        else:
            self.initial.update(url=self.row.url, timeout_ms=self.row.timeout_ms)


def _set_service(staff: Any, row: RngService | None, answers: dict[str, Any]) -> Any:
    operator = answers["operator"] if row is None else row.operator
    service = randomness.set_rng_service(
        operator, answers["url"], answers["secret"], answers["timeout_ms"], actor_id=staff.pk, reason=answers["reason"]
    )
    return f"{operator} asks {service.url} for random numbers when its generator is remote.", service


@admin.register(RngService)
class RngServiceAdmin(Rows):
    """Whom operators with the remote generator ask; the platform's to set. Keys are never shown."""

    list_display = (text("operator"), text("url", "address"), number("timeout_ms", "time for an attempt (ms)"))
    list_select_related = ("operator",)
    ordering = ("operator",)
    details = (("Service", (text("operator"), text("url", "address"), number("timeout_ms"))),)
    decisions = (
        Decision("change", "Change", "The next bets ask the new address.", _set_service, form=ServiceForm,
            is_platforms=True),
    )  # fmt: skip
    page_decisions = (
        Decision("new", "Add service", "The operator's bets ask it once their generator is set to remote.",
                 _set_service,
                 form=ServiceForm, is_platforms=True),
    )  # fmt: skip
    empty_sentence = "No operator has a remote service."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
