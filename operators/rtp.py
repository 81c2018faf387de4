"""The RTP monitor: judges every game version at every operator, and every game overall; what worsened raises an alert.

It looks at what reports show by default, the last 30 days. RTP is watched, never steered: all that it may do, where the
platform's settings say so, is switch a game off.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from casino.errors import Refusal
from casino.games.models import Game, GameVersion
from casino.games.services import change_game, set_switch
from operators import alerts
from operators.figures import Tally, Verdict, figures_document
from operators.models import Alert, Operator, Severity, SignificantEvent
from operators.periods import Period, last_days
from operators.platform import PlatformSettings, RtpState
from operators.tallies import Selection, tallies

logger = logging.getLogger(__name__)
_REASON = "The return turned red: it is too far from what the maths promise to be chance."


@dataclass(frozen=True)
class Subject:
    """What is judged: a version at an operator, or (both empty) a game overall."""

    game_id: UUID
    operator_id: UUID | None = None
    game_version_id: UUID | None = None


def watch(now: datetime) -> int:
    """Judge everything that was played in the last 30 days; answers how many alerts that raised. May run twice at once.

    A colour that worsened raises one alert; one that got better is only remembered, so that it may worsen again.
    """
    thresholds, period = PlatformSettings.objects.current(), last_days(now)
    seen = {(s.game_id, s.operator_id, s.game_version_id): s for s in RtpState.objects.all()}
    raised = 0
    for subject, tally in _judged(period):
        state = seen.get((subject.game_id, subject.operator_id, subject.game_version_id))
        verdict = tally.verdict(thresholds)
        if verdict != (state.verdict if state else Verdict.TOO_FEW):
            raised += _note(subject, state, verdict, tally, thresholds, now)
    return raised


def _judged(period: Period) -> list[tuple[Subject, Tally]]:
    found = tallies(Selection(period), ["operator_id", "game_version_id"])
    game_of = dict(GameVersion.objects.filter(pk__in={key[1] for key in found}).values_list("pk", "game_id"))
    overall: dict[UUID, Tally] = {}
    judged = []
    for (operator_id, version_id), tally in found.items():
        game_id = game_of[version_id]
        overall[game_id] = overall.get(game_id, Tally()) + tally
        judged.append((Subject(game_id, operator_id, version_id), tally))
    return [*judged, *((Subject(game_id), tally) for game_id, tally in overall.items())]


def _note(
    subject: Subject,
    state: RtpState | None,
    verdict: Verdict,
    tally: Tally,
    thresholds: PlatformSettings,
    now: datetime,
) -> bool:
    """Remember the new verdict, and act on it where it is worse; answers whether an alert was raised."""
    before = Verdict(state.verdict) if state else Verdict.TOO_FEW
    with transaction.atomic():
        if not _remember(subject, state, verdict, now) or verdict.badness <= before.badness:
            return False
        alert = _raise(subject, before, verdict, figures_document(tally, thresholds))
        alerts.tell([alert])
        if verdict == Verdict.RED and thresholds.rtp_switches_off:
            _switch_off(subject, alert)
    return True


def _remember(subject: Subject, state: RtpState | None, verdict: Verdict, now: datetime) -> bool:
    """Write the verdict; False where another run was first."""
    new = {"verdict": verdict.value, "changed_at": now}
    if state is not None:
        return bool(RtpState.objects.filter(pk=state.pk, verdict=state.verdict).update(**new))
    try:
        with transaction.atomic():
            RtpState.objects.create(
                game_id=subject.game_id,
                operator_id=subject.operator_id,
                game_version_id=subject.game_version_id,
                **new,
            )
    except IntegrityError:
        return False
    return True


def _raise(subject: Subject, before: Verdict, verdict: Verdict, figures: dict[str, Any]) -> Alert:
    game = Game.objects.get(pk=subject.game_id)
    details: dict[str, Any] = {"game": {"id": str(game.pk), "slug": game.slug}, "before": before.value, **figures}
    where = "overall"
    if subject.operator_id is not None and subject.game_version_id is not None:
        number = GameVersion.objects.get(pk=subject.game_version_id).number
        details["version"] = number
        where = f"version {number} at {Operator.objects.get(pk=subject.operator_id).name}"
    severity = Severity.CRITICAL if verdict == Verdict.RED else Severity.WARNING
    sentence = f"RTP of {game.name} ({where}) is {verdict.value}: {figures['rtp']} %, z {figures['z']}"
    alert: Alert = Alert.objects.record(
        "rtp", sentence, operator_id=subject.operator_id, severity=severity, details=details
    )
    return alert


def _switch_off(subject: Subject, alert: Alert) -> None:
    """Switch the game off, at the operator whose play of the version in force turned red or, overall, everywhere."""
    game = Game.objects.get(pk=subject.game_id)
    if not game.is_active or (subject.operator_id is not None and game.version_id != subject.game_version_id):
        return
    try:
        if subject.operator_id is None:
            change_game(game.pk, {"is_active": False})
        else:
            set_switch(game.pk, subject.operator_id, {"is_enabled": False})
    except Refusal as refusal:
        logger.warning("game %s was not switched off: %s", game.slug, refusal.detail)
        return
    SignificantEvent.objects.record(
        "game.switched_off",
        operator_id=subject.operator_id,
        reason=_REASON,
        before={"game": str(game.pk), "is_active": True},
        after={"game": str(game.pk), "is_active": False, "alert": str(alert.pk)},
    )
