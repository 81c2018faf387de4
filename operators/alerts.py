"""Alerts: what staff should look at, raised once, told to the feeds, and put aside by whoever saw to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from casino.errors import Missing
from casino.realtime import PLATFORM_FEED, Message, operator_feed, publish
from operators.models import Alert, SignificantEvent
from wallets.documents import format_moment


class UnknownAlert(Missing):
    """There is no such alert, or it is another operator's."""

    code = "unknown_alert"
    detail = "There is no such alert."


def acknowledge(user: Any, alert_id: UUID, now: datetime) -> Alert:
    """Note that ``user`` has seen to an alert that they may see; the first who does stays. Raises UnknownAlert."""
    with transaction.atomic():
        rows = Alert.objects.visible_to(user).select_for_update(of=("self",), no_key=True).select_related("operator")
        alert: Alert | None = rows.filter(pk=alert_id).first()
        if alert is None:
            raise UnknownAlert
        if alert.acknowledged_at is None:
            alert.acknowledged_at, alert.acknowledged_by = now, user
            alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
            SignificantEvent.objects.record(
                "alert.acknowledged", operator_id=alert.operator_id, actor_id=user.pk, after={"alert": str(alert.pk)}
            )
    return alert


def tell(alerts: Sequence[Alert]) -> None:
    """Publish new alerts, after commit: each to its operator's feed, and all to the platform's."""
    messages = []
    for alert in alerts:
        at, document = format_moment(alert.created_at), alert_document(alert)
        feeds = [operator_feed(alert.operator_id)] if alert.operator_id else []
        messages += [Message(feed, "alert.raised", at, document) for feed in (*feeds, PLATFORM_FEED)]
    publish(messages)


def alert_document(alert: Alert) -> dict[str, Any]:
    """The alert's JSON object; its ``operator`` (a slug; None for the platform's own) should be loaded."""
    return {
        "id": str(alert.pk),
        "operator": alert.operator.slug if alert.operator else None,
        "kind": alert.kind,
        "severity": str(alert.severity),
        "subject": alert.subject,
        "created_at": format_moment(alert.created_at),
        "acknowledged_at": format_moment(alert.acknowledged_at) if alert.acknowledged_at else None,
        "details": alert.details,
    }
