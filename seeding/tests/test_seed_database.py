"""The demo: whole, through the services, and made once."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from betting.models import Bet, JackpotPool
from casino.games.models import Category, Game
from casino.users.models import Role, User
from operators.models import Affiliate, Operator
from seeding.services import is_empty, seed_database
from vip.models import VipLevel
from wallets.models import Deposit, Transfer, Wallet
from wallets.promotions import BonusRule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_close")]


@pytest.fixture(autouse=True)
def development(settings: Any) -> None:
    settings.DEBUG = True


def test_the_demo_is_whole():
    assert is_empty()
    seed_database()
    assert sorted(Operator.objects.values_list("slug", "currency")) == [
        ("aurora", "USD"), ("borealis", "USD"), ("cascade", "EUR"),
    ]  # fmt: skip
    assert User.objects.filter(role=Role.PLATFORM).count() == 1
    assert User.objects.filter(role=Role.OPERATOR).count() == 6
    assert Category.objects.count() == 5
    assert Game.objects.count() >= 24
    assert set(Game.objects.values_list("kind", flat=True)) == {
        "reels", "weighted", "roulette", "dice", "baccarat", "keno",
    }  # fmt: skip
    assert (Affiliate.objects.count(), VipLevel.objects.count(), JackpotPool.objects.count()) == (3, 5, 4)
    assert BonusRule.objects.count() == 6
    assert all(user.is_seeded for user in User.objects.all())
    assert all(wallet.real > 0 for wallet in Wallet.objects.all())
    assert not Bet.objects.exists()


def test_a_second_run_adds_nothing():
    seed_database()
    tables = (Operator, User, Game, Wallet, Deposit, Transfer, BonusRule, Affiliate)
    before = [table.objects.count() for table in tables]
    again = seed_database()
    assert [table.objects.count() for table in tables] == before
    assert not +again.created


def test_the_command_tells_what_it_made(capsys: pytest.CaptureFixture[str]):
    out = StringIO()
    call_command("seed_database", "--json", stdout=out)
    assert json.loads(out.getvalue())["created"]["operators"] == 3


def test_if_empty_leaves_a_house_that_is_lived_in_alone(aurora: Operator):
    call_command("seed_database", "--if-empty")
    assert Operator.objects.count() == 1


def test_known_passwords_stay_out_of_production(settings: Any):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG=1"):
        call_command("seed_database")
    assert not User.objects.exists()


def test_the_logins_are_printed(settings: Any):
    out = StringIO()
    call_command("seed_database", "--logins", stdout=out)
    for email in ("petra@platform.test", "manager@aurora.test", "finance@cascade.test", "alice@aurora.test"):
        assert email in out.getvalue()
