"""What every bet needs and hardly ever changes, kept by this process and read again as soon as the database changes it.

Triggers give the database a new revision with every statement that touches a watched table (operators, affiliates,
games and their switches, jackpots, VIP levels), in the transaction of that statement. Who reads the revision first sees
rows at least as new as it. Revisions are random, so none comes back after a rollback or a restore.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model

from casino import sets
from casino.sets import Asked

Key = TypeVar("Key")
Value = TypeVar("Value")
Row = TypeVar("Row", bound=Model)
# One value at most: the revision, as a query of its own or part of another.
REVISION = "SELECT revision FROM casino_revision"
# Of each kind; a process that meets more begins anew.
MOST = 10_000


def ask_revision() -> Asked[UUID | None]:
    """Send the question for the revision now; None where there is none, and then nothing is kept."""
    rows = sets.ask(REVISION)
    return lambda: next((row[0] for row in rows()), None)


class Kept(Generic[Key, Value]):
    """Values by key, made of watched tables alone. All callers share them: they are never changed."""

    def __init__(self, read: Callable[[Collection[Key]], Mapping[Key, Value]]) -> None:
        self._read = read
        # Replaced as a whole, so that threads need no lock.
        self._held: tuple[UUID | None, Mapping[Key, Value]] = (None, {})

    @property
    def held(self) -> Mapping[Key, Value]:
        """What was found last, perhaps at an older revision: good for a guess, never for a decision."""
        return self._held[1]

    def find(self, keys: Collection[Key], revision: UUID | None) -> Mapping[Key, Value]:
        """The values of ``keys`` (and perhaps of others) at a revision that was read before; unknown keys are left out.

        Reads what is not held yet: one call of ``read`` at most.
        """
        known, held = self._held
        if revision is None or known != revision:
            held = {}
        missing = [key for key in keys if key not in held]
        if missing:
            found = self._read(missing)
            held = {**held, **found} if len(held) + len(found) <= MOST else self._read(keys)
            self._held = (revision, held)
        return held


def kept_rows(model: type[Row]) -> Kept[UUID, Row]:
    """The rows of a watched table by their id."""
    rows = sets.Read(model, "WHERE id = ANY(%s::uuid[])")
    return Kept(lambda ids: {row.pk: row for row in rows.ask(sets.array(ids))()})
