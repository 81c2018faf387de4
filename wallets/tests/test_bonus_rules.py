"""What deposits earn by their operator's rules: exactly as much as the rules say, exactly once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from betting.services import open_account
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from vip.models import LevelReached, PointsMovement, Standing
from wallets import services, webhooks
from wallets.bonus_rules import open_default_rules
from wallets.models import Deposit, Transfer, TransferKind, Wallet, WebhookEvent
from wallets.promotions import Bonus, BonusRule, BonusStatus, FreeSpins, RuleUse
from wallets.providers import find_account
from wallets.tests.conftest import SendingProvider
from wallets.tests.playing import in_parallel, listen, make_game, play

WalletOf = Callable[[User], Wallet]

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def game(db: None) -> Game:
    return make_game()


@pytest.fixture
def rules(aurora: Operator, game: Game) -> list[BonusRule]:
    """Aurora begins with the default rules."""
    return open_default_rules(aurora, game)


@pytest.fixture
def rule(aurora: Operator) -> Callable[..., BonusRule]:
    """A rule of Aurora's own: ``rule("any_deposit", amount=5)``."""

    def make(trigger: str, **terms: Any) -> BonusRule:
        made: BonusRule = BonusRule.objects.create(**{"operator": aurora, "name": "Rule", "trigger": trigger} | terms)
        return made

    return make


def xp_of(player: User) -> tuple[D, D]:
    standing = Standing.objects.get(player=player)
    return standing.xp, standing.points


def nothing_granted() -> bool:
    return not (
        Bonus.objects.exists() or FreeSpins.objects.exists() or RuleUse.objects.exists()
        or PointsMovement.objects.exists() or Transfer.objects.exclude(kind=TransferKind.DEPOSIT).exists()
    )  # fmt: skip


# --- The rules an operator begins with ---


def test_a_new_operator_begins_with_two_rules_and_gets_them_once(aurora: Operator, borealis: Operator, game: Game):
    first, any_deposit = open_default_rules(aurora, game)
    assert (first.trigger, first.match_percent, first.cap, first.wagering_multiple) == ("first_deposit", 100, 100, 35)
    assert (first.free_spins, first.free_spin_value, first.free_spin_game) == (20, D("0.10"), game)
    assert (first.expires_days, first.max_stake, first.conversion_cap) == (30, None, None)
    assert (any_deposit.trigger, any_deposit.xp_percent, any_deposit.match_percent) == ("any_deposit", 10, 0)
    assert open_default_rules(aurora, game) == []
    assert [made.free_spins for made in open_default_rules(borealis)] == [0, 0]


@pytest.mark.parametrize(
    ("deposited", "granted", "required", "max_stake", "xp"),
    [
        ("40.00", "40.00", "1400.00", "4.00", "4.00"),
        ("250.00", "100.00", "3500.00", "5.00", "25.00"),
        ("8.00", "8.00", "280.00", "1.00", "0.80"),
        ("12.34", "12.34", "431.90", "1.23", "1.23"),
        ("100.01", "100.00", "3500.00", "5.00", "10.00"),
        ("1.00", "1.00", "35.00", "1.00", "0.10"),
    ],
)
def test_a_first_deposit_is_doubled_and_earns_xp(
    rules: list[BonusRule], alice: User, fund: Any, deposited: str, granted: str, required: str, max_stake: str, xp: str
):
    wallet = fund(alice, deposited)
    bonus = Bonus.objects.get()
    assert (bonus.granted, bonus.balance, bonus.required) == (D(granted), D(granted), D(required))
    assert (bonus.max_stake, bonus.wagering_multiple, bonus.wagered) == (D(max_stake), D(35), D(0))
    assert (bonus.source, bonus.status, bonus.rule, bonus.conversion_cap) == ("first_deposit", "active", rules[0], None)
    assert bonus.expires_at - bonus.created_at == timedelta(days=30)
    assert (wallet.real, wallet.bonus, wallet.wagering_required) == (D(deposited), D(granted), D(deposited))
    grant = Transfer.objects.get(kind=TransferKind.BONUS_GRANT)
    assert (grant.source, grant.target, grant.amount, grant.reference) == ("promotions", "bonus", D(granted), bonus.pk)
    assert xp_of(alice) == (D(xp), D(xp))


def test_a_first_deposit_brings_twenty_free_spins(rules: list[BonusRule], alice: User, game: Game, fund: Any):
    fund(alice, "10.00")
    spins = FreeSpins.objects.get()
    assert (spins.count, spins.remaining, spins.value, spins.game) == (20, 20, D("0.10"), game)
    assert (spins.source, spins.wagering_multiple) == ("first_deposit", D(35))
    assert spins.expires_at - spins.created_at == timedelta(days=30)
    assert play(alice, free_spin=str(spins.pk)).win == D("0.09")


def test_only_the_first_deposit_is_the_first_and_each_earns_xp(rules: list[BonusRule], alice: User, fund: Any):
    for amount in ("20.00", "30.00", "50.00"):
        fund(alice, amount)
    assert [bonus.granted for bonus in Bonus.objects.all()] == [D(20)]
    assert FreeSpins.objects.count() == 1
    assert xp_of(alice) == (D(10), D(10))
    assert [movement.xp for movement in PointsMovement.objects.order_by("id")] == [D(2), D(3), D(5)]


def test_each_operator_has_rules_and_first_deposits_of_its_own(
    rules: list[BonusRule], alice: User, boris: User, borealis: Operator, fund: Any
):
    fund(boris, "20.00")
    assert nothing_granted(), "Borealis has no rules"
    open_default_rules(borealis)
    fund(alice, "20.00")
    open_account(alice, borealis)
    services.deposit_through_webhook(alice, D(30), operator="borealis")
    granted = Bonus.objects.order_by("id").values_list("operator__slug", "player__username", "granted")
    assert list(granted) == [("aurora", "alice", D(20)), ("borealis", "alice", D(30))]
    fund(boris, "20.00")
    assert Bonus.objects.count() == 2, "Boris's first deposit was made before there were rules"


def test_an_announced_deposit_earns_nothing_before_its_money_comes(
    rules: list[BonusRule], alice: User, provider: SendingProvider
):
    early, first = (services.open_deposit(alice, D(amount), "generic").deposit for amount in (10, 20))
    provider.says("failed", early)
    assert nothing_granted()
    provider.says("completed", first)
    provider.says("completed", early)
    assert [bonus.deposit for bonus in Bonus.objects.all()] == [first]


# --- Promo codes, amounts, periods ---


def deposit_with(player: User, code: str, provider: SendingProvider, amount: int = 20) -> Deposit:
    deposit = services.open_deposit(player, D(amount), "generic", promo_code=code).deposit
    provider.says("completed", deposit)
    return deposit


@pytest.mark.parametrize(
    ("entered", "granted"), [("SUMMER", 1), ("summer", 1), (" Summer ", 1), ("SUMMER2", 0), ("", 0), ("%", 0)]
)
def test_a_promo_code_is_entered_in_any_case(
    alice: User, provider: SendingProvider, rule: Any, entered: str, granted: int
):
    rule("promo_code", code="Summer", amount=D("7.50"), wagering_multiple=10)
    deposit_with(alice, entered, provider)
    assert list(Bonus.objects.values_list("granted", "required", "source")) == [
        (D("7.50"), D(75), "promo_code")
    ] * granted  # fmt: skip


def test_a_rule_may_be_used_once_per_player(
    alice: User, make_player: Any, aurora: Operator, provider: SendingProvider, rule: Any
):
    once = rule("promo_code", code="ONCE", xp=3, is_once_per_player=True)
    anew = rule("promo_code", code="ANEW", xp=2)
    for code in ("once", "ONCE", "anew", "anew"):
        deposit_with(alice, code, provider)
    assert xp_of(alice) == (D(7), D(7))
    deposit_with(make_player("adam", aurora), "ONCE", provider)
    assert (RuleUse.objects.filter(rule=once).count(), RuleUse.objects.filter(rule=anew).count()) == (2, 2)


def test_match_and_amount_add_up_under_the_terms_of_the_rule(alice: User, fund: Any, rule: Any):
    terms = {"max_stake": D("2.50"), "conversion_cap": D(50), "wagering_multiple": D("12.50"), "expires_days": 7}
    rule("any_deposit", match_percent=D("33.33"), cap=10, amount=D("1.50"), **terms)
    fund(alice, "10.00")
    fund(alice, "100.00")
    small, large = Bonus.objects.order_by("id")
    assert (small.granted, large.granted) == (D("4.83"), D("11.50"))
    assert (large.required, large.max_stake, large.conversion_cap) == (D("143.75"), D("2.50"), D(50))
    assert large.expires_at - large.created_at == timedelta(days=7)


def test_several_rules_are_met_at_once_oldest_first(alice: User, fund: Any, rule: Any, rules: list[BonusRule]):
    rule("any_deposit", amount=1)
    rule("any_deposit", xp=4)
    fund(alice, "20.00")
    assert list(Bonus.objects.order_by("id").values_list("granted", flat=True)) == [D(20), D(1)]
    assert xp_of(alice) == (D(6), D(6))
    assert PointsMovement.objects.count() == 1
    assert RuleUse.objects.count() == 4


NOT_MET: list[dict[str, Any]] = [
    {"min_deposit": D("20.01")},
    {"is_active": False},
    {"starts_at": timezone.now() + timedelta(hours=1)},
    {"ends_at": timezone.now() - timedelta(seconds=1)},
    {"trigger": "manual"},
    {"trigger": "level_up"},
]


@pytest.mark.parametrize("terms", NOT_MET, ids=[next(iter(terms)) + str(n) for n, terms in enumerate(NOT_MET)])
def test_a_rule_that_is_not_met_gives_nothing(alice: User, fund: Any, rule: Any, terms: dict[str, Any]):
    rule(**{"trigger": "any_deposit", "amount": 5, "xp": 5} | terms)
    fund(alice, "20.00")
    assert nothing_granted()


def test_the_least_deposit_meets_its_rule(alice: User, fund: Any, rule: Any):
    rule("any_deposit", amount=5, min_deposit=20)
    fund(alice, "20.00")
    assert Bonus.objects.count() == 1


def test_a_bonus_without_wagering_is_real_money_at_once(alice: User, fund: Any, rule: Any):
    rule("any_deposit", amount=5, wagering_multiple=0)
    wallet = fund(alice, "20.00")
    bonus = Bonus.objects.get()
    assert (bonus.status, bonus.balance, bonus.converted) == ("converted", D(0), D(5))
    assert (wallet.real, wallet.bonus) == (D(25), D(0))


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ({"amount": D("0.005")}, "a_bonus_rule_has_terms_that_a_wallet_can_keep"),
        ({"cap": D("-1")}, "a_bonus_rule_has_terms_that_a_wallet_can_keep"),
        ({"max_stake": 0}, "a_bonus_rule_has_terms_that_a_wallet_can_keep"),
        ({"conversion_cap": D("1.001")}, "a_bonus_rule_has_terms_that_a_wallet_can_keep"),
        ({"expires_days": 0}, "a_bonus_rule_has_terms_that_a_wallet_can_keep"),
        ({"code": "summer"}, "a_promo_code_is_unique_at_its_operator"),
    ],
)
def test_the_database_keeps_out_rules_that_cannot_be_kept(rule: Any, terms: dict[str, Any], name: str):
    rule("promo_code", code="SUMMER")
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        rule("promo_code", **{"code": "WINTER"} | terms)


# --- XP and levels ---


def test_xp_may_lift_a_player_by_several_levels(alice: User, fund: Any, rule: Any, monkeypatch: pytest.MonkeyPatch):
    rule("any_deposit", xp=D("4999.99"), xp_percent=D("0.1"))
    heard = listen(monkeypatch)
    fund(alice, "10.00")
    assert xp_of(alice) == (D(5000), D(5000))
    assert Standing.objects.get(player=alice).level_id == 2
    assert list(LevelReached.objects.values_list("level_id", "operator__slug")) == [(1, "aurora"), (2, "aurora")]
    assert [level["level"]["slug"] for _, level in heard(alice, "vip.level_up")] == ["silver", "gold"]


# --- Money that goes back ---


def test_a_refund_forfeits_what_is_left_of_what_the_deposit_granted(
    rules: list[BonusRule], alice: User, provider: SendingProvider, fund: Any, wallet_of: WalletOf, rule: Any
):
    deposit = services.open_deposit(alice, D(40), "generic").deposit
    provider.says("completed", deposit)
    spins = FreeSpins.objects.get()
    play(alice, free_spin=str(spins.pk))
    play(alice, "40.00")
    assert play(alice, "4.00", game=make_game("other").slug).bet_type == "real"
    kept = Bonus.objects.get(pk=_grant_by_hand(alice))
    provider.says("refunded", deposit)
    matched, gathered = Bonus.objects.exclude(pk=kept.pk).order_by("id")
    assert (matched.status, matched.forfeited, matched.balance) == (BonusStatus.EXPIRED, D(40), D(0))
    assert (gathered.source, gathered.status, gathered.forfeited) == ("free_spins", BonusStatus.EXPIRED, D("0.09"))
    kept.refresh_from_db()
    assert (kept.status, wallet_of(alice).bonus) == (BonusStatus.ACTIVE, D(5))
    assert (wallet_of(alice).real, wallet_of(alice).debt) == (D(0), D("2.20"))
    spins.refresh_from_db()
    assert (spins.remaining, spins.expires_at <= timezone.now()) == (19, True)
    assert xp_of(alice)[0] > 0, "XP stay"
    assert fund(alice, "30.00").bonus == D(5), "the first deposit was made, though it went back"


def _grant_by_hand(player: User) -> Any:
    from wallets.grants import BonusTerms, grant_bonus

    staff = User.objects.create_superuser("petra@platform.test", "petra", "correct-horse-7")
    assert player.operator is not None
    return grant_bonus(staff, player.operator, player.pk, BonusTerms(D(5)), reason="Sorry").row.pk


def test_a_refund_takes_only_what_play_has_left(
    aurora: Operator, alice: User, provider: SendingProvider, wallet_of: WalletOf, game: Game
):
    open_default_rules(aurora)
    deposit = services.open_deposit(alice, D(10), "generic").deposit
    provider.says("completed", deposit)
    Operator.objects.update(max_bet=10)
    while wallet_of(alice).real:
        play(alice, str(min(wallet_of(alice).real, D(10))) if wallet_of(alice).real >= D("0.10") else "0.10")
        if wallet_of(alice).real < D("0.10"):
            break
    before = wallet_of(alice)
    bet = play(alice, "1.00")
    assert (bet.bet_type, wallet_of(alice).bonus) == ("bonus", D("9.95"))
    provider.says("refunded", deposit)
    bonus = Bonus.objects.get()
    assert (bonus.status, bonus.forfeited, bonus.wagered) == (BonusStatus.EXPIRED, D("9.95"), D(1))
    assert (wallet_of(alice).bonus, wallet_of(alice).debt) == (D(0), D(10) - before.real)


def test_a_converted_bonus_is_not_taken_back(alice: User, provider: SendingProvider, wallet_of: WalletOf, rule: Any):
    rule("any_deposit", amount=5, wagering_multiple=0)
    deposit = services.open_deposit(alice, D(20), "generic").deposit
    provider.says("completed", deposit)
    provider.says("refunded", deposit)
    assert (wallet_of(alice).real, Bonus.objects.get().status) == (D(5), BonusStatus.CONVERTED)


def test_a_deposit_that_was_taken_back_before_it_came_earns_nothing(
    rules: list[BonusRule], alice: User, provider: SendingProvider, wallet_of: WalletOf
):
    deposit = services.open_deposit(alice, D(20), "generic").deposit
    provider.says("refunded", deposit)
    provider.says("completed", deposit)
    assert (wallet_of(alice).real, wallet_of(alice).bonus) == (D(0), D(0))
    assert not Bonus.objects.exists()
    assert not RuleUse.objects.exists()
    assert xp_of(alice) == (D(0), D(0))


# --- Exactly once ---


def test_a_completion_that_failed_midway_grants_once_when_it_is_settled(
    rules: list[BonusRule], alice: User, provider: SendingProvider, monkeypatch: pytest.MonkeyPatch, wallet_of: WalletOf
):
    deposit = services.open_deposit(alice, D(20), "generic").deposit
    with monkeypatch.context() as broken:
        # Bonus and free spins are granted when the fault strikes.
        broken.setattr("wallets.bonus_rules._earn", lambda *_: 1 / 0)
        provider.says("completed", deposit)
    assert nothing_granted()
    assert (wallet_of(alice).real, WebhookEvent.objects.get().verdict) == (D(0), "stored")
    assert services.settle_stored_webhooks() == 1
    assert (wallet_of(alice).real, wallet_of(alice).bonus, xp_of(alice)[0]) == (D(20), D(20), D(2))


def test_the_feeds_hear_of_the_bonus_and_of_the_whole_balance(
    rules: list[BonusRule], alice: User, fund: Any, api: Any, monkeypatch: pytest.MonkeyPatch
):
    heard = listen(monkeypatch)
    fund(alice, "40.00")
    ((_, told),) = heard(alice, "bonus.changed")
    assert told == api(alice).get("/bonuses").json()["results"][0]
    ((_, balance),) = heard(alice, "balance.changed")
    assert (balance["real"], balance["bonus"]) == ("40.00", "40.00")


@pytest.mark.django_db(transaction=True)
def test_one_completion_told_fifty_times_at_once_grants_once(
    rules: list[BonusRule], alice: User, provider: SendingProvider, wallet_of: WalletOf
):
    deposit = services.open_deposit(alice, D(40), "generic").deposit
    account = find_account("generic", None)
    assert account is not None
    same = webhooks.sign_event(account, deposit, "completed", timezone.now())
    jobs: list[Callable[[], Any]] = [
        lambda: services.receive_webhook("generic", None, same.headers, same.body),
        lambda: provider.says("completed", deposit),
    ]
    in_parallel(25, jobs * 25)
    assert (wallet_of(alice).real, wallet_of(alice).bonus) == (D(40), D(40))
    assert (Bonus.objects.count(), FreeSpins.objects.count(), RuleUse.objects.count()) == (1, 1, 2)
    assert xp_of(alice) == (D(4), D(4))


@pytest.mark.django_db(transaction=True)
def test_of_ten_deposits_that_complete_at_once_one_is_the_first(
    rules: list[BonusRule], alice: User, provider: SendingProvider
):
    deposits = [services.open_deposit(alice, D(10), "generic").deposit for _ in range(10)]
    in_parallel(10, [lambda deposit=deposit: provider.says("completed", deposit) for deposit in deposits])
    assert Bonus.objects.count() == 1
    assert xp_of(alice) == (D(10), D(10))
