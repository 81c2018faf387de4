"""Runs of bots: who the bots are, what a run is asked for and how far it has come, and its chunks, each played once."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from casino.errors import Missing
from casino.ids import uuid7


class PlatformQuerySet(models.QuerySet):
    """Rows that are the platform's alone."""

    def visible_to(self, user: Any) -> Self:
        return self if user.is_authenticated and user.is_platform_admin else self.none()


class Bot(models.Model):
    """A seeded player who plays by a temperament. ``number`` counts the bots as they were made."""

    player = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="bot")
    number = models.PositiveIntegerField(unique=True)
    temperament = models.CharField(max_length=20)
    # Bots of a past that was played belong to it: whoever plays on today must not come before their last deed.
    is_of_history = models.BooleanField(default=False)

    objects = PlatformQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.temperament} {self.number}"


class RunKind(models.TextChoices):
    SIMULATION = "simulation", "Simulation"
    BOTS = "bots", "Bots"
    HISTORY = "history", "History"


class RunStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


class Intensity(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class UnknownRun(Missing):
    """There is no such run."""

    code = "unknown_run"
    detail = "There is no such run."


class RunQuerySet(PlatformQuerySet):
    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def waiting(self, at: Any) -> Self:
        """Runs that somebody should go on with at ``at``: due, not over (or over without a report), and not leased."""
        unleased = Q(leased_until=None) | Q(leased_until__lt=at)
        return self.filter(unleased, Q(status__in=OPEN) | Q(report=None), due_at__lte=at)


class Run(models.Model):
    """What a run was asked for, how far it is, and who works on it.

    The row is the queue: whoever holds the lease plays the next chunk, and one that ran out is anybody's. ``actions``
    counts deeds; ``actions_due`` is how many there are to be, empty for a run that plays as fast as it can for
    ``duration_seconds``. A history plays from ``past_from`` to ``past_until``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=RunKind.choices)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    seed = models.BigIntegerField()
    intensity = models.CharField(max_length=10, choices=Intensity.choices, blank=True, default="")
    rate = models.PositiveIntegerField(default=0, help_text="Actions per second asked for; 0: as fast as possible")
    duration_seconds = models.PositiveIntegerField(default=0)
    actions_due = models.BigIntegerField(null=True, blank=True)
    past_from = models.DateTimeField(null=True, blank=True)
    past_until = models.DateTimeField(null=True, blank=True)
    actions = models.BigIntegerField(default=0)
    chunks = models.PositiveIntegerField(default=0, help_text="How many chunks were planned")
    totals = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    report = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    error = models.CharField(max_length=300, blank=True, default="")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Of the chunk in hand, in a row")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(help_text="When there is something to do next")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="seeding_runs"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(status__in=OPEN) | Q(report=None), name="run_unfinished"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=OPEN, ended_at=None) | (~Q(status__in=OPEN) & Q(ended_at__isnull=False)),
                name="an_ended_run_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(actions_due=None) | Q(actions__lte=F("actions_due")),
                name="a_run_does_what_it_was_asked_for",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class Seat(models.Model):
    """A bot in a run: its place in the crowd, its mood between two deeds, and when it is its turn again.

    ``turn`` is a time of the run's own: who comes next is whoever has the lowest.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="seats", db_index=False)
    bot = models.ForeignKey(Bot, models.PROTECT, related_name="seats")
    number = models.PositiveIntegerField(help_text="What the bot's random numbers are drawn by, with the run's seed")
    deeds = models.PositiveIntegerField(default=0)
    turn = models.FloatField(default=0)
    mood = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["turn", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "number"], name="a_seat_has_one_number_in_its_run"),
            models.UniqueConstraint(fields=["run", "bot"], name="a_bot_has_one_seat_in_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.bot} in {self.run}"


class Chunk(models.Model):
    """A few deeds of a run, written down before they are done: whoever does them again does the very same ones.

    A deed's key is made of run, chunk and its place in ``plan``, which is emptied when the chunk is done.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="chunk_rows", db_index=False)
    number = models.PositiveIntegerField()
    plan = models.JSONField(default=list)
    is_done = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["run", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "number"], name="a_run_plays_a_chunk_once"),
            models.UniqueConstraint(fields=["run"], condition=Q(is_done=False), name="a_run_has_one_chunk_in_hand"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.number}"


RATES = {Intensity.LOW: 2, Intensity.MEDIUM: 10, Intensity.HIGH: 50}
CROWDS = {Intensity.LOW: 24, Intensity.MEDIUM: 80, Intensity.HIGH: 320}
