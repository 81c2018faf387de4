"""Operators as the platform opens and changes them; each change with a significant event in its transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from casino.errors import Invalid
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets.bonus_rules import open_default_rules

CHANGEABLE = ("name", "is_open", "rng_provider")


def open_brand(staff: User, slug: str, name: str, currency: str, reason: str) -> Operator:
    """Open an operator with the default limits and bonus rules. Invalid where the slug is taken."""
    try:
        with transaction.atomic():
            operator: Operator = Operator.objects.create(slug=slug, name=name, currency=currency)
            open_default_rules(operator)
            SignificantEvent.objects.record(
                "operator.opened", operator_id=operator.pk, actor_id=staff.pk, reason=reason,
                after={"id": str(operator.pk), "slug": slug, "name": name, "currency": currency},
            )  # fmt: skip
    except IntegrityError:
        raise Invalid.field("slug", "Another operator has this slug.", "already_taken") from None
    return operator


def change_brand(staff: User, operator_id: UUID, changes: Mapping[str, Any], reason: str) -> Operator:
    """Change what an operator is called, whether it takes players, or who draws its numbers (``CHANGEABLE``)."""
    with transaction.atomic():
        operator: Operator = Operator.objects.select_for_update(no_key=True).get(pk=operator_id)
        new = {
            name: changes[name] for name in CHANGEABLE if name in changes and changes[name] != getattr(operator, name)
        }
        if not new:
            return operator
        before = {name: getattr(operator, name) for name in new}
        for name, value in new.items():
            setattr(operator, name, value)
        operator.save(update_fields=list(new))
        named = {"id": str(operator.pk)}
        SignificantEvent.objects.record(
            "operator.changed", operator_id=operator.pk, actor_id=staff.pk, reason=reason, before=named | before,
            after=named | new,
        )  # fmt: skip
    return operator
