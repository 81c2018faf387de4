"""Which of the renderers answers: there is one, JSON."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

TAKES_JSON = (None, "*/*", "application/json", "application/json, text/plain, */*")


class JsonNegotiation(DefaultContentNegotiation):
    """The framework's own negotiation, spared where the caller takes JSON in so many words."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        if request.META.get("HTTP_ACCEPT") in TAKES_JSON and "format" not in request.META.get("QUERY_STRING", ""):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)
