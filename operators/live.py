"""Live figures and jackpots: told at most once a second, after bets, by the feed processes that somebody listens to.

Every feed process hears of every bet. For what has changed it takes the turn of this second, which Redis gives to one
process only, reads the rollups and the pools, and publishes what differs from what was told last. Nothing is computed
while nobody listens, and nothing by the bets themselves.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.utils import timezone

from betting.documents import jackpot_documents
from casino.feeds.hub import Hub, moment_now
from casino.feeds.threads import in_thread
from casino.realtime import PLATFORM_FEED, Message, operator_feed, publish
from operators.figures import Tally, figures_document
from operators.models import Operator
from operators.periods import parse_period
from operators.platform import PlatformSettings
from operators.reports import period_document
from operators.tallies import Selection, tallies

TURN_SECONDS = 1.0
JACKPOTS = "jackpots"
# Looked at even when no bet was heard of: news may be lost, and a day ends.
REFRESH_SECONDS = 10.0
TICK_SECONDS = 0.25


def figures_today(operators: Sequence[Operator]) -> list[dict[str, Any]]:
    """What each operator's bets of this day (UTC) add up to: ``{operator, currency, from, to}`` and the figures."""
    today = timezone.now().date().isoformat()
    period = parse_period({"from": today, "to": today}, timezone.now())
    thresholds = PlatformSettings.objects.current()
    one = operators[0].pk if len(operators) == 1 else None
    found = tallies(Selection(period, one), ["operator_id"])
    return [
        {
            "operator": operator.slug,
            "currency": operator.currency,
            **period_document(period),
            **figures_document(found.get((operator.pk,), Tally()), thresholds),
        }
        for operator in operators
    ]


def follow(hub: Hub) -> None:
    """Tell what changes from now on; once for each hub."""
    if hub not in _followers:
        _followers[hub] = follower = Follower(hub)
        hub.listeners.append(follower.hear)
        hub.run_for_ever(follower.tell, TICK_SECONDS)
        hub.run_for_ever(follower.refresh, REFRESH_SECONDS)


@dataclass
class Follower:
    """What one feed process knows of the figures and jackpots: which may have changed, what was told and seen last.

    A subject is an operator's feed, or ``JACKPOTS``; its value in ``changed`` says whether a bet was heard of.
    """

    hub: Hub
    changed: dict[str, bool] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    def hear(self, feed: str, kind: str, text: str) -> None:
        """Note what a message changes, and what another process has told."""
        if kind == "bet.settled" and feed.startswith("operator:"):
            self.changed |= {feed: True, JACKPOTS: True}
        elif kind == "figures.updated" and feed != PLATFORM_FEED:
            self.told[feed] = json.loads(text)["data"]
        elif kind == "jackpot.changed":
            group = json.loads(text)["data"]
            self.told[group["group"]] = group

    async def refresh(self) -> None:
        """Look at everything that somebody listens to."""
        ids = await in_thread(lambda: list(Operator.objects.values_list("pk", flat=True)))
        self.changed = dict.fromkeys([*map(operator_feed, ids), JACKPOTS], False) | self.changed

    async def tell(self) -> None:
        """Publish what has changed and is this process's turn."""
        self.changed = {subject: is_sure for subject, is_sure in self.changed.items() if self._is_wanted(subject)}
        turns = [subject for subject in list(self.changed) if await self.hub.take_turn(subject)]
        if not turns:
            return
        due = {subject: self.changed.pop(subject) for subject in turns}
        try:
            await in_thread(self._publish, due)
        finally:
            for subject in turns:
                await self.hub.end_turn(subject, TURN_SECONDS)

    def _is_wanted(self, subject: str) -> bool:
        return self.hub.has_seats(PLATFORM_FEED) or self.hub.has_seats(subject)

    def _publish(self, due: Mapping[str, bool]) -> None:
        ids = [UUID(subject.partition(":")[2]) for subject in due if subject != JACKPOTS]
        operators = list(Operator.objects.filter(pk__in=ids))
        messages: list[Message] = []
        for operator, figures in zip(operators, figures_today(operators) if operators else [], strict=True):
            feed = operator_feed(operator.pk)
            if self._is_news(feed, figures, is_sure=due[feed]):
                messages += [Message(name, "figures.updated", moment_now(), figures) for name in (feed, PLATFORM_FEED)]
        for group in jackpot_documents() if JACKPOTS in due else []:
            if self._is_news(group["group"], group, is_sure=due[JACKPOTS]):
                messages.append(Message(PLATFORM_FEED, "jackpot.changed", moment_now(), group))
        publish(messages)

    def _is_news(self, subject: str, data: Any, *, is_sure: bool) -> bool:
        """Whether it differs from what was told; without a bet, the first look after a start only sees how it is."""
        seen, self.seen[subject] = self.seen.get(subject, data), data
        if data == self.told.get(subject) or not (is_sure or data != seen):
            return False
        self.told[subject] = data
        return True


_followers: "WeakKeyDictionary[Hub, Follower]" = WeakKeyDictionary()
