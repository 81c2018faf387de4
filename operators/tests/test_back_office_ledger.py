"""Books and the ledger explorer: every line adds up from both sides, and each wallet is explained down to nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from betting.models import Bet
from casino.users.models import User
from operators import ledger_explorer
from operators.closing import close_books
from operators.ledger_explorer import AccountTooLarge, UnknownWallet, account_entries, read_wallet
from operators.models import Operator
from operators.presets import span_named
from operators.returns import returns_by_operator
from operators.tests.conftest import Cast, naive
from wallets.models import POCKETS, Transfer, Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_staff() -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.mark.parametrize("days", [0, 1, 7, 30])
def test_every_book_closes_over_any_span(days: int, history: Cast, books_close: None):
    since = datetime.combine(history.now.date() - timedelta(days=days), datetime.min.time(), UTC)
    operators = list(Operator.objects.all())
    books = close_books(operators, since, with_pools=True)
    assert [book.operator and book.operator.slug for book in books] == ["aurora", "borealis", "cascade", None]
    assert [book for book in books if not book.is_closed] == []
    aurora = {line.account: line for line in books[0].lines}
    stored = {
        pocket: sum(getattr(w, pocket) for w in Wallet.objects.filter(operator=operators[0])) for pocket in POCKETS
    }
    assert {account: line.actual for account, line in aurora.items()} == {
        f"players' {pocket}": amount for pocket, amount in stored.items()
    }
    assert aurora["players' real"].actual > 0
    assert books[3].lines[0].actual > 50
    if days == 30:
        assert {line.opening for book in books for line in book.lines} == {0}
    (alone,) = close_books(operators[:1], since, with_pools=False)
    assert alone.lines == books[0].lines


def test_a_cent_too_many_in_a_wallet_shows_in_its_line_alone(history: Cast, wallet_of: Any):
    wallet = wallet_of(history.players["boris"])
    Wallet.objects.filter(pk=wallet.pk).update(real=wallet.real + Decimal("0.01"))
    books = close_books(list(Operator.objects.all()), datetime(2020, 1, 1, tzinfo=UTC), with_pools=True)
    off = [(book.operator.slug, line.account, line.difference) for book in books if book.operator
           for line in book.lines if line.difference]  # fmt: skip
    assert off == [("borealis", "players' real", Decimal("0.01"))]


def test_a_wallet_is_explained_page_by_page_down_to_nothing(history: Cast, olga: User, wallet_of: Any):
    wallet = wallet_of(history.players["alice"])
    entries, cursor = [], None
    while True:
        found, page, cursor = read_wallet(olga, wallet.pk, cursor, 7)
        entries += page
        if cursor is None:
            break
    assert found == wallet
    assert entries[0].pockets == {pocket: getattr(wallet, pocket) for pocket in POCKETS}
    versions = [entry.transfer.wallet_version for entry in entries]
    assert versions == list(range(wallet.version, 0, -1))
    first = entries[-1]
    assert first.pockets == {"real": first.transfer.amount, "bonus": 0, "held": 0, "debt": 0}
    # What a bet wrote down is what the ledger says was there.
    bet = Bet.objects.filter(wallet=wallet, bet_type="real").order_by("-id").first()
    assert bet is not None
    by_version = {entry.transfer.wallet_version: entry.pockets for entry in entries}
    assert by_version[bet.wallet_version]["real"] == bet.real_after


def test_the_wallets_page_names_what_caused_each_movement(history: Cast, olga: User, as_staff: Any, wallet_of: Any):
    wallet = wallet_of(history.players["alice"])
    page = as_staff(olga).get(f"/backoffice/wallets/wallet/{wallet.pk}/change/").content.decode()
    assert f'<a href="/backoffice/ledger/wallet/{wallet.pk}/">' in page
    text = as_staff(olga).get(f"/backoffice/ledger/wallet/{wallet.pk}/").content.decode()
    bet = Bet.objects.filter(wallet=wallet).order_by("-wallet_version").first()
    assert bet is not None
    assert f"/backoffice/betting/bet/{bet.pk}/change/" in text
    assert f"{bet.game}: {bet.wager:.2f} → {bet.win:.2f}, {bet.bet_type}" in text


def test_a_neighbours_wallet_is_not_there(history: Cast, bruno: User, sam: User, as_staff: Any, wallet_of: Any):
    wallet = wallet_of(history.players["alice"])
    address = f"/backoffice/ledger/wallet/{wallet.pk}/"
    answer = as_staff(bruno).get(address)
    assert (answer.status_code, "alice" in answer.content.decode()) == (404, False)
    assert as_staff(sam).get(address).status_code == 200
    with pytest.raises(UnknownWallet):
        read_wallet(bruno, wallet.pk, None, 10)


@pytest.mark.parametrize("account", ["psp", "real", "bonus", "stakes", "promotions", "jackpot_cost", "intercompany"])
def test_an_accounts_running_balance_is_the_sum_of_all_before(account: str, history: Cast, aurora: Operator):
    expected, lines = Decimal(0), []
    for transfer in Transfer.objects.filter(operator=aurora).order_by("id"):
        if account in (transfer.source, transfer.target):
            expected += transfer.amount if transfer.target == account else -transfer.amount
            lines.append((transfer.pk, expected))
    shown, below = [], None
    while True:
        entries, below = account_entries(aurora, "USD", account, below, 20)
        shown += [(entry.transfer.pk, entry.balance) for entry in entries]
        if below is None:
            break
    assert shown == lines[::-1]
    assert lines


def test_an_account_that_takes_too_long_says_so_and_breaks_nothing(
    history: Cast, olga: User, as_staff: Any, monkeypatch: pytest.MonkeyPatch, aurora: Operator
):
    monkeypatch.setattr(ledger_explorer, "PATIENCE_MILLISECONDS", 20)
    # Stands in the middle of the reading.
    monkeypatch.setattr(ledger_explorer, "When", _slow)
    with pytest.raises(AccountTooLarge):
        account_entries(aurora, "USD", "psp", None, 20)
    assert as_staff(olga).get("/backoffice/ledger/").status_code == 503
    assert Operator.objects.count() == 3


def _slow(*conditions: Any, **named: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(2)")


def test_the_platforms_book_is_the_platforms(history: Cast, olga: User, petra: User, as_staff: Any):
    address = "/backoffice/ledger/?book=platform&account=jackpot_pool&currency=USD"
    assert as_staff(olga).get(address).status_code == 404
    assert "jackpot_seed" in as_staff(petra).get(address).content.decode()
    assert as_staff(olga).get("/backoffice/ledger/?account=jackpot_pool").status_code == 400
    assert as_staff(olga).get("/backoffice/ledger/?cursor=x").status_code == 400


def test_returns_by_game_are_those_of_the_bets(history: Cast, bets_where: Any):
    span = span_named("30d", timezone.now())
    operators = history.operators.values()
    found = returns_by_operator([operator.pk for operator in operators], span.period)
    for operator in operators:
        assert sum(row.tally.bets for row in found[operator.pk]) > 0
        for row in found[operator.pk]:
            bets = [bet for bet in bets_where(span.period.start, span.period.end, operator=operator)
                    if bet.game_id == row.game.pk]  # fmt: skip
            counted = naive(bets)
            assert (row.tally.bets, f"{row.tally.ggr:.2f}") == (counted["bets"], counted["ggr"])
            assert row.actual is None or f"{row.actual:.2f}" == counted["rtp"]
            assert f"{row.tally.z:.4f}" == counted["z"]


@pytest.mark.parametrize(
    ("name", "period", "before"),
    [
        ("today", ("2026-03-31T00", "2026-04-01T00"), ("2026-03-30T00", "2026-03-30T15")),
        ("yesterday", ("2026-03-30T00", "2026-03-31T00"), ("2026-03-29T00", "2026-03-30T00")),
        ("7d", ("2026-03-25T00", "2026-04-01T00"), ("2026-03-18T00", "2026-03-24T15")),
        ("30d", ("2026-03-02T00", "2026-04-01T00"), ("2026-01-31T00", "2026-03-01T15")),
        # February has no 31st: it is compared whole.
        ("month", ("2026-03-01T00", "2026-04-01T00"), ("2026-02-01T00", "2026-03-01T00")),
        ("for ever", ("2026-03-31T00", "2026-04-01T00"), ("2026-03-30T00", "2026-03-30T15")),
    ],
)
def test_a_span_is_compared_with_as_much_of_the_span_before(
    name: str, period: tuple[str, str], before: tuple[str, str]
):
    span = span_named(name, datetime(2026, 3, 31, 14, 25, tzinfo=UTC))
    for found, expected in ((span.period, period), (span.before, before)):
        assert tuple(f"{moment:%Y-%m-%dT%H}" for moment in (found.start, found.end)) == expected
