"""``manage.py pay_deposit`` against a running site, and the periodic tasks."""

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from casino.celery import app
from casino.users.models import User
from wallets import services, tasks
from wallets.models import Deposit, DepositStatus, Transfer


def pay(reference: str, url: str) -> str:
    output = StringIO()
    call_command("pay_deposit", reference, "--url", url, stdout=output)
    return output.getvalue()


@pytest.fixture
def deposit(alice: User, provider_account: Any) -> Deposit:
    return services.open_deposit(alice, Decimal(25), "generic").deposit


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books_close")
def test_a_person_finishes_a_deposit_by_hand(deposit: Deposit, live_server: Any):
    assert "is paid" in pay(deposit.reference.lower(), live_server.url)
    deposit.refresh_from_db()
    assert deposit.status == DepositStatus.COMPLETED
    assert Transfer.objects.count() == 1
    with pytest.raises(CommandError, match=f"^Deposit {deposit.reference} is completed, not pending.$"):
        pay(deposit.reference, live_server.url)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_is_no_yes_is_told(deposit: Deposit, live_server: Any):
    with pytest.raises(CommandError, match="answered 404: There is nothing at this address"):
        pay(deposit.reference, f"{live_server.url}/elsewhere")


def test_what_cannot_be_paid_is_one_sentence(deposit: Deposit):
    with pytest.raises(CommandError, match=r"^No deposit has the reference D-NONE\.$"):
        pay("D-NONE", "http://127.0.0.1:1")
    with pytest.raises(CommandError, match=r"^Nothing answers at http://127\.0\.0\.1:1 .*--url\.$"):
        pay(deposit.reference, "http://127.0.0.1:1")
    with pytest.raises(CommandError, match="is not an http address"):
        pay(deposit.reference, "file:///etc/passwd")
    assert not Transfer.objects.exists()


def test_the_scheduled_tasks_exist_and_may_run_twice(deposit: Deposit):
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks, entry
    for _ in range(2):
        assert tasks.settle_stored_webhooks() == 0
        assert tasks.expire_deposits() == 0
