"""What an operator's staff note about its players, for their colleagues to read; written once, never changed."""

from uuid import UUID

from django.db import transaction

from casino.users.blocks import UnknownPlayer
from casino.users.models import User
from casino.users.note_models import PlayerNote
from operators.models import Operator, SignificantEvent
from wallets.ledger import database_clock
from wallets.models import Wallet


def add_note(staff: User, operator: Operator, player_id: UUID, text: str) -> PlayerNote:
    """Note ``text`` about a player of the operator; UnknownPlayer for anybody who holds no wallet there."""
    with transaction.atomic():
        if not Wallet.objects.filter(player=player_id, operator=operator).exists():
            raise UnknownPlayer
        note: PlayerNote = PlayerNote.objects.create(
            operator=operator, player_id=player_id, author=staff, text=text, created_at=database_clock()
        )
        SignificantEvent.objects.record(
            "player.noted", operator_id=operator.pk, actor_id=staff.pk, player_id=player_id, reason=text,
            after={"note": str(note.pk)},
        )  # fmt: skip
    return note
