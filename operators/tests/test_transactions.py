"""The history of deposits, withdrawals and bets: pages, filters, CSV, whose they are."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import AsyncClient
from django.utils import timezone

from betting.models import Bet
from casino.spreadsheets import safe
from casino.users.models import User
from operators import transactions
from operators.tests.conftest import Cast
from wallets.models import Deposit
from wallets.services import deposit_through_webhook
from wallets.withdrawal_models import Withdrawal

pytestmark = pytest.mark.usefixtures("books_close")


def everything(**named: Any) -> list[str]:
    """The ids of all transactions, newest first."""
    found = [row for rows in (Deposit, Withdrawal, Bet) for row in rows.objects.filter(**named)]
    return [str(row.pk) for row in sorted(found, key=lambda row: row.pk, reverse=True)]


def walk(client: Any, address: str, **asked: str) -> list[dict[str, Any]]:
    """Every row of a list, page by page, and back again."""
    pages, link, query = [], address, asked
    while link:
        page = client.get(link, query).data
        pages.append(page)
        link, query = page["next"], {}
    back, link = [], pages[-1]["previous"]
    while link:
        page = client.get(link).data
        back.append(page["results"])
        link = page["previous"]
    assert back[::-1] == [page["results"] for page in pages[:-1]]
    return [row for page in pages for row in page["results"]]


@pytest.mark.parametrize("limit", ["1", "3", "7", "100"])
def test_pages_merge_all_types_newest_first(history: Cast, olga: User, api: Any, limit: str):
    rows = walk(api(olga), "/admin/transactions", limit=limit)
    assert [row["id"] for row in rows] == everything(operator=olga.operator)
    assert {row["type"] for row in rows} == {"bet", "deposit"}


def test_a_page_can_be_of_one_type(history: Cast, petra: User, api: Any):
    for name, rows in (("deposits", Deposit), ("bets", Bet), ("withdrawals", Withdrawal)):
        shown = walk(api(petra), "/admin/transactions", type=name, limit="50")
        assert [row["id"] for row in shown] == [
            str(pk) for pk in rows.objects.order_by("-id").values_list("pk", flat=True)
        ]
        assert {row["type"] for row in shown} <= {name[:-1]}


def test_a_row_says_what_it_is(cast: Cast, olga: User, api: Any, fund: Any, play: Any):
    alice = cast.players["alice"]
    fund(alice, "20.00")
    bet = play(alice, "coin", "2.00")
    deposit = Deposit.objects.get()
    newest, oldest = api(olga).get("/admin/transactions").data["results"]
    assert newest == {
        "id": str(bet.pk), "type": "bet", "operator": "aurora",
        "player": {"id": str(alice.pk), "username": "alice"}, "amount": "2.00", "currency": "USD", "status": "settled",
        "created_at": newest["created_at"],
        "details": {
            "game": "coin", "version": 1, "bet_type": "real", "multiplier": newest["details"]["multiplier"],
            "win": f"{bet.win:.2f}", "jackpot_win": "0.00", "ggr": f"{bet.ggr:.2f}",
        },
    }  # fmt: skip
    assert (oldest["type"], oldest["amount"], oldest["status"]) == ("deposit", "20.00", "completed")
    assert oldest["details"]["reference"] == deposit.reference


def test_filters_narrow_to_a_player_an_interval_and_seeded_play(history: Cast, olga: User, api: Any):
    sonia = history.players["sonia"]
    rows = walk(api(olga), "/admin/transactions", playerId=str(sonia.pk))
    assert [row["id"] for row in rows] == everything(player=sonia)
    assert rows == walk(api(olga), "/admin/transactions", seeded="only")
    others = walk(api(olga), "/admin/transactions", seeded="exclude")
    assert {row["player"]["username"] for row in others} <= {"alice", "bella"}
    day = history.now - timedelta(hours=150)
    rows = walk(api(olga), "/admin/transactions", **{"from": f"{day:%F}", "to": f"{day:%F}"})
    assert [row["id"] for row in rows] == everything(operator=olga.operator, created_at__date=day.date())
    assert rows


def test_the_platform_selects_an_operator_or_sees_all(history: Cast, petra: User, api: Any):
    assert [row["id"] for row in walk(api(petra), "/admin/transactions")] == everything()
    of_cascade = walk(api(petra), "/admin/transactions", operator="cascade")
    assert [row["id"] for row in of_cascade] == everything(operator=history.operators["cascade"])
    assert api(petra).get("/admin/transactions?operator=nowhere").status_code == 404


def test_a_player_sees_their_own(history: Cast, api: Any, olga: User):
    alice = history.players["alice"]
    rows = walk(api(alice), "/transactions", limit="4", playerId=str(history.players["boris"].pk))
    assert [row["id"] for row in rows] == everything(player=alice)
    assert api(olga).get("/transactions").status_code == 403
    assert api().get("/transactions").status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "bet"},
        {"playerId": "alice"},
        {"cursor": "???"},
        {"cursor": "b0"},
        {"limit": "0"},
        {"limit": "101"},
        {"seeded": "no"},
    ],
)
def test_what_is_asked_wrongly_is_invalid(asked: dict[str, str], petra: User, api: Any):
    answer = api(petra).get("/admin/transactions", asked)
    assert (answer.status_code, answer.data["errors"][0]["field"]) == (400, next(iter(asked)))


def read_csv(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_csv_holds_the_rows_of_the_list(history: Cast, olga: User, api: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transactions, "STREAM_ROWS", 3)
    today = f"{timezone.now():%F}"
    answer = api(olga).get("/admin/transactions", {"format": "csv", "to": today})
    assert answer["Content-Disposition"].startswith('attachment; filename="transactions-aurora-')
    head, rows = read_csv(answer)[:5], read_csv(api(olga).get("/admin/transactions", {"format": "csv"}))[5:]
    assert head[:3] == [["Operator", "Aurora"], ["From", head[1][1]], ["To", today]]
    assert head[3][0] == "Made at"
    shown = walk(api(olga), "/admin/transactions")
    assert [row[0] for row in rows] == [row["id"] for row in shown]
    columns = head[4]
    assert [dict(zip(columns, row, strict=True))["amount"] for row in rows] == [row["amount"] for row in shown]
    assert [dict(zip(columns, row, strict=True))["player"] for row in rows] == [
        row["player"]["username"] for row in shown
    ]


def test_csv_of_nothing_says_so(cast: Cast, olga: User, petra: User, api: Any):
    assert read_csv(api(olga).get("/admin/transactions?format=csv"))[-1] == ["No activity"]
    assert read_csv(api(petra).get("/admin/transactions?format=csv"))[0] == ["Operator", "All operators"]


def test_csv_gives_a_spreadsheet_no_formula(cast: Cast, olga: User, api: Any, provider_account: Any):
    for name in ("=cmd|x", "+alice", "-alice", "@sum"):
        alice = cast.players["alice"]
        User.objects.filter(pk=alice.pk).update(username=name)
        if not Deposit.objects.exists():
            deposit_through_webhook(alice, Decimal(5))
        cells = read_csv(api(olga).get("/admin/transactions?format=csv"))[-1]
        assert cells[4] == f"'{name}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1+1", "'-1+1"), ("@a", "'@a"), ("\tx", "'\tx"), ("\rx", "'\rx"),
        ("\nx", "'\nx"), ("-5.00", "-5.00"), ("5.00", "5.00"), ("alice", "alice"), (None, ""), (3, "3"),
    ],
)  # fmt: skip
def test_a_cell_is_escaped_when_it_begins_a_formula(value: Any, cell: str):
    assert safe(value) == cell


def test_faults_of_a_csv_request_are_problem_documents(olga: User, api: Any):
    answer = api(olga).get("/admin/transactions?format=csv&from=never")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "invalid"


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_csv_is_streamed_under_asgi(aurora: Any, olga: User):
    client = AsyncClient()
    await client.aforce_login(olga)
    answer = await client.get("/admin/transactions?format=csv")
    assert answer.is_async
    assert b"No activity" in b"".join([piece async for piece in answer.streaming_content])
