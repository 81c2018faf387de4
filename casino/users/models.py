"""User: one person, one login, one role."""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from casino.ids import uuid7
from casino.users.limit_models import Exclusion, PlayerLimit
from casino.users.login_models import LoginSession
from casino.users.note_models import PlayerNote
from operators.models import Affiliate, Operator
from operators.scoping import ScopedQuerySet

# Django finds the tables of players' protection and logins through this module.
PROTECTION = (Exclusion, PlayerLimit)
LOGINS = (LoginSession,)
# And what staff note about players.
NOTES = (PlayerNote,)


class Role(models.TextChoices):
    PLAYER = "player", "Player"
    OPERATOR = "operator", "Operator's staff"
    PLATFORM = "platform", "Platform"


class Duty(models.TextChoices):
    """What an operator's staff may do: read; decide money; everything of the operator's."""

    SUPPORT = "support", "Support"
    FINANCE = "finance", "Finance"
    MANAGER = "manager", "Manager"


class UserQuerySet(ScopedQuerySet):
    """``visible_to`` shows staff the people who hold a wallet at their operator, and their colleagues."""

    player_field = "pk"

    def visible_to(self, user: Any) -> Self:
        if user.is_authenticated and user.is_operator_staff:
            colleagues = Q(role=Role.OPERATOR, operator=user.operator_id)
            # Looked up for each person in the order of the list: a join would sort them all to tell twins apart.
            wallets = self.model._meta.get_field("wallets").related_model._base_manager
            holds_one_here = Exists(wallets.filter(player=OuterRef("pk"), operator=user.operator_id))
            return self.filter(colleagues | holds_one_here)
        return super().visible_to(user)

    def players(self) -> Self:
        return self.filter(role=Role.PLAYER)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str, username: str, password: str | None = None, **fields: Any) -> "User":
        """Write one user; ``role`` defaults to player."""
        user: User = self.model(email=email.strip().lower(), username=username.strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, username: str, password: str | None = None, **fields: Any) -> "User":
        """A platform admin."""
        return self.create_user(email, username, password, role=Role.PLATFORM, **fields)


class User(AbstractBaseUser):
    """A person. ``operator`` is the active one of a player, the employer of staff, and empty for the platform."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254)
    username = models.CharField(max_length=40, validators=[UnicodeUsernameValidator()])
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PLAYER, editable=False)
    duty = models.CharField(max_length=10, choices=Duty.choices, null=True, blank=True)  # noqa: DJ001 - no duty is NULL
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="people")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, null=True, blank=True, related_name="players")
    is_seeded = models.BooleanField(default=False, editable=False)
    is_active = models.BooleanField(default=True, help_text="Off: cannot log in")
    is_blocked = models.BooleanField(default=False, help_text="Blocked everywhere by the platform: may not play")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["username"]

    class Meta:
        verbose_name = "account"
        ordering: ClassVar = ["-id"]
        # allauth looks addresses up as they are stored, which is in lower case.
        indexes: ClassVar = [models.Index(fields=["email"], name="user_by_email")]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="an_email_names_one_person"),
            models.UniqueConstraint(Lower("username"), name="a_username_names_one_person"),
            models.CheckConstraint(
                condition=Q(role=Role.PLATFORM, operator=None, duty=None)
                | Q(role=Role.OPERATOR, operator__isnull=False, duty__isnull=False)
                | Q(role=Role.PLAYER, operator__isnull=False, duty=None),
                name="a_role_has_its_operator_and_duty",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_player(self) -> bool:
        return self.role == Role.PLAYER

    @property
    def is_operator_staff(self) -> bool:
        return self.role == Role.OPERATOR

    @property
    def is_platform_admin(self) -> bool:
        return self.role == Role.PLATFORM

    @property
    def is_staff(self) -> bool:
        """Whether the back office lets this person in."""
        return self.role != Role.PLAYER

    @property
    def is_superuser(self) -> bool:
        return self.is_platform_admin

    def has_duty(self, *duties: str) -> bool:
        """Whether this person has one of ``duties`` at their operator; a manager and the platform have all."""
        return self.is_platform_admin or (self.is_operator_staff and (self.duty == Duty.MANAGER or self.duty in duties))

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """The platform may everything; what operators' staff may is each Scoped admin's to say."""
        return self.is_active and self.is_platform_admin

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_platform_admin
