"""Deposits and the webhook inbox in the back office: what is in review or suspense finance decides."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from casino.admin import Decision, DecisionForm, Facts, Panel, PeriodFilter, ReadOnly
from casino.admin.columns import badge, computed, document, link, link_to, moment, money, number, shown_json, text
from casino.strict_json import Malformed, parse_json
from operators.event_history import WithHistory
from wallets import inbox, review
from wallets.models import Bonus, Deposit, DepositStatus, FreeSpins, Transfer, WebhookEvent, WebhookVerdict

FINANCE = ("finance",)


def _complete(staff: Any, row: Deposit, answers: dict[str, Any]) -> str:
    decided = review.decide_deposit(row.pk, staff, DepositStatus.COMPLETED, answers["reason"])
    return f"{row} is completed with {decided.amount:.2f} {decided.currency}."


def _fail(staff: Any, row: Deposit, answers: dict[str, Any]) -> str:
    review.decide_deposit(row.pk, staff, DepositStatus.FAILED, answers["reason"])
    return f"{row} has failed; what was in suspense for it is back with the provider."


def _is_in_review(row: Deposit) -> bool:
    return row.status == DepositStatus.REVIEW


class MatchForm(DecisionForm):
    reference = forms.CharField(max_length=20, label="Deposit's reference")


def _replay(staff: Any, row: WebhookEvent, answers: dict[str, Any]) -> str:
    event = inbox.replay_event(row.pk, staff, answers["reason"])
    if event.verdict == WebhookVerdict.STORED:
        return "The event could not be settled this time either; it stays stored."
    return f"The event is settled: {event.verdict}."


def _match(staff: Any, row: WebhookEvent, answers: dict[str, Any]) -> str:
    review.match_event(row.pk, staff, answers["reference"].strip(), answers["reason"])
    return f"The money is credited to deposit {answers['reference'].strip()}."


def _return(staff: Any, row: WebhookEvent, answers: dict[str, Any]) -> str:
    review.return_event(row.pk, staff, answers["reason"])
    return "The money is back with the provider."


def _is_in_suspense(row: WebhookEvent) -> bool:
    return row.verdict == WebhookVerdict.SUSPENSE


EVENT = (moment("received_at", "when"), computed("event", lambda row: link_to(row, row.event_id),
         lambda row: row.event_id),
         text("type"), money("amount"), badge("verdict"), text("reason"))  # fmt: skip


@admin.register(Deposit)
class DepositAdmin(WithHistory, ReadOnly):
    list_display = (text("reference"), badge("status"), link("player"), money("amount"), text("method"),
                    text("operator"),
                    moment("created_at"), moment("completed_at"))  # fmt: skip
    list_filter = ("status", "method", "operator", PeriodFilter)
    url_filters = ("player", "wallet")
    list_select_related = ("operator", "player", "wallet")
    find_by, person_field = ("reference",), "player"
    search_help_text = "A reference or a username, whole"
    event_key, event_kinds = "deposit", "deposit."
    empty_sentence = "Nobody has paid in yet."
    decisions = (
        Decision("complete", "Complete", "The money that is in suspense for this deposit is credited to the player.",
                 _complete, FINANCE, is_due=_is_in_review,
                 is_about_money=True),
        Decision("fail", "Fail", "The deposit fails, and what is in suspense for it goes back to the provider.", _fail,
                 FINANCE, is_due=_is_in_review,
                 is_about_money=True),
    )  # fmt: skip
    details = (
        ("Deposit", (text("reference"), badge("status"), money("amount"), link("player"), link("wallet"),
                     text("operator"),
                     text("method"), text("promo_code"), text("provider_reference"))),
        ("Moments", (moment("created_at"), moment("expires_at"), moment("completed_at"), moment("refunded_at"))),
        ("What the player was told", (document("instructions"),)),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        staff = request.user
        moves = (moment("created_at", "when"), text("kind", "why"), text("source", "from"), text("target", "to"),
                 money("amount"))  # fmt: skip
        events = WebhookEvent.objects.visible_to(staff).filter(deposit=row).order_by("id")
        return (
            Panel("Provider's events", EVENT, events, "The provider has said nothing about it yet."),
            Panel("Money moved", moves, Transfer.objects.visible_to(staff).filter(reference=row.pk).order_by("id")),
            Panel("Bonuses earned", (computed("bonus", link_to), badge("status"), number("granted", places=2)),
                  Bonus.objects.visible_to(staff).filter(deposit=row), "It has earned no bonus."),
            Panel("Free spins earned", (computed("spins", link_to), link("game"), number("remaining")),
                  FreeSpins.objects.visible_to(staff).filter(deposit=row).select_related("game"),
                  "It has earned none."),
        )  # fmt: skip


def _came_through(event: WebhookEvent) -> str:
    return f"{event.account.provider} ({'own account' if event.account.operator_id else 'the account of the platform'})"


def _content(event: WebhookEvent) -> Any:
    """The event's body as a table; a body that is no JSON as it came."""
    try:
        return shown_json(parse_json(event.body.encode()))
    except Malformed:
        return event.body


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    list_display = (text("event_id"), moment("received_at"), computed("came_through", _came_through), text("type"),
                    money("amount"), badge("verdict"), text("reason"), link("deposit"), link("withdrawal"),
                    number("attempts"))  # fmt: skip
    list_filter = ("verdict", "type", PeriodFilter)
    url_filters = ("deposit", "withdrawal")
    list_select_related = ("account", "deposit", "withdrawal")
    find_by = ("event_id", "deposit__reference")
    search_help_text = "A provider's event id or a deposit's reference, whole"
    empty_sentence = "No provider has sent anything yet."
    decisions = (
        Decision("replay", "Replay", "The stored event is tried again now.", _replay, FINANCE,
                 is_due=lambda row: row.verdict == WebhookVerdict.STORED, is_for_many=lambda row: True,
                 unsafe_for_many="It has been settled already.",
                 is_about_money=True),
        Decision("match", "Credit to a deposit", "The money in suspense is credited to the deposit it was meant for.",
                 _match, FINANCE, MatchForm, is_due=_is_in_suspense,
                 is_about_money=True),
        Decision("return", "Return to the provider", "The money in suspense goes back to the provider.", _return,
                 FINANCE,
                 is_due=_is_in_suspense,
                 is_about_money=True),
    )  # fmt: skip
    details = (
        ("Event", (text("event_id"), computed("came_through", _came_through), text("type"), money("amount"),
                   badge("verdict"), text("reason"), link("deposit"), link("withdrawal"), number("attempts"),
                   moment("received_at"), moment("settled_at"))),
        ("Content", (computed("body", _content),)),
    )  # fmt: skip

    def title_of(self, row: Any) -> str:
        return f"Event {row.event_id}"
