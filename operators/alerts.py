"""Alerts: what staff should look at, raised once, told to the feeds, and put aside by whoever saw to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from casino.errors import Missing
from operators.models import Alert, SignificantEvent
from wallets.documents import alert_document
from wallets.news import tell_alerts as tell

__all__ = ["UnknownAlert", "acknowledge", "alert_document", "tell"]


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
