"""What the back office's pages share: whom they are about, how they are shown, how a table becomes a CSV file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from casino.errors import Missing, NotPermitted, Refusal
from casino.spreadsheets import pieces
from operators.models import Operator

ROWS_A_PAGE = 50


@dataclass(frozen=True)
class Scope:
    """Whom a page is about: ``operator`` alone, or (the platform only) all of ``operators``."""

    user: Any
    operator: Operator | None
    operators: list[Operator]

    @property
    def choices(self) -> list[Operator]:
        """What the platform may switch between; nothing for an operator's staff."""
        return self.operators if self.user.is_platform_admin else []

    @property
    def chosen(self) -> list[Operator]:
        return [self.operator] if self.operator else self.operators


def scope_of(request: HttpRequest) -> Scope:
    """The operator that ``?operator=slug`` names, the staff's own, or all; Http404 for another one's. One statement."""
    user: Any = request.user
    operators = list(Operator.objects.visible_to(user))
    slug = request.GET.get("operator")
    if slug:
        found = next((operator for operator in operators if operator.slug == slug), None)
        if found is None:
            raise Http404
        return Scope(user, found, operators)
    return Scope(user, None if user.is_platform_admin else operators[0], operators)


def show(
    request: HttpRequest, template: str, title: str, scope: Scope, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a page of the back office."""
    about = {"title": title, "scope": scope, "operator": scope.operator, "query": without(request, "cursor", "format")}
    everywhere = admin.site.each_context(request)
    return render(request, template, {**everywhere, **about, **context}, status=status)


def without(request: HttpRequest, *names: str) -> str:
    """The page's query string without these parameters."""
    return urlencode([(name, value) for name, value in request.GET.items() if name not in names and value])


def due(scope: Scope, *duties: str) -> None:
    """Refuse whoever has none of these duties, in a sentence."""
    if not scope.user.has_duty(*duties):
        needed = " or ".join(dict.fromkeys((*map(str, duties), "manager")))
        raise NotPermitted(f"Your duty is to look, not to change: this takes {needed} duty.")


def attempt(request: HttpRequest, act: Callable[[], Any], done: str) -> bool:
    """Do it and say so, or say why not; answers whether it was done. What is not there at all is no page either."""
    try:
        act()
    except Missing:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return False
    messages.success(request, done)
    return True


def as_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A table as a file that no spreadsheet takes for formulas."""
    response = HttpResponse("".join(pieces([header, *rows])), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
