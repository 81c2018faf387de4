"""The wire shapes of games, categories and PAR sheets, and the bodies that change them."""

import re
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from casino.games.catalogue import format_factor, format_percent, format_weight, game_document
from casino.games.jackpots import JackpotGroup
from casino.games.models import Category, Game
from casino.games.specs import GameChanges, GameSpec, SwitchChanges
from casino.games.versions import sheet_in_force
from operators.models import Operator

_PAYTABLE = {"type": "object", "additionalProperties": True, "description": "Its members depend on the kind."}


@extend_schema_field({"type": "string", "pattern": r"^\d+\.\d{2}(\d{4})?$", "example": "96.00"})
class PercentField(serializers.ReadOnlyField):
    """A percentage: two decimals where they are exact, six otherwise."""

    def to_representation(self, value: Decimal) -> str:
        return format_percent(value)


@extend_schema_field({"type": "string", "pattern": r"^\d+(\.\d{1,6})?$", "example": "105.2"})
class FactorField(serializers.ReadOnlyField):
    """A plain decimal of at most six places, without needless zeros."""

    def to_representation(self, value: Decimal) -> str:
        return format_factor(value)


class StrictBooleanField(serializers.BooleanField):
    """JSON's true or false, not a word or a number for it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "string", "example": "1.00"})
class PlainDecimalField(serializers.Field):
    """A decimal from 0 up, as a string or number in plain digits; out with two decimals, or four where needed."""

    default_error_messages = {
        "invalid": "This is a decimal string or number with at most {places} decimals.",
        "most": "This is at most {most}.",
    }

    def __init__(self, *, most: int, places: int, **kwargs: Any) -> None:
        self.most, self.places = most, places
        self._plain = re.compile(rf"[0-9]{{1,4}}(?:\.[0-9]{{1,{places}}})?", re.ASCII)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        is_number = isinstance(data, (str, int, Decimal)) and not isinstance(data, bool)
        if not is_number or not self._plain.fullmatch(str(data)):
            self.fail("invalid", places=self.places)
        number = Decimal(data)
        if number > self.most:
            self.fail("most", most=self.most)
        return number

    def to_representation(self, value: Decimal) -> str:
        return format_weight(value)


@extend_schema_field(_PAYTABLE)
class PaytableField(serializers.Field):
    """The paytable as parsed; the game's kind judges it."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def open_operator(slug: str) -> Operator:
    """The open operator with this slug, or the fault of the field that names it."""
    operator: Operator | None = Operator.objects.open().filter(slug=slug).first()
    if operator is None:
        raise serializers.ValidationError("There is no such operator.", "unknown_operator")
    return operator


class CategorySerializer(serializers.Serializer):
    """A shelf of the lobby."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class GameSerializer(serializers.Serializer):
    """A game as it stands at the operator it was read at: its limits and whether it is on are that operator's."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    category = serializers.CharField(source="category.slug")
    provider = serializers.CharField(source="studio")
    kind = serializers.CharField()
    version = serializers.IntegerField(source="version.number")
    rtp = PercentField(source="version.rtp")
    sigma = serializers.DecimalField(14, 6, source="version.sigma")
    hit_rate = PercentField(source="version.hit_rate")
    max_multiplier = FactorField(source="version.max_multiplier")
    min_bet = AmountField(read_only=True)
    max_bet = AmountField(read_only=True)
    bonus_allowed = serializers.BooleanField()
    wagering_weight = PlainDecimalField(most=10, places=4)
    vip_weight = PlainDecimalField(most=10, places=4)
    jackpot_group = serializers.CharField(source="jackpot_group.slug", default=None, allow_null=True)
    operator = serializers.CharField(allow_null=True, read_only=True)
    is_active = serializers.BooleanField(read_only=True)
    paytable = PaytableField(source="version.paytable")

    def to_representation(self, instance: Game) -> dict[str, Any]:
        return game_document(instance)


class GameBodySerializer(StrictSerializer):
    """A game to be made, or (with the game as ``instance``) what of it is to change."""

    name = StrictCharField(max_length=120)
    category = StrictCharField(max_length=40)
    kind = StrictCharField(max_length=20)
    paytable = PaytableField()
    slug = StrictCharField(max_length=80, required=False)
    rtp = PlainDecimalField(most=1000, places=6, required=False, allow_null=True, help_text="Percent; must agree")
    provider = StrictCharField(max_length=80, required=False, allow_blank=True)
    min_bet = AmountField(required=False)
    max_bet = AmountField(required=False)
    bonus_allowed = StrictBooleanField(required=False)
    wagering_weight = PlainDecimalField(most=10, places=4, required=False)
    vip_weight = PlainDecimalField(most=10, places=4, required=False)
    jackpot_group = StrictCharField(max_length=40, required=False, allow_null=True)
    operator = StrictCharField(max_length=40, required=False, allow_null=True, help_text="The platform's to set")
    is_active = StrictBooleanField(required=False)

    def validate_operator(self, slug: str | None) -> Operator | None:
        operator = None if slug is None else open_operator(slug)
        game: Game | None = self.instance
        if game is not None and operator != game.operator:
            raise serializers.ValidationError("A game stays with its operator.", "immutable")
        return operator

    def spec(self, owner: Operator | None) -> GameSpec:
        """The game that the valid body describes, belonging to ``owner``."""
        return GameSpec(**self.changes(), operator_id=owner.pk if owner else None)

    def changes(self) -> GameChanges:
        """What the valid body states, in the domain's names."""
        domain_names = {"rtp": "stated_rtp", "provider": "studio"}
        left_out = {"operator"}
        changes: Any = {
            domain_names.get(name, name): value for name, value in self.validated_data.items() if name not in left_out
        }
        return changes  # type: ignore[no-any-return]


class SwitchBodySerializer(StrictSerializer):
    """An operator's switch and limits for one game; what is left out stays, null gives back the game's own limit."""

    is_enabled = StrictBooleanField(required=False)
    min_bet = AmountField(required=False, allow_null=True)
    max_bet = AmountField(required=False, allow_null=True)

    def changes(self) -> SwitchChanges:
        changes: Any = dict(self.validated_data)
        return changes  # type: ignore[no-any-return]


class OperatorParameter(serializers.Serializer):
    """``?operator=slug``: at which open brand."""

    operator = serializers.SlugField(max_length=40, required=False, help_text="Slug of an operator")

    def validate_operator(self, slug: str) -> Operator:
        return open_operator(slug)


class GameParameters(OperatorParameter):
    """What narrows the list of games; an empty one is as good as none."""

    category = serializers.SlugField(max_length=40, required=False, help_text="Slug of a category")
    search = serializers.CharField(max_length=100, required=False, help_text="Part of a name or of a provider's name")
    jackpot = serializers.CharField(max_length=40, required=False, help_text="true, false, or a jackpot group's slug")

    def validate_category(self, slug: str) -> Category:
        category = Category.objects.filter(slug=slug).first()
        if category is None:
            raise serializers.ValidationError("There is no such category.", "unknown_category")
        return category

    def validate_jackpot(self, text: str) -> str:
        if text not in ("true", "false") and not JackpotGroup.objects.filter(slug=text).exists():
            raise serializers.ValidationError("There is no such jackpot group.", "unknown_jackpot_group")
        return text


class ParGameSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField(source="version.number")


class ParSerializer(serializers.Serializer):
    """The PAR sheet of the version in force: exact figures as fractions, printed ones as decimal strings."""

    game = ParGameSerializer()
    kind = serializers.CharField()
    rtp = serializers.CharField(help_text="Percent, the lowest of the bets")
    rtp_with_jackpot = serializers.CharField()
    variance = serializers.CharField(help_text="Of the return per unit staked, the highest of the bets")
    sigma = serializers.CharField()
    hit_rate = serializers.CharField()
    max_multiplier = serializers.CharField()
    volatility = serializers.CharField()
    bets_needed = serializers.IntegerField(help_text="Until the measured RTP is within 0.5 points at 95 %")
    exact = serializers.DictField(child=serializers.CharField())
    parts = serializers.ListField(child=serializers.DictField())
    bets = serializers.ListField(child=serializers.DictField())

    def to_representation(self, instance: Game) -> dict[str, Any]:
        """The sheet in force, under the game it belongs to."""
        return {"game": ParGameSerializer(instance).data, **sheet_in_force(instance)}
