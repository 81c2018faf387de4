"""The demo's house, and runs that are played here and now."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from seeding import runs, services
from seeding.foreground import play_to_the_end
from seeding.models import Run
from seeding.runs import SimulationOrder, start_simulation

GAMES = ("orchard-sevens", "percentile", "boardwalk-roulette", "comet-wheel", "riverside-keno", "lantern-baccarat")


@pytest.fixture
def house(settings: Any, transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo with a game of each kind, whose maths is soon computed; seeding is on."""
    settings.DEBUG = settings.SEEDING_ENABLED = True
    for game in GAMES:
        (tmp_path / f"{game}.json").symlink_to(services.CATALOGUE / f"{game}.json")
    monkeypatch.setattr(services, "CATALOGUE", tmp_path)
    monkeypatch.setattr(runs, "FAST_CROWD", 40)
    services.seed_database()


@pytest.fixture
def woken() -> list[UUID]:
    """The runs that somebody hinted at."""
    return []


@pytest.fixture
def start(house: None, woken: list[UUID]) -> Callable[..., Run]:
    """Queue a simulation that is not paced, of so many actions."""

    def begin(actions: int, seed: int = 7) -> Run:
        run = start_simulation(SimulationOrder(minutes=1, seed=seed, is_paced=False), wake=woken.append)
        Run.objects.filter(pk=run.pk).update(actions_due=actions)
        run.refresh_from_db()
        return run

    return begin


@pytest.fixture
def play() -> Callable[[Run], Run]:
    """Play a run to its end."""
    return lambda run: play_to_the_end(run.pk, lambda _: None)
