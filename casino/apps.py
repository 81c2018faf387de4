"""The site's own app (commands, templates, static files) and the choice of the back office's site."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CasinoConfig(AppConfig):
    name = "casino"
    verbose_name = "Casino"

    def ready(self) -> None:
        """Make the site's Celery application the one that tasks are sent by, in every process."""
        import_module("casino.celery")


class BackOfficeConfig(AdminConfig):
    default_site = "casino.admin.BackOffice"
