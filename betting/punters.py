"""Punters: the players of a batch, each at one operator, with everything of theirs that a bet reads and changes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from betting.models import SeedPair
from betting.orders import Order
from casino import sets
from casino.users.models import User
from vip.models import Standing
from wallets import bonuses
from wallets.bonuses import ActiveBonus
from wallets.ledger import Locked, columns_of
from wallets.models import Wallet
from wallets.promotions import FreeSpins

# A player's id and an operator's.
Account = tuple[UUID, UUID]
_PUNTERS = sets.Join(
    {
        Wallet: ("created_at",),
        User: ("created_at", "last_login", "password", "email"),
        SeedPair: ("created_at", "revealed_at", "next_server_seed", "next_server_seed_hash"),
    },
    # The limits keep every plan to the indexes, also one made while the tables were small.
    "unnest(%s::uuid[], %s::uuid[]) AS account(player_id, operator_id)"
    " CROSS JOIN LATERAL (SELECT * FROM wallets_wallet"
    " WHERE operator_id = account.operator_id AND player_id = account.player_id LIMIT 1) AS wallets_wallet"
    " CROSS JOIN LATERAL (SELECT * FROM users_user WHERE id = account.player_id LIMIT 1) AS users_user"
    " LEFT JOIN LATERAL (SELECT * FROM betting_seedpair WHERE player_id = account.player_id"
    " AND operator_id = account.operator_id AND revealed_at IS NULL LIMIT 1) AS betting_seedpair ON true",
)
_FREE_SPINS = sets.Read(FreeSpins, "WHERE id = ANY(%s::uuid[])")


@dataclass(eq=False, slots=True)
class Punter:
    """A player at an operator: their locked wallet and standing, the seed pair in force, active bonuses (oldest first)
    and free spins, and what of these the batch has changed."""

    wallet: Wallet
    player: User
    seeds: SeedPair | None
    standing: Standing
    bonuses: list[ActiveBonus]
    free_spins: dict[UUID, FreeSpins]
    changed: dict[UUID, ActiveBonus] = field(default_factory=dict)
    opened: set[UUID] = field(default_factory=set)
    spun: dict[UUID, FreeSpins] = field(default_factory=dict)

    def find(self, bonus_id: UUID | None) -> ActiveBonus | None:
        """The active bonus of this id, if it is one of theirs."""
        return next((bonus for bonus in self.bonuses if bonus.id == bonus_id and bonus.is_active), None)


def ask_punters(
    accounts: Collection[Account], orders: Sequence[Order]
) -> Callable[[Locked, Mapping[UUID, Standing]], list[Punter]]:
    """The punters of accounts, in a pipeline after the locks; the answer is given what is locked, the standings by
    player. An account that was opened after the locks is left out."""
    rows, active = _PUNTERS.ask(*columns_of(accounts)), bonuses.ask_active(accounts)
    named = {order.free_spin for order in orders if order.free_spin}
    granted = _FREE_SPINS.ask(sets.array(named)) if named else list

    def answer(locked: Locked, standings: Mapping[UUID, Standing]) -> list[Punter]:
        grants: dict[UUID, dict[UUID, FreeSpins]] = {}
        for grant in granted():
            grants.setdefault(grant.wallet_id, {})[grant.pk] = grant
        found = active()
        return [
            Punter(wallet, player, seeds, standings[player.pk], found.get(wallet.pk, []), grants.get(wallet.pk, {}))
            for wallet, player, seeds in rows()
            if wallet.pk in locked.wallet_ids
        ]

    return answer
