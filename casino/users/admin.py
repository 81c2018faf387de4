"""People in the back office, and its login, which counts failures as the API's does."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm

from casino.admin import ReadOnly
from casino.errors import Refusal
from casino.users import registration
from casino.users.models import User
from casino.users.services import InvalidCredentials


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
        self.user_cache = user
        return data


admin.site.login_form = CountedLoginForm
admin.site.login_template = "casino/backoffice_login.html"


@admin.register(User)
class UserAdmin(ReadOnly):
    list_display = ("username", "email", "role", "duty", "operator", "is_active", "is_blocked", "created_at")
    list_filter = ("role", "duty", "is_active", "is_blocked", "is_seeded")
    list_select_related = ("operator",)
    search_fields = ("username", "email")
    exclude = ("password",)
    ordering = ("-id",)
    show_full_result_count = False
