"""New bonus rules: made by managers for their operator, with a significant event; their terms change as settings do."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from casino.errors import FieldError, Invalid
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets.promotions import BonusRule


def add_rule(staff: User, operator: Operator, terms: Mapping[str, Any], reason: str) -> BonusRule:
    """Make a bonus rule of the operator from its fields by name; Invalid where it would break a rule of its table."""
    rule = BonusRule(operator=operator, **terms)
    game = rule.free_spin_game
    if game is not None and game.operator_id not in (None, operator.pk):
        raise Invalid.field("free_spin_game", "This game is not offered at the operator.")
    try:
        rule.full_clean()
    except ValidationError as fault:
        raise _invalid(fault) from None
    with transaction.atomic():
        rule.save(force_insert=True)
        SignificantEvent.objects.record(
            "bonus_rule.created", operator_id=operator.pk, actor_id=staff.pk, reason=reason,
            after={"bonus_rule": str(rule.pk), "name": rule.name, "trigger": str(rule.trigger)},
        )  # fmt: skip
    return rule


def _invalid(fault: ValidationError) -> Invalid:
    """The fault as a refusal; a broken constraint is named by its sentence."""
    errors = [
        FieldError(field, sentence.replace("“", "").replace("”", "").replace("_", " "))
        for field, sentences in fault.message_dict.items()
        for sentence in sentences
    ]
    return Invalid(" ".join(error["detail"] for error in errors), errors=errors)
