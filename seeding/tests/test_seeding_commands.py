"""The shell's commands: what they print, what they leave, how they end."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from betting.models import Bet
from casino.users.models import User
from operators.models import Operator
from seeding import deeds
from seeding.models import Bot, Run, RunStatus

pytestmark = pytest.mark.usefixtures("books_close")


def run_command(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_simulate_plays_and_prints_the_run(house: None):
    out, _ = run_command("simulate", "--duration", "0.05", "--as-fast-as-possible", "--seed", "5", "--json")
    run = json.loads(out)
    assert (run["status"], run["seed"], run["progress"]) == ("completed", 5, 1.0)
    assert run["report"]["audit"] == {"ok": True, "breaches": []}
    assert run["report"]["bets"] + run["report"]["free_spins"] == Bet.objects.count() > 0


def test_simulate_prints_tables_for_people_and_nothing_when_asked_to_be_quiet(house: None):
    out, _ = run_command("simulate", "--duration", "0.05", "--intensity", "low", "--seed", "5")
    assert "ledger" in out
    assert "sound" in out
    assert run_command("simulate", "--duration", "0.05", "--intensity", "low", "--verbosity", "0") == ("", "")


def test_a_dry_run_writes_nothing(house: None):
    out, _ = run_command("simulate", "--duration", "2", "--intensity", "high", "--seed", "5", "--dry-run", "--json")
    assert json.loads(out) == {
        "seconds": 120, "intensity": "high", "actions_per_second": 50, "actions": 6000, "bots": 320, "seed": 5,
    }  # fmt: skip
    run_command("seed_bots", "--count", "9", "--dry-run")
    assert (Run.objects.count(), Bot.objects.count()) == (0, 0)


def test_an_interrupt_cancels_the_run_and_leaves_the_books_sound(house: None, monkeypatch: pytest.MonkeyPatch):
    def interrupt(_done: deeds.Done) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deeds, "_move", interrupt)
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("simulate", "--duration", "1", "--intensity", "low", stdout=StringIO(), stderr=err)
    assert ended.value.code == 130
    assert len(err.getvalue().strip().splitlines()) == 1
    run = Run.objects.get()
    assert (run.status, run.report["audit"]["ok"]) == (RunStatus.CANCELLED, True)


@pytest.mark.parametrize(
    "arguments",
    [("simulate", "--duration", "0"), ("simulate", "--duration", "1", "--seed", "-4"), ("seed_bots", "--count", "0")],
)
def test_faulty_arguments_are_one_sentence(house: None, arguments: tuple[str, ...]):
    with pytest.raises(CommandError):
        run_command(*arguments)
    assert (Run.objects.count(), Bot.objects.count()) == (0, 0)


def test_nothing_runs_while_seeding_is_off(house: None, settings: Any):
    settings.SEEDING_ENABLED = False
    for arguments in (("simulate", "--duration", "1"), ("seed_bots", "--count", "1")):
        with pytest.raises(CommandError, match="SEEDING_ENABLED"):
            run_command(*arguments)


def test_seed_bots_makes_so_many_more(house: None):
    assert json.loads(run_command("seed_bots", "--count", "7", "--json")[0]) == {"created": 7}
    assert run_command("seed_bots", "--count", "5")[0] == "5 bots made.\n"
    assert Bot.objects.count() == 12


def test_seed_database_can_be_rehearsed(house: None):
    Operator.objects.filter(slug="cascade").update(slug="cascade-before")
    people = User.objects.count()
    out, _ = run_command("seed_database", "--dry-run", "--json")
    made = json.loads(out)
    assert (made["created"]["operators"], made["existing"]["operators"], made["dry_run"]) == (1, 2, True)
    assert (Operator.objects.count(), User.objects.count()) == (3, people)


def test_seed_database_gives_a_past_once(house: None):
    arguments = ("seed_database", "--history-days", "2", "--history-bets", "120", "--seed", "4", "--json")
    first = json.loads(run_command(*arguments)[0])
    (past,) = first["history"]
    assert past["status"] == "completed"
    assert past["report"]["bets"] + past["report"]["free_spins"] == Bet.objects.count() > 0
    bets = Bet.objects.count()
    assert json.loads(run_command(*arguments)[0])["history"] == [past]
    assert Bet.objects.count() == bets


def test_seed_database_ends_with_where_to_go(house: None):
    out, _ = run_command("seed_database")
    for word in ("petra@platform.test", "/backoffice/", "/docs", "manage.py simulate"):
        assert word in out
    assert run_command("seed_database", "--verbosity", "0") == ("", "")
