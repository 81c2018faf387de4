"""Financials against the ledger itself: balances, costs, NGR, and opening + in − out = closing in every book."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from betting.models import Bet, JackpotPending, JackpotPool
from betting.orders import Settled
from betting.services import open_account, place_bets
from casino.users.models import User
from casino.weeks import last_week
from operators import affiliates
from operators.models import Affiliate, Operator
from operators.tests.conftest import Cast, midnight
from vip.programme import VipCostShare
from vip.services import add_xp, redeem_points
from wallets.models import Transfer, Wallet
from wallets.services import deposit_through_webhook

POCKETS = ("real", "bonus", "held", "debt")


def intervals(cast: Cast) -> list[tuple[dict[str, str], datetime, datetime]]:
    today, hour = midnight(cast.now), cast.now.replace(minute=0, second=0, microsecond=0)
    week, start, end = today - timedelta(days=9), hour - timedelta(hours=210), hour - timedelta(hours=60)
    return [
        ({}, today - timedelta(days=29), today + timedelta(days=1)),
        ({"from": f"{week:%F}", "to": f"{week + timedelta(days=3):%F}"}, week, week + timedelta(days=4)),
        ({"from": f"{start:%FT%TZ}", "to": f"{end:%FT%TZ}"}, start, end),
    ]


def balance(pocket: str, until: datetime, **named: Any) -> Decimal:
    """What the ledger says a pocket held at a moment, summed transfer by transfer."""
    rows = Transfer.objects.filter(created_at__lt=until, **named)
    into = sum(rows.filter(target=pocket).values_list("amount", flat=True), Decimal(0))
    out = sum(rows.filter(source=pocket).values_list("amount", flat=True), Decimal(0))
    return (out - into) if pocket == "debt" else (into - out)


def moved(start: datetime, end: datetime, operator: Operator | None, **named: Any) -> Decimal:
    rows = Transfer.objects.filter(operator=operator, created_at__gte=start, created_at__lt=end, **named)
    return sum(rows.values_list("amount", flat=True), Decimal(0))


@pytest.fixture
def busy(
    books_close: None, history: Cast, order_of: Any, ever_lose: Any, partner: Affiliate, olga: User, petra: User,
    make_player: Any, play: Any,
) -> Cast:  # fmt: skip
    """The history, with an affiliate's accrual of 1.00 and payment of 0.40, and a VIP cost of 5.00 that books share."""
    monday = last_week(history.now.date())
    Affiliate.objects.update(created_at=midnight(history.now, -60))
    referred = make_player("rosa", history.operators["aurora"], affiliate=partner)
    deposit_through_webhook(referred, Decimal(500), at=midnight(monday, 2))
    (lost,) = place_bets([order_of(referred, "ever-lose", "400.00")], at=midnight(monday, 3))
    assert isinstance(lost, Settled)
    assert affiliates.accrue_affiliates().accrued
    affiliates.pay_affiliate(olga, partner.pk, "November", amount=Decimal("0.40"))
    _share_vip_cost(history, petra, play)
    return history


def _share_vip_cost(cast: Cast, petra: User, play: Any) -> None:
    """Alice redeems points at Aurora in a month in which she staked money at Borealis as well: that bears a part."""
    alice, borealis = cast.players["alice"], cast.operators["borealis"]
    add_xp(petra, alice.pk, Decimal(500), "A gift")
    redeem_points(alice, Decimal(500), operator="aurora")
    play(alice, "coin", "1.00")
    User.objects.filter(pk=alice.pk).update(operator=borealis)
    alice.operator = borealis
    open_account(alice, borealis)
    deposit_through_webhook(alice, Decimal(50), operator="borealis")
    play(alice, "coin", "40.00")
    redeem_points(alice, Decimal(100), operator="aurora")


def test_every_pocket_opens_and_closes_as_the_ledger_says(busy: Cast, petra: User, api: Any):
    for asked, start, end in intervals(busy):
        for book in api(petra).get("/admin/financials", asked).data["operators"]:
            of = {"operator": busy.operators[book["operator"]["slug"]]}
            for pocket in POCKETS:
                line = {name: Decimal(amount) for name, amount in book["statement"][pocket].items()}
                assert line["opening"] == balance(pocket, start, **of)
                assert line["closing"] == balance(pocket, end, **of) == Decimal(book["balances"][pocket])
                assert line["opening"] + line["in"] - line["out"] == line["closing"]
                into = moved(start, end, of["operator"], target=pocket)
                assert line["in"] == (into if pocket != "debt" else moved(start, end, of["operator"], source=pocket))


def test_results_are_the_sums_of_the_ledgers_transfers(busy: Cast, petra: User, api: Any):
    for asked, start, end in intervals(busy):
        for operator in busy.operators.values():
            book = api(petra).get("/admin/financials", asked | {"operator": operator.slug}).data
            check_results(book, start, end, operator)
    aurora = api(petra).get("/admin/financials", {"operator": "aurora"}).data
    assert aurora["affiliate"] == {"accrued": "1.00", "paid": "0.40"}
    books = api(petra).get("/admin/financials").data
    borne = {book["operator"]["slug"]: book["vip_costs"] for book in books["operators"]}
    shares = {slug: Decimal(0) for slug in (None, *busy.operators)}
    for share in VipCostShare.objects.select_related("operator"):
        shares[share.operator and share.operator.slug] += share.amount
    assert {slug: Decimal(amount) for slug, amount in borne.items()} | {None: shares[None]} == shares
    assert books["platform"][0]["vip_costs"] == f"{shares[None]:.2f}"
    assert min(shares[None], shares["aurora"], shares["borealis"]) > 0
    assert sum(shares.values()) == 6


def check_results(book: dict[str, Any], start: datetime, end: datetime, operator: Operator) -> None:
    def total(**named: Any) -> Decimal:
        return moved(start, end, operator, **named)

    wagers = total(kind="stake")
    wins = total(kind="win")
    promotions = total(source="promotions") - total(target="forfeits")
    contributions = total(kind="jackpot_contribution")
    vip, accrued = total(source="vip_cost"), total(kind="affiliate_accrual")
    assert (Decimal(book["wagers"]), Decimal(book["wins"])) == (wagers, wins)
    assert Decimal(book["ggr"]) == wagers - wins
    assert Decimal(book["promotion_costs"]) == promotions
    assert Decimal(book["jackpot_contributions"]) == contributions
    assert Decimal(book["jackpot_wins"]) == total(kind="jackpot_win", target="real")
    assert Decimal(book["vip_costs"]) == vip
    assert Decimal(book["ngr"]) == wagers - wins - promotions - contributions - vip - accrued
    deposits = Transfer.objects.filter(operator=operator, kind="deposit", created_at__gte=start, created_at__lt=end)
    assert (book["deposits"]["count"], Decimal(book["deposits"]["sum"])) == (deposits.count(), total(kind="deposit"))
    assert book["withdrawals"] == {"count": 0, "sum": "0.00", "pending_count": 0, "pending_sum": "0.00"}
    pending = JackpotPending.objects.filter(operator=operator).values_list("amount", flat=True)
    assert Decimal(book["jackpot_liability"]) == sum(pending, Decimal(0))


@pytest.mark.usefixtures("books_close")
def test_the_pools_open_and_close_as_the_ledger_says(history: Cast, petra: User, api: Any):
    for asked, start, end in intervals(history):
        for seeded in ("include", "only"):
            (book,) = api(petra).get("/admin/financials", asked | {"seeded": seeded}).data["platform"]
            line = {name: Decimal(amount) for name, amount in book["jackpots"].items()}
            assert line["opening"] == pooled(start)
            assert line["closing"] == pooled(end) == Decimal(book["jackpot_liability"])
            assert line["opening"] + line["contributions"] + line["seeds"] - line["paid"] == line["closing"]
    now = sum(JackpotPool.objects.values_list("value", flat=True)) + sum(
        JackpotPending.objects.values_list("amount", flat=True)
    )
    (book,) = api(petra).get("/admin/financials").data["platform"]
    assert Decimal(book["jackpot_liability"]) == now
    assert Bet.objects.filter(jackpot_win__gt=0).exists()


def pooled(until: datetime) -> Decimal:
    """The pools and what was on its way into them, at a moment, by the ledger of all books.

    Folds move between the two only; history runs fold at another moment than they play.
    """
    rows = Transfer.objects.filter(created_at__lt=until)
    contributed = sum(rows.filter(kind="jackpot_contribution").values_list("amount", flat=True), Decimal(0))
    seeded = sum(rows.filter(kind="jackpot_seed").values_list("amount", flat=True), Decimal(0))
    paid = sum(rows.filter(kind="jackpot_win", source="jackpot_pool").values_list("amount", flat=True), Decimal(0))
    return contributed + seeded - paid


@pytest.mark.usefixtures("books_close")
def test_seeded_play_is_counted_apart(history: Cast, olga: User, api: Any):
    asked = [api(olga).get("/admin/financials", {"seeded": seeded}).data for seeded in ("include", "exclude", "only")]
    whole, people, seeded = asked
    for name in ("wagers", "wins", "ggr", "promotion_costs", "jackpot_contributions", "ngr"):
        assert Decimal(whole[name]) == Decimal(people[name]) + Decimal(seeded[name])
    for pocket in POCKETS:
        assert Decimal(whole["balances"][pocket]) == Decimal(people["balances"][pocket]) + Decimal(
            seeded["balances"][pocket]
        )
    sonia = Wallet.objects.get(player=history.players["sonia"])
    assert seeded["balances"]["real"] == f"{sonia.real:.2f}"
    assert (whole["deposits"]["count"], people["deposits"]["count"], seeded["deposits"]["count"]) == (2, 1, 1)


def test_an_operator_without_anything_has_zeros(olga: User, api: Any):
    book = api(olga).get("/admin/financials").data
    assert (book["operator"]["slug"], book["currency"]) == ("aurora", "USD")
    assert book["balances"] == dict.fromkeys(POCKETS, "0.00")
    assert (book["ggr"], book["ngr"], book["jackpot_contributions"]) == ("0.00", "0.00", "0.000000")
