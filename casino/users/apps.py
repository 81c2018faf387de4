"""People: players, operators' staff, the platform's admins."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "casino.users"
    label = "users"
    verbose_name = "People"
