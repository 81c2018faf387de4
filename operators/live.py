"""Live figures and jackpots: told at most once a second, after bets, by the feed processes that somebody listens to.

Every feed process hears of every bet. For what has changed it takes the turn of this second, which Redis gives to one
process only, reads the rollups and the pools, and publishes what differs from what was told last. Nothing is computed
while nobody listens, and nothing by the bets themselves.
"""

import json
from collections.abc import Collection, Sequence
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
from operators.periods import parse_period, period_document
from operators.platform import PlatformSettings
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
    """What one feed process knows of the figures and jackpots: which may have changed, and what was told last.

    A subject is an operator's feed, or ``JACKPOTS``.
    """

    hub: Hub
    changed: set[str] = field(default_factory=set)
    told: dict[str, Any] = field(default_factory=dict)

    def hear(self, feed: str, kind: str, text: str) -> None:
        """Note what a message changes, and what another process has told."""
        if kind == "bet.settled" and feed.startswith("operator:"):
            self.changed |= {feed, JACKPOTS}
        elif kind == "figures.updated" and feed != PLATFORM_FEED:
            self.told[feed] = json.loads(text)["data"]
        elif kind == "jackpot.changed":
            group = json.loads(text)["data"]
            self.told[group["group"]] = group

    async def refresh(self) -> None:
        """Look at everything that somebody listens to."""
        ids = await in_thread(lambda: list(Operator.objects.values_list("pk", flat=True)))
        self.changed |= {operator_feed(operator_id) for operator_id in ids} | {JACKPOTS}

    async def tell(self) -> None:
        """Publish what has changed and is this process's turn."""
        wanted = {subject for subject in self.changed if self._is_wanted(subject)}
        self.changed = wanted
        turns = [subject for subject in wanted if await self.hub.take_turn(subject)]
        if not turns:
            return
        self.changed -= set(turns)
        try:
            await in_thread(self._publish, turns)
        finally:
            for subject in turns:
                await self.hub.end_turn(subject, TURN_SECONDS)

    def _is_wanted(self, subject: str) -> bool:
        return self.hub.has_seats(PLATFORM_FEED) or self.hub.has_seats(subject)

    def _publish(self, subjects: Collection[str]) -> None:
        ids = [UUID(subject.partition(":")[2]) for subject in subjects if subject != JACKPOTS]
        messages: list[Message] = []
        if ids:
            operators = list(Operator.objects.filter(pk__in=ids))
            for operator, figures in zip(operators, figures_today(operators), strict=True):
                feed = operator_feed(operator.pk)
                if self._is_news(feed, figures):
                    messages += [Message(name, "figures.updated", moment_now(), figures) for name in (feed, PLATFORM_FEED)]
        if JACKPOTS in subjects:
            groups = [group for group in jackpot_documents() if self._is_news(group["group"], group)]
            messages += [Message(PLATFORM_FEED, "jackpot.changed", moment_now(), group) for group in groups]
        publish(messages)

    def _is_news(self, subject: str, data: Any) -> bool:
        """Whether it differs from what was told; the first look after a start only sees how things stand."""
        before = self.told.get(subject)
        self.told[subject] = data
        return before != data and before is not None


_followers: "WeakKeyDictionary[Hub, Follower]" = WeakKeyDictionary()
