"""One batch of orders under its wallets' locks: read as sets, decided in Python in order, written as sets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from betting import fairness
from betting.models import Bet, BetType, SeedPair
from betting.orders import Answer, Blocked, GameDisabled, LimitExceeded, NoWallet, Order, Settled, UnknownGame
from casino.errors import Refusal
from casino.games.paytables.base import Draw, Selection
from casino.games.playable import Playable, find_playable
from casino.games.rng import Words, system_words
from casino.idempotency import IdempotencyKeyReused
from casino.ids import uuid7
from casino.money import MICRO, ZERO, round_down
from casino.users.models import User
from operators.models import RngProvider
from vip.models import Standing
from wallets import ledger
from wallets.ledger import InsufficientFunds, Journal
from wallets.models import Account, TransferKind, Wallet

Pair = tuple[UUID, UUID]


@dataclass
class Settlement:
    """The state of a batch; keys are (player id, operator id) pairs."""

    journal: Journal
    wallets: dict[Pair, Wallet]
    players: dict[UUID, User]
    standings: dict[UUID, Standing]
    games: dict[tuple[UUID, str], Playable]
    seeds: dict[Pair, SeedPair]
    played: dict[tuple[UUID, str], Bet]
    fresh: list[Bet] = field(default_factory=list)

    def answer(self, order: Order) -> Answer:
        """The order's bet, or why it is refused; a refusal moves nothing and leaves the rest of the batch alone."""
        try:
            return self._settle(order)
        except Refusal as refusal:
            return refusal

    def write(self) -> None:
        """Store what was decided: transfers, wallets, bets and nonces, one statement each."""
        if not self.fresh:
            return
        self.journal.post()
        Bet.objects.bulk_create(self.fresh)
        fairness.store_nonces(self.seeds.values())

    def _settle(self, order: Order) -> Settled:
        if (before := self.played.get((order.player_id, order.key))) is not None:
            if before.request_digest != order.digest:
                raise IdempotencyKeyReused
            return Settled(before, is_replay=True)
        wallet = self._wallet(order)
        offer = self._offer(order, wallet)
        selections = offer.paytable.selections(order.selections, order.wager)
        if wallet.real < order.wager:
            raise InsufficientFunds
        seeds = self.seeds[order.player_id, order.operator_id]
        drawn = offer.paytable.draw(selections, self._words(wallet, seeds))
        bet = self._record(order, wallet, offer, selections, drawn, seeds)
        self.played[order.player_id, order.key] = bet
        self.fresh.append(bet)
        return Settled(bet)

    def _wallet(self, order: Order) -> Wallet:
        """The wallet that pays, of a player who may play."""
        wallet = self.wallets.get((order.player_id, order.operator_id))
        if wallet is None:
            raise NoWallet
        player = self.players[order.player_id]
        if player.is_blocked or wallet.is_blocked or not player.is_active:
            raise Blocked
        return wallet

    def _offer(self, order: Order, wallet: Wallet) -> Playable:
        """The game as offered here, if it is on and takes this wager."""
        offer = self.games.get((order.operator_id, order.game))
        if offer is None:
            raise UnknownGame
        if not offer.is_enabled or not wallet.operator.is_open:
            raise GameDisabled
        level = self.standings[order.player_id].level
        most = min(offer.max_bet, round_down(wallet.operator.max_bet * level.max_bet_factor))
        if not offer.min_bet <= order.wager <= most:
            raise LimitExceeded(offer.min_bet, most)
        return offer

    def _words(self, wallet: Wallet, seeds: SeedPair) -> Words:
        """The words of this bet, from the operator's generator."""
        if wallet.operator.rng_provider == RngProvider.SYSTEM:
            return system_words()
        return fairness.words_of(seeds)

    def _record(
        self,
        order: Order,
        wallet: Wallet,
        offer: Playable,
        selections: tuple[Selection, ...],
        drawn: Draw,
        seeds: SeedPair,
    ) -> Bet:
        """Move the money and make the bet's row, which tells all of it."""
        player = self.players[order.player_id]
        affiliate = player.affiliate if player.affiliate and player.affiliate.operator_id == wallet.operator_id else None
        is_fair = wallet.operator.rng_provider == RngProvider.PROVABLY_FAIR
        win = round_down(Fraction(order.wager) * drawn.multiplier)
        bet = Bet(
            id=uuid7(),
            created_at=self.journal.at,
            operator_id=wallet.operator_id,
            player_id=order.player_id,
            wallet_id=wallet.pk,
            game=offer.game,
            game_version=offer.version,
            bet_type=BetType.REAL,
            currency=wallet.currency,
            wager=order.wager,
            win=win,
            multiplier=round_down(drawn.multiplier, MICRO),
            real_before=wallet.real,
            bonus_before=wallet.bonus,
            ggr=order.wager - win,
            affiliate=affiliate,
            affiliate_rate=affiliate.rate if affiliate else None,
            rng_provider=wallet.operator.rng_provider,
            seed_pair=seeds if is_fair else None,
            nonce=seeds.nonce if is_fair else None,
            selections=[chip.as_json() for chip in selections] or None,
            outcome=drawn.outcome,
            idempotency_key=order.key,
            request_digest=order.digest,
        )
        bet.operator = wallet.operator
        if is_fair:
            seeds.nonce += 1
        self._pay(bet, wallet)
        return bet

    def _pay(self, bet: Bet, wallet: Wallet) -> None:
        """Stake and win, in that order, and what the bet's row says of them."""
        move = self.journal.move
        move(TransferKind.STAKE, Account.REAL, Account.STAKES, bet.wager, reference=bet.pk, wallet=wallet)
        if bet.win:
            move(TransferKind.WIN, Account.WINS, Account.REAL, bet.win, reference=bet.pk, wallet=wallet)
        wallet.wagering_wagered += bet.wager
        bet.wallet_version = wallet.version
        bet.real_after, bet.bonus_after = wallet.real, wallet.bonus
        standing = self.standings[bet.player_id]
        bet.vip = {"xp": f"{standing.xp:.2f}", "level": standing.level.number, "leveled_up": False}
        bet.wagering = {
            "deposit": {"required": f"{wallet.wagering_required:.2f}", "wagered": f"{wallet.wagering_wagered:.2f}"},
            "bonuses": [],
            "converted": f"{ZERO:.2f}",
            "forfeited": f"{ZERO:.2f}",
        }


def open_settlement(orders: Sequence[Order], at: datetime | None) -> Settlement:
    """Lock the orders' wallets and read, as sets, all that deciding them needs: the same statements for any number."""
    journal = ledger.lock_accounts({(order.player_id, order.operator_id) for order in orders}, at)
    player_ids = {order.player_id for order in orders}
    standings = Standing.objects.select_related("level").filter(player__in=player_ids)
    seeds = SeedPair.objects.filter(player__in=player_ids, revealed_at=None)
    return Settlement(
        journal=journal,
        wallets={(wallet.player_id, wallet.operator_id): wallet for wallet in journal.wallets.values()},
        players=User.objects.select_related("affiliate").in_bulk(player_ids),
        standings={standing.player_id: standing for standing in standings},
        games=find_playable({(order.operator_id, order.game) for order in orders}),
        seeds={(pair.player_id, pair.operator_id): pair for pair in seeds},
        played=find_played(orders),
    )


def find_played(orders: Sequence[Order]) -> dict[tuple[UUID, str], Bet]:
    """The bets that stand already under the orders' (player id, key)."""
    bets = Bet.objects.with_facts().filter(
        player__in={order.player_id for order in orders}, idempotency_key__in={order.key for order in orders}
    )
    return {(bet.player_id, bet.idempotency_key): bet for bet in bets}
