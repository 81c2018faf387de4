"""The page of simulations: the platform starts, watches and ends them; nobody else knows that it is there."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from casino.users.models import User
from operators.models import Operator
from seeding import tasks
from seeding.foreground import play_to_the_end
from seeding.models import Run, RunStatus

pytestmark = pytest.mark.django_db
PAGE = "/backoffice/simulation/"


@pytest.fixture
def petras(house: None, monkeypatch: pytest.MonkeyPatch, woken: list[UUID]) -> Client:
    """Petra's browser, in the demo's house; hints go to ``woken``."""
    monkeypatch.setattr(tasks, "wake", woken.append)
    client = Client()
    client.force_login(User.objects.get(email="petra@platform.test"))
    return client


def test_petra_starts_a_run_sees_it_end_and_reads_its_report(petras: Client, woken: list[UUID]):
    answer = petras.post(PAGE, {"duration": "0.05", "intensity": "low", "seed": "7"})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    run = Run.objects.get()
    assert (run.intensity, run.seed, run.requested_by.username, woken) == ("low", 7, "petra", [run.pk])  # type: ignore[union-attr]
    assert f"{PAGE}{run.pk}/" in petras.get(PAGE).content.decode()
    assert "End it early" in petras.get(f"{PAGE}{run.pk}/").content.decode()
    play_to_the_end(run.pk, lambda _: None)
    text = petras.get(f"{PAGE}{run.pk}/").content.decode()
    assert "the books close" in text
    assert "End it early" not in text


def test_a_run_is_ended_early_once(petras: Client):
    petras.post(PAGE, {"duration": "1"})
    run = Run.objects.get()
    first = petras.post(f"{PAGE}{run.pk}/cancel/", follow=True)
    again = petras.post(f"{PAGE}{run.pk}/cancel/", follow=True)
    assert Run.objects.get().status == RunStatus.CANCELLED
    assert "The run is ended; what was played stands." in first.content.decode()
    assert "This run is over." in again.content.decode()
    assert petras.get(f"{PAGE}{run.pk}/cancel/").status_code == 405


@pytest.mark.parametrize(
    "body", [{"duration": "soon"}, {"duration": "5", "intensity": "wild"}, {"duration": "5", "seed": "x"}]
)
def test_nonsense_starts_nothing(petras: Client, body: dict[str, str]):
    assert "Some parameters are not valid." in petras.post(PAGE, body, follow=True).content.decode()
    assert not Run.objects.exists()


def test_staff_and_a_house_without_seeding_have_no_such_page(petras: Client, settings: Any, client: Client):
    manager = User.objects.create_user(
        "nina@aurora.test", "nina", role="operator", duty="manager", operator=Operator.objects.get(slug="aurora")
    )
    client.force_login(manager)
    assert client.get(PAGE).status_code == client.post(PAGE, {"duration": "5"}).status_code == 404
    assert PAGE not in client.get("/backoffice/").content.decode()
    assert PAGE in petras.get("/backoffice/").content.decode()
    settings.SEEDING_ENABLED = False
    assert petras.get(PAGE).status_code == petras.post(PAGE, {"duration": "5"}).status_code == 404
    assert PAGE not in petras.get("/backoffice/").content.decode()
    assert not Run.objects.exists()
