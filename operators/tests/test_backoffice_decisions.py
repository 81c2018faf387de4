"""What staff decide in the back office: with a reason, by one domain call, in the history; refused with a sentence."""

import json
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from casino.admin.columns import address_of
from casino.games.models import Game
from casino.users.models import User
from casino.users.note_models import PlayerNote
from operators.models import Affiliate, Operator, SignificantEvent
from wallets.adjustment_models import Adjustment
from wallets.models import Deposit, Wallet
from wallets.promotions import Bonus, BonusRule, FreeSpins
from wallets.services import open_deposit
from wallets.tests.conftest import SendingProvider
from wallets.tests.withdrawing import Books, pockets
from wallets.withdrawal_models import Withdrawal
from wallets.withdrawals import request_withdrawal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_close")]
D = Decimal
Page = Callable[..., tuple[int, str]]


@pytest.fixture
def act(client: Client) -> Page:
    """Decide as somebody: ``act(fiona, withdrawal, "approve", reason="Known")``; answers status and text in the end."""

    def decide(user: User, row: Any, name: str, /, **answers: Any) -> tuple[int, str]:
        client.force_login(user)
        if isinstance(row, type):
            address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_begin", args=[name])
        else:
            address = address_of(row).replace("/change/", f"/do/{name}/")
        answer = client.post(address, {"key": f"key-{name}", **answers}, follow=True)
        return answer.status_code, unescape(answer.content.decode())

    return decide


@pytest.fixture
def shown(client: Client) -> Callable[[User, Any], str]:
    def read(user: User, row: Any, query: str = "") -> str:
        client.force_login(user)
        answer = client.get(address_of(row) + query)
        assert answer.status_code == 200
        return unescape(answer.content.decode())

    return read


@pytest.fixture
def asked(alice: User, fund: Any) -> Callable[[str], Withdrawal]:
    """Alice has asked for a withdrawal: ``asked("50.00")``."""

    def ask(amount: str) -> Withdrawal:
        wallet = fund(alice, amount)
        Wallet.objects.filter(pk=wallet.pk).update(wagering_required=0)
        return request_withdrawal(alice, D(amount), "bank_transfer", "DE02").withdrawal

    return ask


def last_event(kind: str) -> tuple[str, str]:
    event = SignificantEvent.objects.filter(kind=kind).latest("id")
    return str(event.actor), event.reason


def test_a_withdrawal_is_approved_with_a_reason(asked: Any, act: Page, shown: Any, fiona: User, sam: User):
    withdrawal, books = asked("50.00"), Books()
    assert "/do/approve/" in shown(fiona, withdrawal)
    assert "/do/" not in shown(sam, withdrawal)
    assert act(sam, withdrawal, "approve", reason="Mine")[0] == 403
    status, text = act(fiona, withdrawal, "approve", reason=" ")
    assert "This field is required" in text
    withdrawal.refresh_from_db()
    assert (withdrawal.status, books.unmoved()) == ("pending", True)
    status, text = act(fiona, withdrawal, "approve", reason="Known to us")
    assert (status, "is approved and goes to the payout provider" in text) == (200, True)
    withdrawal.refresh_from_db()
    assert withdrawal.approver == fiona
    assert last_event("withdrawal.approved") == ("fiona", "Known to us")
    assert "Known to us" in shown(fiona, withdrawal)


def test_the_second_approval_is_another_persons(
    asked: Any, act: Page, shown: Any, fiona: User, olga: User, aurora: Any
):
    Operator.objects.filter(pk=aurora.pk).update(withdrawal_approval_threshold=D(40))
    withdrawal = asked("50.00")
    assert "your approval is noted" in act(fiona, withdrawal, "approve", reason="First")[1]
    assert "two people: fiona has approved" in shown(olga, withdrawal)
    books = Books()
    assert "You have approved this withdrawal already" in act(fiona, withdrawal, "approve", reason="Again")[1]
    withdrawal.refresh_from_db()
    assert (withdrawal.status, books.unmoved()) == ("pending", True)
    assert "is approved" in act(olga, withdrawal, "approve", reason="Second")[1]
    withdrawal.refresh_from_db()
    assert (withdrawal.first_approver, withdrawal.approver) == (fiona, olga)


def test_a_rejected_withdrawal_is_the_players_again(asked: Any, act: Page, fiona: User, bruno: User):
    withdrawal = asked("50.00")
    assert act(bruno, withdrawal, "reject", reason="Mine")[0] == 200  # led to the overview, as by a row that never was
    withdrawal.refresh_from_db()
    assert withdrawal.status == "pending"
    assert "the money is back with the player" in act(fiona, withdrawal, "reject", reason="No proof")[1]
    assert pockets(withdrawal.wallet) == (D(50), D(0))
    assert "not pending any more" in act(fiona, withdrawal, "reject", reason="Once more")[1]


def test_several_are_approved_at_once_where_one_person_is_enough(
    asked: Any, make_player: Any, fund: Any, aurora: Operator, client: Client, fiona: User
):
    small = asked("50.00")
    bella = make_player("bella", aurora)
    wallet = fund(bella, "2000.00")
    Wallet.objects.filter(pk=wallet.pk).update(wagering_required=0)
    large = request_withdrawal(bella, D(1500), "bank_transfer", "DE03").withdrawal
    client.force_login(fiona)
    queue = reverse("admin:wallets_withdrawal_changelist")
    page = client.get(queue).content.decode()
    assert page.index(small.reference) < page.index(large.reference)  # the oldest on top
    sent = {"action": "approve", "index": 0, "_selected_action": [small.pk, large.pk]}
    assert b"goes" not in client.post(queue, sent).content
    assert Withdrawal.objects.filter(status="pending").count() == 2
    text = client.post(
        queue, {**sent, "confirmed": "yes", "key": "k", "reason": "All known"}, follow=True
    ).content.decode()
    assert f"{small} is approved" in text
    assert f"{large}: It is above the threshold" in text
    large.refresh_from_db()
    assert (large.status, large.first_approver) == ("pending", None)


def test_a_deposit_in_review_is_completed_with_what_came(
    alice: User, provider_account: Any, act: Page, fiona: User, wallet_of: Any
):
    deposit: Deposit = open_deposit(alice, D(30), "generic").deposit
    SendingProvider().says("completed", deposit, amount="24.00")
    assert "is completed with 24.00 USD" in act(fiona, deposit, "complete", reason="It is hers")[1]
    assert wallet_of(alice).real == D(24)
    assert last_event("deposit.matched") == ("fiona", "It is hers")
    assert "not in review any more" in act(fiona, deposit, "fail", reason="Late")[1]


def test_a_large_adjustment_has_a_maker_and_a_checker(
    alice: User, fund: Any, act: Page, fiona: User, olga: User, wallet_of: Any
):
    fund(alice, "10.00")
    assert "waits for a second person" in act(fiona, alice, "adjust", amount="150.00", reason="Lost in transit")[1]
    (adjustment,) = Adjustment.objects.all()
    assert "You made this adjustment" in act(fiona, adjustment, "approve", reason="Mine")[1]
    assert wallet_of(alice).real == D(10)
    assert "approved and posted" in act(olga, adjustment, "approve", reason="Seen the slip")[1]
    assert wallet_of(alice).real == D(160)
    assert "An amount" in act(fiona, alice, "adjust", amount="1e3", reason="Odd", key="other")[1]


def test_what_is_granted_is_granted_once_however_often_it_is_sent(
    alice: User, coin: Game, act: Page, olga: User, fiona: User
):
    assert act(fiona, alice, "bonus", amount="10", reason="Mine")[0] == 403
    for _ in range(2):
        act(olga, alice, "bonus", amount="10.00", reason="Sorry")
        act(olga, alice, "spins", game=coin.pk, count="3", value="0.50", reason="Sorry")
    assert [(bonus.granted, bonus.granted_by) for bonus in Bonus.objects.all()] == [(D(10), olga)]
    assert FreeSpins.objects.get().count == 3
    assert last_event("bonus.granted") == ("olga", "Sorry")


def test_a_player_is_blocked_and_unblocked_here(alice: User, act: Page, shown: Any, olga: User, wallet_of: Any):
    assert "Unblock" not in shown(olga, alice)
    assert "is blocked at Aurora" in act(olga, alice, "block", reason="Chargebacks")[1]
    assert wallet_of(alice).is_blocked
    assert "is not blocked at Aurora any more" in act(olga, alice, "unblock", reason="Paid")[1]
    assert not wallet_of(alice).is_blocked
    assert "Chargebacks" in shown(olga, alice, "?tab=history")


def test_a_note_stays_with_its_operator(
    alice: User, borealis: Operator, act: Page, shown: Any, fiona: User, bruno: User
):
    from betting.services import open_account

    open_account(alice, borealis)
    act(fiona, alice, "note", text="Prefers to be called in the evening")
    assert PlayerNote.objects.get().author == fiona
    assert "in the evening" in shown(fiona, alice, "?tab=notes")
    assert "in the evening" not in shown(bruno, alice, "?tab=notes") + shown(bruno, alice, "?tab=history")


def test_other_maths_are_compared_before_they_are_saved(coin: Game, make_game: Any, act: Page, olga: User, petra: User):
    lines = [{"label": "lose", "weight": 53, "multiplier": "0"}, {"label": "win", "weight": 47, "multiplier": "2"}]
    paytable = json.dumps({"outcomes": lines})
    own = make_game("own", operator_id=olga.operator_id)
    assert act(olga, coin, "paytable", paytable=paytable, reason="Mine")[0] == 403
    _, text = act(olga, own, "paytable", paytable=paytable, reason="Tighter")
    assert all(figure in text for figure in ("96.00", "94.00", "48.00", "47.00", "Save"))
    own.refresh_from_db()
    assert own.version.number == 1
    _, text = act(olga, own, "paytable", paytable=paytable, reason="Tighter", confirmed="yes")
    assert "Version 2 of Own is in force" in text
    own.refresh_from_db()
    assert (own.version.number, own.version.rtp) == (2, D(94))
    assert last_event("game.version_published") == ("olga", "Tighter")
    bad = paytable.replace("47", "470")
    assert "at most 100 % is allowed" in act(petra, coin, "paytable", paytable=bad, reason="Generous")[1]
    assert "JSON" in act(petra, coin, "paytable", paytable="{", reason="Odd")[1]
    assert coin.versions.count() == 1


def test_a_game_is_switched_and_retired(coin: Game, act: Page, olga: User, aurora: Operator):
    assert "is off at Aurora" in act(olga, coin, "switch", min_bet="", max_bet="", reason="Summer")[1]
    assert not coin.switches.get(operator=aurora).is_enabled
    assert "may only narrow" in act(olga, coin, "switch", is_enabled="on", max_bet="9999", reason="More")[1]
    assert act(olga, coin, "retire", reason="Mine")[0] == 403
    terms = {"name": "Ours", "category": str(coin.category_id), "kind": "weighted", "min_bet": "0.10", "max_bet": "5",
             "wagering_weight": "1", "vip_weight": "1", "is_active": "on", "reason": "New",
             "paytable": '{"outcomes": [{"label": "same", "weight": 1, "multiplier": "0.95"}]}'}  # fmt: skip
    assert "Figures of the new game" in act(olga, Game, "new", **terms)[1]
    act(olga, Game, "new", **terms, confirmed="yes")
    ours = Game.objects.get(name="Ours")
    assert (ours.operator, ours.version.rtp) == (aurora, D(95))
    assert "is retired" in act(olga, ours, "retire", reason="Enough")[1]
    assert not Game.objects.seen_at(aurora.pk).filter(name="Ours").exists()


def test_jackpots_rules_affiliates_and_operators_are_kept_by_whom_they_belong_to(
    make_jackpot: Any, act: Page, olga: User, fiona: User, petra: User, aurora: Operator, client: Client
):
    level = make_jackpot({"name": "mini", "rate": "0.004", "seed": 5}).levels.get()
    assert "has new terms" in act(petra, level, "change", rate="0.003", seed="5", odds="0.000001", reason="Slower")[1]
    level.refresh_from_db()
    assert (level.rate, last_event("settings.changed")) == (D("0.003"), ("petra", "Slower"))
    rule = {"name": "Spring", "trigger": "promo_code", "code": "SPRING", "match_percent": "50", "amount": "0",
            "min_deposit": "0", "free_spins": "0", "free_spin_value": "0.10", "xp": "0", "xp_percent": "0",
            "wagering_multiple": "35", "expires_days": "30", "is_active": "on", "reason": "Spring"}  # fmt: skip
    assert act(fiona, BonusRule, "new", **rule)[0] == 403
    assert "Spring is in force" in act(olga, BonusRule, "new", **rule)[1]
    assert "promo code is unique" in act(olga, BonusRule, "new", **rule | {"name": "Twin"})[1]
    made = BonusRule.objects.get()
    act(olga, made, "change", **rule | {"match_percent": "75"})
    made.refresh_from_db()
    assert (made.operator, made.match_percent) == (aurora, D(75))
    partner = {"code": "NEW", "name": "New", "rate": ""}
    act(olga, Affiliate, "new", **partner)
    assert not Affiliate.objects.exists()
    assert "is made" in act(olga, Affiliate, "new", **partner, reason="Signed in June")[1]
    assert last_event("affiliate.created") == ("olga", "Signed in June")
    assert "0.00 is payable" in act(fiona, Affiliate.objects.get(), "pay", amount="1.00", reason="June")[1]
    assert act(olga, Operator, "new", slug="delta", name="Delta", currency="EUR", reason="Mine")[0] == 403
    assert "Delta is open" in act(petra, Operator, "new", slug="delta", name="Delta", currency="EUR", reason="New")[1]
    delta = Operator.objects.get(slug="delta")
    act(petra, delta, "change", name="Delta", rng_provider="system", reason="Not yet")
    delta.refresh_from_db()
    assert (delta.is_open, delta.rng_provider) == (False, "system")
