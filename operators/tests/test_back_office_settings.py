"""Forms of the back office: settings with their reasons, alerts put aside, the audit; and who is refused, in words."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from casino.users.models import User
from operators.models import Alert, Operator, SignificantEvent
from operators.platform import PlatformSettings
from operators.settings_forms import settings_form
from vip.models import VipLevel
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
PAGE = "/backoffice/settings/"


@pytest.fixture
def as_staff() -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


def filled(operator: Operator | None, **changed: str) -> dict[str, str]:
    """The form as the browser sends it, with some fields changed (``limits__max_bet="50.00"``)."""
    sent = {"reason": "Because"}
    if operator is not None:
        operator.refresh_from_db()
    for field in settings_form(operator).fields:
        sent[f"was:{field.name}"] = field.was
        if field.kind != "check" or field.was == "True":
            sent[field.name] = field.text
    return sent | {name.replace("__", "."): value for name, value in changed.items()}


def test_olga_changes_a_limit_with_a_reason(aurora: Operator, olga: User, as_staff: Any):
    answer = as_staff(olga).post(PAGE, filled(aurora, limits__max_bet="250.00", affiliate_rate="0.07"))
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    aurora.refresh_from_db()
    assert (aurora.max_bet, aurora.affiliate_rate) == (Decimal("250"), Decimal("0.07"))
    event = SignificantEvent.objects.get(kind="settings.changed")
    assert (event.actor, event.reason, event.operator) == (olga, "Because", aurora)
    assert event.before == {"operator": "aurora", "max_bet": "1000.00", "affiliate_rate": "0.05"}
    assert event.after == {"operator": "aurora", "max_bet": "250.00", "affiliate_rate": "0.07"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"reason": ""}, "Say why."),
        ({"limits__max_bet": "lots"}, "An amount is written with digits"),
        ({"limits__max_bet": "0"}, "The amount must be greater than zero."),
        ({"limits__deposits_per_hour": "0"}, "greater than or equal to 1"),
        ({"limits__deposits_per_hour": "a few"}, "valid integer"),
        ({"affiliate_rate": "1.5"}, "This is at most 1."),
        ({"limits__deposit_max": "0.50"}, "an operator takes some deposit"),
        ({"rng_provider": "remote"}, "No remote service is set up"),
        ({"rng_provider": "dice"}, "Choose one of the generators."),
        ({"limits__max_bet": "250.00", "was:limits.max_bet": "900.00"}, "changed this meanwhile, to 1000.00"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    changed: dict[str, str], sentence: str, aurora: Operator, olga: User, as_staff: Any
):
    changed = {"limits__max_bet": "333.00"} | changed
    answer = as_staff(olga).post(PAGE, filled(aurora, **changed))
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    unchanged = Operator.objects.get(pk=aurora.pk)
    assert (unchanged.max_bet, unchanged.affiliate_rate, unchanged.rng_provider) == (
        1000,
        Decimal("0.05"),
        "provably_fair",
    )
    assert not SignificantEvent.objects.exists()


def test_the_generator_of_random_numbers_is_a_setting(aurora: Operator, olga: User, as_staff: Any):
    assert as_staff(olga).post(PAGE, filled(aurora, rng_provider="system")).status_code == 302
    assert Operator.objects.get(pk=aurora.pk).rng_provider == "system"
    assert SignificantEvent.objects.get().after == {"operator": "aurora", "rng_provider": "system"}


def test_a_form_without_changes_changes_nothing(aurora: Operator, olga: User, as_staff: Any):
    assert as_staff(olga).post(PAGE, filled(aurora)).status_code == 302
    assert not SignificantEvent.objects.exists()


def test_support_and_finance_look_only(aurora: Operator, sam: User, fiona: User, as_staff: Any):
    for user in (sam, fiona):
        client = as_staff(user)
        assert "Your duty is to look" in client.get(PAGE).content.decode()
        answer = client.post(PAGE, filled(aurora, limits__max_bet="1.00"))
        assert answer.status_code == 403
        assert "Your duty is to look, not to change: this takes manager duty." in answer.content.decode()
    assert Operator.objects.get(pk=aurora.pk).max_bet == 1000
    assert not SignificantEvent.objects.exists()


def test_staff_change_neither_neighbours_nor_the_platform(
    aurora: Operator, borealis: Operator, olga: User, as_staff: Any
):
    assert as_staff(olga).post(f"{PAGE}?operator=borealis", filled(borealis, limits__max_bet="1.00")).status_code == 404
    as_staff(olga).post(PAGE, filled(None, rtp__red="9.00"))
    assert Operator.objects.get(pk=borealis.pk).max_bet == 1000
    assert not PlatformSettings.objects.exists()


def test_petra_changes_the_platforms_thresholds_levels_and_jackpots(petra: User, make_jackpot: Any, as_staff: Any):
    make_jackpot({"name": "mini", "rate": "0.004", "seed": 5, "odds": Decimal("0.005")})
    sent = filled(None, rtp__red="4.5", rtp__switches_off="True")
    sent |= {"vip.levels.1.cashback_rate": "0.04", "jackpots.house/mini.rate": "0.003", "vip.platform_share": "0.25"}
    assert as_staff(petra).post(PAGE, sent).status_code == 302
    row = PlatformSettings.objects.get()
    assert (row.rtp_red, row.rtp_switches_off, row.vip_platform_share) == (Decimal("4.5"), True, Decimal("0.25"))
    assert VipLevel.objects.get(number=1).cashback_rate == Decimal("0.04")
    afters = list(SignificantEvent.objects.order_by("id").values_list("after", flat=True))
    assert afters == [
        {"rtp_red": "4.50", "rtp_switches_off": True, "vip_platform_share": "0.25"},
        {"vip_level": 1, "cashback_rate": "0.04"},
        {"jackpot": "house/mini", "rate": "0.003"},
    ]


def test_a_fault_in_a_jackpot_stands_beside_it(petra: User, make_jackpot: Any, as_staff: Any):
    make_jackpot({"name": "mini", "rate": "0.004", "seed": 5, "odds": Decimal("0.005")})
    answer = as_staff(petra).post(PAGE, filled(None) | {"jackpots.house/mini.rate": "7"})
    (faulty,) = [field for group in answer.context["groups"] for field in group.fields if field.error]
    assert (faulty.name, faulty.error) == ("jackpots.house/mini.rate", "This is at most 1.")
    assert not SignificantEvent.objects.exists()


def test_staff_of_any_duty_put_an_alert_aside_and_nobody_reaches_the_neighbours(
    aurora: Operator, borealis: Operator, fiona: User, sam: User, bruno: User, as_staff: Any
):
    alert = Alert.objects.record("rtp", "Look at this", operator_id=aurora.pk)
    address = f"/backoffice/alerts/{alert.pk}/acknowledge/"
    assert as_staff(bruno).post(address).status_code == 404
    assert as_staff(fiona).get(address).status_code == 405
    assert Alert.objects.get().acknowledged_at is None
    assert "Look at this" in as_staff(fiona).get("/backoffice/alerts/").content.decode()

    assert as_staff(fiona).post(address, {"back": "state=open"})["Location"] == "/backoffice/alerts/?state=open"
    assert Alert.objects.get().acknowledged_by == fiona
    assert "Look at this" not in as_staff(fiona).get("/backoffice/alerts/").content.decode()
    assert "Look at this" in as_staff(fiona).get("/backoffice/alerts/", {"state": "seen"}).content.decode()

    another = Alert.objects.record("velocity", "And at this", operator_id=aurora.pk)
    address = f"/backoffice/alerts/{another.pk}/acknowledge/"
    assert address in as_staff(sam).get("/backoffice/alerts/").content.decode()
    assert as_staff(sam).post(address).status_code == 302
    another.refresh_from_db()
    assert another.acknowledged_by == sam


def test_events_are_filtered_by_kind_person_and_day(aurora: Operator, olga: User, fiona: User, as_staff: Any):
    for who, kind in ((olga, "settings.changed"), (fiona, "adjustment.approved")):
        SignificantEvent.objects.record(
            kind, operator_id=aurora.pk, actor_id=who.pk, reason=f"Said {who}", before={"a": 1}, after={"a": 2}
        )
    client = as_staff(olga)

    def shown(**asked: str) -> list[str]:
        text = client.get("/backoffice/events/", asked).content.decode()
        return [name for name in ("Said olga", "Said fiona") if name in text]

    assert shown() == ["Said olga", "Said fiona"]
    assert shown(kind="settings.changed") == shown(who="Olga") == ["Said olga"]
    assert shown(**{"from": "2001-01-01", "to": "2001-01-02"}) == []
    assert client.get("/backoffice/events/", {"from": "yesterday"}).status_code == 400
    assert client.get("/backoffice/events/", {"cursor": "one"}).status_code == 400


def test_only_the_platform_runs_the_audit_and_staff_learn_whether_it_is_sound(
    aurora: Operator, olga: User, petra: User, as_staff: Any
):
    page = "/backoffice/books/"
    assert as_staff(olga).post(page).status_code == 403
    assert not SignificantEvent.objects.exists()
    assert as_staff(petra).post(page).status_code == 302
    event = SignificantEvent.objects.get(kind="audit.run")
    assert (event.actor, event.after["breaches"]) == (petra, [])
    assert f"All {event.after['checks']} checks hold" in as_staff(olga).get(page).content.decode()


def test_a_breach_is_told_to_the_platform_in_full_and_to_staff_in_words(
    aurora: Operator, alice: User, olga: User, petra: User, as_staff: Any, wallet_of: Any
):
    wallet = wallet_of(alice)
    Wallet.objects.filter(pk=wallet.pk).update(real=5)
    as_staff(petra).post("/backoffice/books/")
    assert Alert.objects.get(kind="audit").severity == "critical"
    text = as_staff(petra).get("/backoffice/books/").content.decode()
    assert str(wallet.pk) in text
    assert "does not close" in text
    books = as_staff(olga).get("/backoffice/books/")
    ((real, *_),) = [book.lines for book in books.context["books"]]
    assert (real.expected, real.actual, real.difference) == (0, 5, 5)
    assert "the platform looks into it" in books.content.decode()
    assert "a wallet&#x27;s pockets" not in books.content.decode()
