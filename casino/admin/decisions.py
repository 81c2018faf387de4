"""Decisions: what staff do to a row, each on a page of its own that asks for a reason, then makes one domain call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from casino.admin.columns import address_of
from casino.api import second_factor
from casino.errors import Refusal

MOST_AT_ONCE = 100
LONGEST_REASON = 500


class DecisionForm(forms.Form):
    """What a decision asks for. ``key`` makes a form that is sent twice count once."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="Kept in the history, with your name.",
    )
    needs_reason: ClassVar[bool] = True

    def __init__(self, data: Any = None, *, staff: Any, row: Any) -> None:
        super().__init__(data, initial={"key": uuid4().hex})
        self.staff, self.row = staff, row
        self.prepare()
        if not self.needs_reason:
            del self.fields["reason"]
        else:
            # The reason comes last, after what it is a reason for.
            self.order_fields([name for name in self.fields if name != "reason"])

    def prepare(self) -> None:
        """Fill in what depends on the row or on who decides: choices, and what stands there already."""


@dataclass(frozen=True)
class Decision:
    """One thing that staff with one of ``duties`` may do.

    ``apply(staff, row, answers)`` makes the domain call and returns the sentence that tells of it (or a row, whose page
    is then shown); a Refusal it raises is shown to the person. ``is_due`` says for which rows it is offered,
    ``is_for_many`` for which of several rows at once it is safe. A ``preview`` shows what would follow, before it does.
    """

    name: str
    label: str
    question: str
    apply: Callable[[Any, Any, dict[str, Any]], str]
    duties: Sequence[str] = ()
    form: type[DecisionForm] = DecisionForm
    is_due: Callable[[Any], bool] = lambda row: True
    is_for_many: Callable[[Any], bool] | None = None
    unsafe_for_many: str = "This one is decided on its own page."
    preview: Callable[[Any, Any, dict[str, Any]], Sequence[Any]] | None = None
    is_platforms: bool = False
    is_about_money: bool = False  # asks for a second factor, where the settings do
    may: Callable[[Any, Any], bool] = lambda staff, row: True
    last_label: str = ""

    def is_open_to(self, staff: Any, row: Any = None) -> bool:
        """Whether the person's duty lets them."""
        if self.is_platforms and not staff.is_platform_admin:
            return False
        return bool(staff.has_duty(*self.duties)) and (row is None or self.may(staff, row))


def decide(request: HttpRequest, model_admin: Any, decision: Decision, row: Any) -> HttpResponse:
    """The page of one decision about one row (None: about none): asks, shows what would follow, does it."""
    staff: Any = request.user
    if not decision.is_open_to(staff, row):
        raise PermissionDenied
    if decision.is_about_money:
        second_factor.require(request.session, staff)
    form = decision.form(request.POST if request.method == "POST" else None, staff=staff, row=row)
    panels: Sequence[Any] = ()
    if request.method == "POST" and form.is_valid():
        try:
            if decision.preview is None or "confirmed" in request.POST:
                return _done(request, model_admin, row, decision.apply(staff, row, form.cleaned_data))
            panels = decision.preview(staff, row, form.cleaned_data)
        except Refusal as refusal:
            _tell(form, refusal)
    return _page(request, model_admin, decision, {"form": form, "row": row, "panels": panels})


def decide_many(request: HttpRequest, model_admin: Any, decision: Decision, rows: Any) -> HttpResponse | None:
    """The page of one decision about several rows; each is its own domain call, and a refusal of one is its own."""
    staff: Any = request.user
    if not decision.is_open_to(staff):
        raise PermissionDenied
    if decision.is_about_money:
        second_factor.require(request.session, staff)
    chosen = list(rows[: MOST_AT_ONCE + 1])
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} rows at once.")
        return None
    is_sent = "confirmed" in request.POST
    form = decision.form(request.POST if is_sent else None, staff=staff, row=None)
    if is_sent and form.is_valid():
        for row in chosen:
            _decide_one_of_many(request, decision, row, form.cleaned_data)
        return None
    return _page(request, model_admin, decision, {"form": form, "rows": chosen, "checkbox": ACTION_CHECKBOX_NAME})


def _decide_one_of_many(request: HttpRequest, decision: Decision, row: Any, answers: dict[str, Any]) -> None:
    assert decision.is_for_many is not None
    if not decision.is_due(row) or not decision.is_for_many(row):
        messages.warning(request, f"{row}: {decision.unsafe_for_many}")
        return
    try:
        messages.success(request, str(decision.apply(request.user, row, answers)))
    except Refusal as refusal:
        messages.error(request, f"{row}: {refusal.detail}")


def _done(request: HttpRequest, model_admin: Any, row: Any, result: Any) -> HttpResponse:
    """Back to the row's page with the sentence that tells what was done."""
    sentence, shown = (result, row) if isinstance(result, str) else result
    messages.success(request, sentence)
    if shown is None or not type(shown)._default_manager.filter(pk=shown.pk).exists():
        return HttpResponseRedirect(model_admin.list_address())
    return HttpResponseRedirect(address_of(shown))


def _tell(form: forms.Form, refusal: Refusal) -> None:
    """Put the refusal's sentence where the person looks: at the field it names, or on top."""
    named = [error for error in refusal.errors if error["field"] in form.fields]
    for error in named:
        form.add_error(error["field"], error["detail"])
    if not named:
        form.add_error(None, refusal.detail)


def _page(request: HttpRequest, model_admin: Any, decision: Decision, content: dict[str, Any]) -> HttpResponse:
    opts = model_admin.opts
    is_last = decision.preview is None or bool(content.get("panels"))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": opts,
        "title": decision.label,
        "decision": decision,
        "button": (decision.last_label or decision.label) if is_last else "Preview",
        "is_last": is_last,
        "is_preview": bool(content.get("panels")),
        "media": model_admin.media,
        "back": address_of(content["row"]) if content.get("row") is not None else model_admin.list_address(),
        "list_address": model_admin.list_address(),
        **content,
    }
    return TemplateResponse(request, "admin/rows/decision.html", context)


def named(decisions: Sequence[Decision], name: str) -> Decision:
    """The decision of this name; a page that does not exist otherwise."""
    for decision in decisions:
        if decision.name == name:
            return decision
    raise Http404
