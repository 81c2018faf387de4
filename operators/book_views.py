"""Pages about the books and the maths: whether the books close, and whether games return what they promise."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from casino.errors import NotPermitted
from operators.cards import returns_chart
from operators.closing import close_books, last_audit, run_audit
from operators.pages import Scope, as_csv, attempt, scope_of, show
from operators.periods import parse_period
from operators.platform import PlatformSettings
from operators.presets import PRESETS, span_named
from operators.returns import returns_by_operator

VERDICTS = {"ok": "as promised", "amber": "look at it", "red": "not chance", "too_few": "too few rounds"}


def books(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/books/: each book's accounts, expected beside actual; POST runs the audit (the platform's)."""
    scope = scope_of(request)
    if request.method == "POST":
        return _audit(request, scope)
    span = span_named(request.GET.get("span"), timezone.now())
    found = close_books(
        scope.chosen, span.period.start, with_pools=scope.user.is_platform_admin and scope.operator is None
    )
    if request.GET.get("format") == "csv":
        header = ("book", "currency", "account", "opening", "in", "out", "expected", "actual", "difference")
        rows = (
            (book.operator.slug if book.operator else "platform", book.currency, line.account, line.opening, line.into,
             line.out, line.expected, line.actual, line.difference)
            for book in found
            for line in book.lines
        )  # fmt: skip
        return as_csv(f"books-{span.period.first}", header, rows)
    audit = last_audit()
    return show(
        request, "backoffice/books.html", "Books close", scope, books=found, span=span, presets=PRESETS, audit=audit,
        is_sound=audit is not None and not (audit.after or {}).get("breaches"), now=timezone.now(),
    )  # fmt: skip


def _audit(request: HttpRequest, scope: Scope) -> HttpResponse:
    if not scope.user.is_platform_admin:
        raise NotPermitted("The audit reads every operator's books; only the platform runs it.")
    attempt(request, lambda: run_audit(scope.user.pk), "The audit has run.")
    return HttpResponseRedirect(request.get_full_path())


def rtp(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/rtp/: each game's return beside theory, with its standard error, z and verdict."""
    scope = scope_of(request)
    period = parse_period(request.GET, timezone.now())
    found = returns_by_operator([operator.pk for operator in scope.chosen], period)
    if request.GET.get("format") == "csv":
        header = ("operator", "game", "rounds", "wagers", "actual", "theoretical", "standard_error", "z", "verdict")
        rows = (
            (operator.slug, row.game.slug, row.tally.bets, row.tally.wagers, row.actual, row.theoretical,
             row.tally.standard_error, row.tally.z, row.verdict)
            for operator in scope.chosen
            for row in found[operator.pk]
        )  # fmt: skip
        return as_csv(f"rtp-{period.first}-{period.last}", header, rows)
    sections: list[dict[str, Any]] = [
        {
            "operator": operator,
            "rows": [{"found": row, "words": VERDICTS[row.verdict]} for row in found[operator.pk]],
            "chart": returns_chart(found[operator.pk], f"RTP by game at {operator} beside theory"),
        }
        for operator in scope.chosen
    ]
    return show(
        request, "backoffice/rtp.html", "RTP truth", scope, sections=sections, period=period,
        thresholds=PlatformSettings.objects.current(),
    )  # fmt: skip
