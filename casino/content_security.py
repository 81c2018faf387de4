"""What a browser may load for each kind of answer: a content security policy on every one, none of them unsafe."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

_CLOSED = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# The site's own scripts, styles and feeds; pictures also inside style sheets.
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    f"connect-src 'self'; {_CLOSED}"
)
# Answers that are no page: nothing of them is ever loaded or run.
DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGES = ("/", "/docs", "/docs/problems", "/backoffice")


class ContentSecurityPolicyMiddleware:
    """Puts ``PAGE`` on the back office, the documentation and the landing page, and ``DATA`` on all else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", PAGE if is_page(request.path) else DATA)
        return response


def is_page(path: str) -> bool:
    """Whether a browser shows what is at this address."""
    return path in _PAGES or path.startswith("/backoffice/")
