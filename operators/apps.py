"""Operators, and what they bring to the site's wiring."""

from importlib import import_module

from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    name = "operators"
    verbose_name = "Operators"

    def ready(self) -> None:
        """Let the CORS check know operators' own origins.

        The site has no signals of its own; this one is the library's documented way to decide by the request.
        """
        asked = import_module("corsheaders.signals").check_request_enabled
        asked.connect(import_module("operators.origins").may_read, dispatch_uid="operators.origins")
