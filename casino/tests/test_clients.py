"""Clients of strangers: the typed one made from the schema plays, and the examples in docs/api.md do what they say."""

import json
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from casino.tests.running import Caller, Stack

PROJECT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo-stack"), pytest.mark.timeout(300)]
SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1mb3ItbG9jYWwtdXNlLW9ubHk="


def program(name: str) -> str:
    """The path of a program; the test is skipped, with a warning, where it is missing."""
    path = shutil.which(name)
    if path is None:
        warnings.warn(f"NO {name.upper()}: the clients in JavaScript are NOT tested", stacklevel=2)
        pytest.skip(f"{name} is not here")
    return path


def run(*command: str, at: Path = PROJECT, seconds: int = 120) -> str:
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (PROJECT / "docs/api.md").read_text(), re.DOTALL | re.MULTILINE)


def test_the_typescript_client_compiles_and_places_a_bet(demo_stack: Stack, tmp_path: Path):
    node, npm = program("node"), program("npm")
    left_out = shutil.ignore_patterns("node_modules", "build", "schema.ts")
    client = Path(shutil.copytree(PROJECT / "clients/typescript", tmp_path / "clients/typescript", ignore=left_out))
    (tmp_path / "docs").mkdir()
    shutil.copy(PROJECT / "docs/openapi.yaml", tmp_path / "docs")
    run(npm, "ci", "--no-audit", "--no-fund", at=client)
    run(npm, "run", "generate", at=client)
    run(npm, "run", "check", at=client)
    run(npm, "run", "build", at=client)
    arguments = [demo_stack.url, "alice@aurora.test", "demo-Passw0rd", "orchard-sevens", "1.00"]
    played = run(node, "build/play.js", *arguments, at=client)
    bet = json.loads(played)
    assert (bet["id"], bet["wager"]) == (bet["again"], "1.00")
    alice = logged_in(demo_stack)
    assert alice.call("GET", f"/bets/{bet['id']}").json()["win"] == bet["win"]


def logged_in(stack: Stack) -> Caller:
    body = {"email": "alice@aurora.test", "password": "demo-Passw0rd"}
    return Caller(stack.url, Caller(stack.url).call("POST", "/auth/login", body).json()["token"])


def deposit(player: Caller, amount: str) -> dict[str, Any]:
    answer = player.call("POST", "/deposits", {"amount": amount, "method": "generic"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_example_signs_an_event_that_completes_a_deposit(demo_stack: Stack, tmp_path: Path, language: str):
    command = [sys.executable] if language == "python" else [program("node")]
    file = tmp_path / ("send.py" if language == "python" else "send.mjs")
    file.write_text(examples(language)[0])
    alice = logged_in(demo_stack)
    due = deposit(alice, "12.50")
    said = run(*command, str(file), demo_stack.url, SECRET, due["reference"], "12.50", "USD")
    assert said.strip() == "200"
    assert alice.call("GET", f"/deposits/{due['id']}").json()["status"] == "completed"


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_example_with_another_secret_is_turned_away_and_moves_nothing(
    demo_stack: Stack, tmp_path: Path, language: str
):
    command = [sys.executable] if language == "python" else [program("node")]
    file = tmp_path / ("send.py" if language == "python" else "send.mjs")
    file.write_text(examples(language)[0])
    alice = logged_in(demo_stack)
    due = deposit(alice, "12.50")
    other = SECRET[:-4] + "eHg="
    command += [str(file), demo_stack.url, other, due["reference"], "12.50", "USD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "401" in done.stdout + done.stderr
    assert alice.call("GET", f"/deposits/{due['id']}").json()["status"] == "pending"


def test_the_example_of_a_feed_hears_the_wallet(demo_stack: Stack, tmp_path: Path):
    (tmp_path / "feed.py").write_text(examples("python")[1])
    alice = logged_in(demo_stack)
    real = alice.call("GET", "/wallets").json()[0]["real"]
    token = str(alice.session.headers["Authorization"]).removeprefix("Bearer ")
    assert run(sys.executable, str(tmp_path / "feed.py"), demo_stack.url, token) == f"snapshot {real}\n"
