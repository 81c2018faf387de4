"""The shapes of people: what register, login and the profile take and show."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

from django.core.validators import MinLengthValidator, RegexValidator
from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from casino.money import format_money
from casino.users.models import Duty, Role, User
from casino.users.profiles import Played, Profile
from operators.models import Operator
from operators.serializers import OperatorSerializer
from wallets.documents import wallet_document
from wallets.serializers import WalletSerializer

PASSWORD_LENGTH = 128


class UsernameField(StrictCharField):
    """3 to 40 letters, digits and ``. + - _``; no ``@``, so that no name looks like somebody's e-mail address."""

    default_validators = [
        MinLengthValidator(3),
        RegexValidator(r"^[\w.+-]+\Z", "A name is made of letters, digits and . + - _ characters."),
    ]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return unicodedata.normalize("NFKC", super().to_internal_value(data))


class PasswordField(StrictCharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=PASSWORD_LENGTH, trim_whitespace=False, write_only=True, **kwargs)


class RegistrationSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    username = UsernameField()
    password = PasswordField()
    operator = StrictCharField(max_length=40, required=False, help_text="Slug; may be left out where only one exists")
    referral = StrictCharField(max_length=40, required=False, help_text="An affiliate's code at this operator")


class CredentialsSerializer(StrictSerializer):
    email = StrictCharField(max_length=254, required=False, help_text="Or username")
    username = StrictCharField(max_length=254, required=False)
    password = PasswordField()
    code = StrictCharField(max_length=32, required=False, help_text="Of the authenticator app, where one is set up")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two names; handed on as ``identifier``."""
        names = [attrs.pop(field) for field in ("email", "username") if field in attrs]
        if len(names) != 1:
            raise serializers.ValidationError({"email": "Send either email or username."}, "required")
        return attrs | {"identifier": names[0]}


class ProfileChangeSerializer(StrictSerializer):
    username = UsernameField(required=False)
    operator = StrictCharField(max_length=40, required=False, help_text="Slug of the operator to switch to")


class PasswordChangeSerializer(StrictSerializer):
    current = PasswordField()
    new = PasswordField()


class PasswordResetSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)


class PasswordResetConfirmSerializer(StrictSerializer):
    key = StrictCharField(max_length=200, help_text="From the mail")
    password = PasswordField()


class VipSerializer(serializers.Serializer):
    level = serializers.IntegerField(source="level_id")
    name = serializers.CharField(source="level.name")
    xp = serializers.DecimalField(max_digits=14, decimal_places=2)


class UserSerializer(serializers.Serializer):
    """A person as ``profiles.profile_of`` loads one; ``duty`` is staff's, ``affiliate_code`` a referred player's."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    username = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    duty = serializers.ChoiceField(Duty.choices, required=False)
    operator = OperatorSerializer(allow_null=True)
    vip = VipSerializer(source="standing", allow_null=True)
    wallets = WalletSerializer(many=True, read_only=True)
    affiliate_code = serializers.CharField(source="affiliate.code", required=False)
    is_seeded = serializers.BooleanField()
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: User) -> dict[str, Any]:
        return person_document(Profile(instance, list(instance.wallets.all())))


def person_document(profile: Profile) -> dict[str, Any]:
    """The person's JSON object; what they have none of is left out, but for ``operator`` and ``vip``."""
    user, standing = profile.user, getattr(profile.user, "standing", None)
    document: dict[str, Any] = {
        "id": str(user.pk),
        "email": user.email,
        "username": user.username,
        "role": user.role,
    }
    if user.duty is not None:
        document["duty"] = user.duty
    document |= {
        "operator": user.operator and _brand(user.operator),
        "vip": standing and {"level": standing.level_id, "name": standing.level.name, "xp": f"{standing.xp:.2f}"},
        "wallets": [wallet_document(wallet) for wallet in profile.wallets],
    }
    if user.affiliate is not None:
        document["affiliate_code"] = user.affiliate.code
    return document | {"is_seeded": user.is_seeded, "created_at": format_stamp(user.created_at)}


def played_document(played: Played) -> dict[str, Any]:
    """What ``GET /session`` answers."""
    return {
        "started_at": format_stamp(played.started_at),
        "seconds": played.seconds,
        "wagers": format_money(played.wagers),
        "wins": format_money(played.wins),
        "net": format_money(played.net),
    }


def format_stamp(moment: datetime) -> str:
    """RFC 3339 in UTC; whole seconds are written without a fraction."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _brand(operator: Operator) -> dict[str, str]:
    return {"id": str(operator.pk), "slug": operator.slug, "name": operator.name, "currency": operator.currency}


class LoginSerializer(serializers.Serializer):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    user = UserSerializer()


class PlayedSerializer(serializers.Serializer):
    started_at = serializers.DateTimeField()
    seconds = serializers.IntegerField()
    wagers = AmountField()
    wins = AmountField()
    net = AmountField()
