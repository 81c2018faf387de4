"""The site's own app (commands, templates, static files) and the choice of the back office's site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CasinoConfig(AppConfig):
    name = "casino"
    verbose_name = "Casino"


class BackOfficeConfig(AdminConfig):
    default_site = "casino.admin.BackOffice"
