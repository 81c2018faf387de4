"""The webhook inbox as staff look at it: which events they see, and trying a stored one again."""

from uuid import UUID

from django.db.models import Q, QuerySet

from casino.errors import Conflict
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets import services
from wallets.models import WebhookEvent, WebhookVerdict


class EventNotStored(Conflict):
    """The event does not wait to be settled (409)."""

    code = "not_stored"
    detail = "This event has been settled already."


def find_events(staff: User, operator: Operator | None = None) -> QuerySet[WebhookEvent]:
    """The inbox as ``staff`` may see it, of one operator where it is given, with what its documents show."""
    events: QuerySet[WebhookEvent] = WebhookEvent.objects.visible_to(staff)
    if operator is not None:
        events = events.filter(
            Q(account__operator=operator) | Q(deposit__operator=operator) | Q(withdrawal__operator=operator)
        )
    return events.select_related("account__operator", "deposit__operator", "withdrawal__operator")


def replay_event(event_id: UUID, staff: User | None = None, reason: str = "") -> WebhookEvent:
    """Try to settle a stored event now; it stays ``stored`` when that fails again. EventNotStored for any other.

    With ``staff`` the attempt is a significant event of theirs, with their reason.
    """
    is_settled = services.settle_waiting(event_id)
    event: WebhookEvent = WebhookEvent.objects.select_related("account", "deposit").get(pk=event_id)
    if not is_settled and event.verdict != WebhookVerdict.STORED:
        raise EventNotStored
    if staff is not None:
        SignificantEvent.objects.record(
            "webhook.replayed",
            operator_id=event.account.operator_id or (event.deposit.operator_id if event.deposit else None),
            actor_id=staff.pk,
            player_id=event.deposit.player_id if event.deposit else None,
            reason=reason,
            before={"webhook_event": str(event.pk), "verdict": str(WebhookVerdict.STORED)},
            after={"webhook_event": str(event.pk), "verdict": str(event.verdict)},
        )
    return event
