"""Pages about the ledger: an account's transfers with its running balance, and why a wallet holds what it holds."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from casino.errors import Invalid
from operators.ledger_explorer import CAUSES, account_entries, causes_of, read_wallet
from operators.pages import ROWS_A_PAGE, Scope, as_csv, scope_of, show
from wallets.models import POCKETS, Account, Transfer

# Accounts that only the platform's book has, and one that both have.
PLATFORM_ACCOUNTS = ("psp", "suspense", "jackpot_pool", "seed_cost", "intercompany", "vip_cost", "vip_clearing")
OPERATOR_ACCOUNTS = tuple(name for name in Account.values if name not in ("jackpot_pool", "seed_cost", "vip_clearing"))
PLATFORM_BOOK = "platform"
# A file has as many entries as ten pages.
MOST_CSV_ROWS = 10 * ROWS_A_PAGE


def explore(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/ledger/: the entries of one account of one book."""
    scope = scope_of(request)
    is_platforms = request.GET.get("book") == PLATFORM_BOOK
    if is_platforms and not scope.user.is_platform_admin:
        raise Http404
    operator = None if is_platforms else (scope.operator or next(iter(scope.operators), None))
    accounts = PLATFORM_ACCOUNTS if is_platforms or operator is None else OPERATOR_ACCOUNTS
    account = request.GET.get("account") or "psp"
    if account not in accounts:
        raise Invalid.field("account", "There is no such account in this book.")
    currencies = sorted({found.currency for found in scope.operators})
    currency = operator.currency if operator else request.GET.get("currency") or next(iter(currencies), "USD")
    is_csv = request.GET.get("format") == "csv"
    below = _id(request.GET.get("cursor"))
    entries, cursor = account_entries(operator, currency, account, below, MOST_CSV_ROWS if is_csv else ROWS_A_PAGE)
    if is_csv:
        header = ("id", "at", "kind", "from", "to", "change", "balance", "currency", "wallet", "reference")
        rows = (
            (row.transfer.pk, row.transfer.created_at, row.transfer.kind, row.transfer.source, row.transfer.target,
             row.change, row.balance, currency, row.transfer.wallet_id, row.transfer.reference)
            for row in entries
        )  # fmt: skip
        return as_csv(f"ledger-{operator.slug if operator else PLATFORM_BOOK}-{account}", header, rows)
    words = causes_of([row.transfer for row in entries])
    return show(
        request, "backoffice/ledger.html", "Ledger explorer", Scope(scope.user, operator, scope.operators),
        accounts=accounts, account=account, currency=currency, currencies=currencies, cursor=cursor,
        is_platforms=is_platforms, is_first=below is None,
        rows=[{"entry": row, **_cause(row.transfer, words)} for row in entries],
    )  # fmt: skip


def wallet(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET /backoffice/ledger/wallet/{id}/: the wallet's transfers with its pockets after each, and what caused them."""
    below = request.GET.get("cursor", "")
    is_csv = request.GET.get("format") == "csv"
    found, entries, cursor = read_wallet(
        request.user, pk, int(below) if below.isdecimal() and len(below) < 19 else None,
        MOST_CSV_ROWS if is_csv else ROWS_A_PAGE,
    )  # fmt: skip
    words = causes_of([row.transfer for row in entries])
    if is_csv:
        header = ("version", "at", "kind", "from", "to", "amount", *POCKETS, "cause", "reference")
        rows = (
            (row.transfer.wallet_version, row.transfer.created_at, row.transfer.kind, row.transfer.source,
             row.transfer.target, row.transfer.amount, *row.pockets.values(), words.get(row.transfer.reference, ""),
             row.transfer.reference)
            for row in entries
        )  # fmt: skip
        return as_csv(f"wallet-{found.pk}", header, rows)
    return show(
        request, "backoffice/wallet.html", f"Wallet of {found.player}",
        Scope(request.user, found.operator, [found.operator]),
        wallet=found, cursor=cursor, is_first=not below, pockets=[str(pocket) for pocket in POCKETS],
        rows=[{"entry": row, "pockets": row.pockets.values(), **_cause(row.transfer, words)} for row in entries],
    )  # fmt: skip


def _cause(transfer: Transfer, words: dict[UUID, str]) -> dict[str, Any]:
    """What the transfer's reference names, in words and with its page, where it has one."""
    kind = CAUSES.get(transfer.kind, "")
    text = words.get(transfer.reference) or kind.partition("_")[2] or "–"
    try:
        return {"cause": text, "address": reverse(f"admin:{kind}_change", args=[transfer.reference])}
    except NoReverseMatch:
        return {"cause": text, "address": ""}


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid.field("cursor", "There is no such page.") from None
