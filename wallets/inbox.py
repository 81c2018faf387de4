"""The webhook inbox as staff look at it: which events they see, and trying a stored one again."""

from uuid import UUID

from django.db.models import Q, QuerySet

from casino.errors import Conflict
from casino.users.models import User
from operators.models import Operator
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


def replay_event(event_id: UUID) -> WebhookEvent:
    """Try to settle a stored event now; it stays ``stored`` when that fails again. EventNotStored for any other."""
    is_settled = services._settle_waiting(event_id)
    event = WebhookEvent.objects.get(pk=event_id)
    if not is_settled and event.verdict != WebhookVerdict.STORED:
        raise EventNotStored
    return event
