"""The feeds of staff: an operator's transactions, figures, alerts and withdrawal queue; all operators' figures and the
jackpots for the platform."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from betting.documents import jackpot_documents
from casino.feeds.admission import Seat
from casino.feeds.consumers import FeedConsumer
from casino.realtime import PLATFORM_FEED, operator_feed
from operators.alerts import alert_document
from operators.live import figures_today, follow
from operators.models import Alert, Operator
from operators.snapshots import one_snapshot
from wallets.documents import staff_withdrawal_document
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus

# A snapshot shows so many withdrawals that wait (the oldest) and alerts (the newest); the lists have the rest.
MOST_SHOWN = 100


class StaffFeed(FeedConsumer):
    """What the two have in common: figures and jackpots are followed while somebody listens."""

    async def connect(self) -> None:
        follow(self.hub)
        await super().connect()


class OperatorFeed(StaffFeed):
    """/ws/operator: of the staff's own operator; the platform names one by ``?operator=slug``."""

    @classmethod
    def feed_of(cls, user: Any, query: Mapping[str, str]) -> str | None:
        seen, slug = Operator.objects.visible_to(user), query.get("operator")
        if slug is None and user.is_platform_admin:
            return None
        operator = (seen.filter(slug=slug) if slug is not None else seen).first()
        return operator_feed(operator.pk) if operator is not None else None

    @classmethod
    def admitted(cls, seats: Collection[Seat]) -> Collection[Seat]:
        return [seat for seat in seats if seat.user.is_platform_admin or _is_colleague(seat)]

    @classmethod
    def snapshot(cls, user: Any, feed: str) -> dict[str, Any]:
        operator = Operator.objects.visible_to(user).get(pk=UUID(feed.partition(":")[2]))
        queue = Withdrawal.objects.visible_to(user).filter(operator=operator, status=WithdrawalStatus.PENDING)
        alerts = Alert.objects.visible_to(user).filter(operator=operator, acknowledged_at=None)
        alerts = alerts.select_related("operator")
        with one_snapshot():
            (figures,) = figures_today([operator])
            return {
                "figures": figures,
                "queue": [staff_withdrawal_document(row) for row in queue.with_facts().order_by("id")[:MOST_SHOWN]],
                "alerts": [alert_document(alert) for alert in alerts[:MOST_SHOWN]],
            }


class PlatformFeed(StaffFeed):
    """/ws/platform."""

    @classmethod
    def feed_of(cls, user: Any, query: Mapping[str, str]) -> str | None:
        return PLATFORM_FEED if user.is_platform_admin else None

    @classmethod
    def admitted(cls, seats: Collection[Seat]) -> Collection[Seat]:
        return [seat for seat in seats if seat.user.is_platform_admin]

    @classmethod
    def snapshot(cls, user: Any, feed: str) -> dict[str, Any]:
        with one_snapshot():
            operators = list(Operator.objects.visible_to(user).order_by("slug"))
            return {"operators": figures_today(operators), "jackpots": jackpot_documents()}


def _is_colleague(seat: Seat) -> bool:
    return seat.user.is_operator_staff and seat.feed == operator_feed(seat.user.operator_id)
