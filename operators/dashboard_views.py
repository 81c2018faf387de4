"""The overview of the back office, and the same figures as JSON for its own script."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from operators.cards import cards_of, moments_chart, returns_chart
from operators.dashboard import Board, read_board
from operators.pages import Scope, scope_of, show, without
from operators.periods import last_days
from operators.presets import DEFAULT, PRESETS, span_named
from operators.transactions import TYPES, Query, page_of
from wallets.documents import format_moment

NEWEST_ROWS = 12


def overview(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/: an operator's figures, or for the platform all operators' side by side."""
    scope, now = scope_of(request), timezone.now()
    board = read_board(scope.chosen, span_named(request.GET.get("span"), now), is_platform=scope.user.is_platform_admin)
    sections = [
        {
            "operator": section.operator,
            "cards": cards_of(section, board, now),
            "chart": moments_chart(section, board.span),
            "returns": returns_chart(section.games, f"RTP by game at {section.operator} beside theory"),
            "players": section.players,
            "open_alerts": section.open_alerts,
        }
        for section in board.sections
    ]
    return show(
        request,
        "backoffice/overview.html",
        "Overview",
        scope,
        board=board,
        sections=sections,
        presets=PRESETS,
        others=without(request, "span"),
        newest=_newest(scope),
        **_live(scope, board),
    )


def figures(request: HttpRequest) -> JsonResponse:
    """GET /backoffice/figures/: ``{at, cards: {operator: {card: {value, note}}}}``, as the overview shows them."""
    scope, now = scope_of(request), timezone.now()
    board = read_board(scope.chosen, span_named(request.GET.get("span"), now), is_platform=scope.user.is_platform_admin)
    shown = {
        section.operator.slug: {
            card.name: {"value": card.value, "note": card.note} for card in cards_of(section, board, now)
        }
        for section in board.sections
    }
    return JsonResponse({"at": format_moment(now), "cards": shown}, headers={"Cache-Control": "no-store"})


def _live(scope: Scope, board: Board) -> dict[str, Any]:
    """Where the page's script finds its feed and its figures."""
    socket = "/ws/platform"
    if scope.operator is not None:
        socket = f"/ws/operator?operator={scope.operator.slug}" if scope.user.is_platform_admin else "/ws/operator"
    return {"socket": socket, "is_today": board.span.name == DEFAULT}


def _newest(scope: Scope) -> list[dict[str, Any]]:
    """The operator's latest transactions, with which the live list begins."""
    if scope.operator is None:
        return []
    query = Query(scope.user, last_days(timezone.now()), TYPES, scope.operator)
    return page_of(query, NEWEST_ROWS).results
