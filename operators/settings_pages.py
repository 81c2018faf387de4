"""The page of settings: an operator's for its manager, the platform's for the platform; each change has a reason."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from casino.users.models import Duty
from operators.pages import Scope, attempt, due, scope_of, show
from operators.parameters import change_operator, change_platform
from operators.settings_forms import SettingsForm, settings_form


def settings(request: HttpRequest) -> HttpResponse:
    """GET, POST /backoffice/settings/: what stands there now; POST changes what was changed in the form."""
    scope = scope_of(request)
    form = settings_form(scope.operator)
    if request.method != "POST":
        return _show(request, scope, form)
    due(scope, Duty.MANAGER)
    form.take(request.POST.dict())
    changes = form.changes()
    if changes is None or not attempt(request, lambda: _change(scope, form, changes), _done(changes)):
        return _show(request, scope, form, status=400)
    return HttpResponseRedirect(request.get_full_path())


def _change(scope: Scope, form: SettingsForm, changes: dict[str, Any]) -> None:
    if not changes:
        return
    if scope.operator is None:
        change_platform(changes, scope.user.pk, form.reason)
    else:
        change_operator(scope.operator.pk, changes, scope.user.pk, form.reason)


def _done(changes: dict[str, Any] | None) -> str:
    return "Saved; it is in force." if changes else "Nothing was changed."


def _show(request: HttpRequest, scope: Scope, form: SettingsForm, status: int = 200) -> HttpResponse:
    may_change = scope.user.has_duty(Duty.MANAGER)
    return show(
        request, "backoffice/settings.html", "Settings", scope, status=status, groups=form.groups, reason=form.reason,
        reason_error=form.reason_error, may_change=may_change,
    )  # fmt: skip
