"""Categories, games, their immutable versions, and each operator's switches."""

from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Prefetch, Q

from casino.errors import Missing
from casino.games.jackpots import JackpotGroup
from casino.ids import uuid7
from casino.money import MoneyField
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class Category(models.Model):
    """A shelf of the lobby."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "slug"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class UnknownGame(Missing):
    """There is no such game, or the caller may not see it."""

    code = "unknown_game"
    detail = "There is no such game."


class GameQuerySet(ScopedQuerySet):
    """Games of the platform have no operator and are everybody's; an operator's own are seen there only."""

    def visible_to(self, user: Any) -> Self:
        """The platform sees all, staff the shared ones and their own, players what they may play, visitors the shared
        ones that are active."""
        if not user.is_authenticated:
            return self.filter(operator=None, is_active=True)
        if user.is_platform_admin:
            return self
        if user.is_operator_staff:
            return self.filter(Q(operator=None) | Q(operator=user.operator_id))
        return self.offered_at(user.operator_id)

    def offered_at(self, operator_id: UUID) -> Self:
        """What is playable at an operator: active, the platform's or its own, and not switched off there."""
        switched_off = GameSwitch.objects.filter(operator_id=operator_id, is_enabled=False)
        return self.filter(Q(operator=None) | Q(operator_id=operator_id), is_active=True).exclude(
            pk__in=switched_off.values("game_id")
        )

    def shown_to(self, user: Any, operator_id: UUID | None = None) -> Self:
        """What ``user`` is shown, at the operator they ask for or else at their own, ready for ``Game.limits``.

        The offer of an operator is public, but nobody's staff looks into another operator's own games.
        """
        if operator_id is None:
            return self.visible_to(user).seen_at(getattr(user, "operator_id", None))
        offered = self.offered_at(operator_id)
        is_staff = user.is_authenticated and user.is_operator_staff
        return (offered.visible_to(user) if is_staff else offered).seen_at(operator_id)

    def seen_at(self, operator_id: UUID | None) -> Self:
        """The same games with all that showing them needs, as they stand at an operator: two statements in all."""
        switches = GameSwitch.objects.filter(operator_id=operator_id) if operator_id else GameSwitch.objects.none()
        return (
            self.filter(version__isnull=False)
            .select_related("category", "operator", "version", "jackpot_group")
            .defer("version__par")
            .prefetch_related(Prefetch("switches", switches, to_attr="switches_here"))
        )

    def named(self, name: str) -> "Game":
        """The game with this id or slug; UnknownGame otherwise."""
        try:
            found = self.filter(pk=UUID(name))
        except ValueError:
            found = self.filter(slug=name)
        game: Game | None = found.first()
        if game is None:
            raise UnknownGame
        return game


class Game(models.Model):
    """A game; what it pays stands in its newest version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=400, blank=True, default="")
    category = models.ForeignKey(Category, models.PROTECT, related_name="games")
    studio = models.CharField("provider", max_length=80, blank=True, default="")
    kind = models.CharField(max_length=20)
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="own_games")
    jackpot_group = models.ForeignKey(
        JackpotGroup, models.PROTECT, null=True, blank=True, related_name="games", db_index=False
    )
    version = models.OneToOneField(
        "GameVersion", models.PROTECT, null=True, blank=True, related_name="+", help_text="The maths in force"
    )
    min_bet = MoneyField(default="0.10", validators=[MinValueValidator(0)])
    max_bet = MoneyField(default=100)
    is_active = models.BooleanField(default=True)
    bonus_allowed = models.BooleanField(default=True)
    wagering_weight = models.DecimalField(max_digits=6, decimal_places=4, default=1)
    vip_weight = models.DecimalField(max_digits=6, decimal_places=4, default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Deleted, but kept because bets name it")

    objects = GameQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(min_bet__gt=0, max_bet__gte=F("min_bet")), name="a_game_takes_bets_between_its_limits"
            ),
            models.CheckConstraint(
                condition=Q(wagering_weight__gte=0, wagering_weight__lte=10, vip_weight__gte=0, vip_weight__lte=10),
                name="a_weight_lies_between_none_and_ten",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def switch_here(self) -> "GameSwitch | None":
        """The switch of the operator at which this game was read (``seen_at``), if it has set one."""
        switches: list[GameSwitch] = getattr(self, "switches_here", [])
        return switches[0] if switches else None

    def limits(self, switch: "GameSwitch | None" = None) -> tuple[Decimal, Decimal]:
        """The lowest and the highest wager, narrowed by an operator's switch."""
        least, most = self.min_bet, self.max_bet
        if switch is not None:
            least, most = max(least, switch.min_bet or least), min(most, switch.max_bet or most)
        return least, most


class GameVersionQuerySet(ScopedQuerySet):
    """Versions are seen by whoever sees their game."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(game__in=Game.objects.visible_to(user))


class GameVersion(models.Model):
    """One paytable and what was computed from it; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    game = models.ForeignKey(Game, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    paytable = models.JSONField()
    rtp = models.DecimalField(max_digits=9, decimal_places=6, help_text="Percent, the lowest of its bets")
    sigma = models.DecimalField(max_digits=14, decimal_places=6, help_text="Standard deviation per unit staked")
    hit_rate = models.DecimalField(max_digits=9, decimal_places=6, help_text="Percent")
    max_multiplier = models.DecimalField(max_digits=18, decimal_places=6, help_text="Of the best single spin")
    par = models.JSONField(help_text="The PAR sheet")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GameVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["game", "number"], name="a_game_numbers_its_versions"),
        ]

    def __str__(self) -> str:
        return f"{self.game} v{self.number}"


class GameSwitchQuerySet(ScopedQuerySet):
    pass


class GameSwitch(models.Model):
    """One operator's say about one game: off, or narrower limits."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="game_switches")
    game = models.ForeignKey(Game, models.CASCADE, related_name="switches")
    is_enabled = models.BooleanField(default=True)
    min_bet = MoneyField(null=True, blank=True)
    max_bet = MoneyField(null=True, blank=True)

    objects = GameSwitchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "game switches"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["operator", "game"], name="an_operator_has_one_switch_per_game"),
        ]

    def __str__(self) -> str:
        return f"{self.game} at {self.operator}"
