"""How the tests of the API read answers, and what they compare to say that nothing changed."""

from typing import Any

from casino.games.models import Game, GameSwitch, GameVersion
from operators.models import SignificantEvent


def slugs(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.data
    return [game["slug"] for game in answer.data["results"]]


def faults(answer: Any) -> dict[str, str]:
    """The faulty fields of a refused request, each with its code."""
    assert answer.status_code == 400, answer.data
    assert answer["Content-Type"] == "application/problem+json"
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


def state() -> list[Any]:
    """All rows that these calls may write."""
    return [list(model.objects.order_by("pk").values()) for model in (Game, GameVersion, GameSwitch, SignificantEvent)]
