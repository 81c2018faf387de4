"""One batch of orders under its wallets' locks (``betting.opening``): decided in order, then written as sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.conf import settings

from betting import fairness, funding, rollups
from betting.funding import Funding, Purse
from betting.jackpots import Jackpots
from betting.models import Bet, BetType, SeedPair
from betting.orders import Answer, GameDisabled, Order, Settled, UnknownGame
from betting.randomness import Seeds, evidence_of, remote_words
from casino import sets
from casino.errors import Refusal
from casino.games.paytables import Draw, Selection
from casino.games.playable import SMALLEST_STAKES, Playable
from casino.games.rng import Words, system_words
from casino.idempotency import IdempotencyKeyReused
from casino.ids import uuid7
from casino.money import MICRO, ZERO, multiply, round_down
from casino.users.limits import Protection
from casino.users.models import User
from operators.models import RngProvider
from vip import points
from vip.models import Standing, VipLevel
from wallets.ledger import Journal
from wallets.models import Wallet
from wallets.refusals import Blocked, LimitExceeded, NoWallet

Account = tuple[UUID, UUID]
STATISTIC = Decimal("1E-12")


@dataclass
class Settlement:
    """The state of a batch; an ``Account`` is (player id, operator id)."""

    journal: Journal
    purses: dict[Account, Purse]
    players: dict[UUID, User]
    standings: dict[UUID, Standing]
    levels: list[VipLevel]
    games: Mapping[tuple[UUID, str], Playable]
    seeds: dict[Account, SeedPair]
    jackpots: Jackpots
    played: dict[tuple[UUID, str], Bet]
    remote: Seeds
    protection: Protection
    fresh: list[Settled] = field(default_factory=list)
    reached: list[tuple[Bet, VipLevel]] = field(default_factory=list)

    def answer(self, order: Order) -> Answer:
        """The order's bet, or why it is refused; a refusal moves nothing and leaves the rest of the batch alone."""
        try:
            return self._settle(order)
        except Refusal as refusal:
            return refusal

    def write(self) -> None:
        """Store what was decided: one statement for each table that it touches."""
        if not self.fresh:
            return
        with sets.pipeline():
            self.journal.post()
            funding.write(list(self.purses.values()), self.journal.at)
            sets.insert(Bet, (settled.bet for settled in self.fresh))
            points.write_standings(self.standings.values())
            fairness.store_nonces(self.seeds.values())
            self.jackpots.write()
            rollups.add(_play(settled.bet, self.players[settled.bet.player_id]) for settled in self.fresh)
        for bet, level in self.reached:
            points.record_levels([(bet.player_id, level)], bet.operator_id, self.journal.at)

    def _settle(self, order: Order) -> Settled:
        if (before := self.played.get((order.player_id, order.key))) is not None:
            if before.request_digest != order.digest:
                raise IdempotencyKeyReused
            return Settled(before, is_replay=True)
        purse = self._purse(order)
        offer = self._offer(order, purse.wallet)
        wager = funding.wager_of(purse, order, offer, self.journal.at)
        selections = offer.paytable.selections(order.selections, wager)
        paid = funding.fund(purse, order, offer, self.journal.at)
        if paid.bet_type == BetType.REAL:
            self.protection.check_loss(order.player_id, purse.wallet.currency, paid.wager)
        drawn = offer.paytable.draw(selections, self._words(order, purse.wallet))
        bet = self._bet(order, purse.wallet, offer, paid, drawn)
        self._note_statistics(bet, offer, selections, drawn)
        self._pay(bet, order, purse, offer, paid)
        if bet.bet_type == BetType.REAL:
            self.protection.note_loss(bet.player_id, bet.currency, bet.wager - bet.win - bet.jackpot_win)
        self.played[order.player_id, order.key] = bet
        self.fresh.append(settled := Settled(bet))
        return settled

    def _purse(self, order: Order) -> Purse:
        """The wallet that pays, of a player who may play."""
        purse = self.purses.get((order.player_id, order.operator_id))
        if purse is None:
            raise NoWallet
        player = self.players[order.player_id]
        if player.is_blocked or purse.wallet.is_blocked or not player.is_active:
            raise Blocked
        self.protection.check_play(order.player_id)
        return purse

    def _offer(self, order: Order, wallet: Wallet) -> Playable:
        """The game as offered here, if it is on and takes this wager; free spins have their own fixed value."""
        offer = self.games.get((order.operator_id, order.game))
        if offer is None:
            raise UnknownGame
        if not offer.is_enabled or not wallet.operator.is_open:
            raise GameDisabled
        level = points.level_of(self.standings[order.player_id], self.levels)
        most = min(offer.max_bet, round_down(wallet.operator.max_bet * level.max_bet_factor))
        if order.free_spin is None and not offer.min_bet <= order.wager <= most:
            raise LimitExceeded("A wager on this game", offer.min_bet, most)
        return offer

    def _words(self, order: Order, wallet: Wallet, stream: str = "") -> Words:
        """The words of this bet from the operator's generator."""
        if wallet.operator.rng_provider == RngProvider.SYSTEM:
            return system_words()
        if wallet.operator.rng_provider == RngProvider.REMOTE:
            return remote_words(self.remote, order, stream)
        return fairness.words_of(self.seeds[order.player_id, order.operator_id], stream)

    def _bet(self, order: Order, wallet: Wallet, offer: Playable, paid: Funding, drawn: Draw) -> Bet:
        """The bet's row as far as it is known before money moves."""
        affiliate = self.players[order.player_id].affiliate
        if affiliate is not None and affiliate.operator_id != wallet.operator_id:
            affiliate = None
        provider = wallet.operator.rng_provider
        seeds = self.seeds[order.player_id, order.operator_id] if provider == RngProvider.PROVABLY_FAIR else None
        win = multiply(paid.wager, drawn.multiplier)
        related = {
            "operator": wallet.operator,
            "game": offer.game,
            "game_version": offer.version,
            "affiliate": affiliate,
            "seed_pair": seeds,
        }
        return sets.new(
            Bet,
            related,
            # Of the database's moment, so that ids sort by it whatever this machine's clock says.
            id=uuid7(self.journal.at),
            created_at=self.journal.at,
            player_id=order.player_id,
            wallet_id=wallet.pk,
            bet_type=paid.bet_type,
            currency=wallet.currency,
            wager=paid.wager,
            win=win,
            multiplier=round_down(drawn.multiplier, MICRO),
            real_before=wallet.real,
            bonus_before=wallet.bonus,
            ggr=ZERO if paid.bet_type == BetType.FREE_SPIN else paid.wager - win,
            affiliate_rate=affiliate.rate if affiliate else None,
            rng_provider=provider,
            rng_evidence=evidence_of(self.remote, order) if provider == RngProvider.REMOTE else None,
            nonce=seeds.nonce if seeds else None,
            outcome=drawn.outcome,
            idempotency_key=order.key,
            request_digest=order.digest,
        )

    def _note_statistics(self, bet: Bet, offer: Playable, selections: tuple[Selection, ...], drawn: Draw) -> None:
        """What the truth about RTP is computed from: the exact expectation and variance of this very bet."""
        moments = offer.paytable.moments(selections)
        bet.selections = [chip.as_json() for chip in selections] or None
        bet.unrounded_win = multiply(bet.wager, drawn.multiplier, STATISTIC)
        bet.expected_win = multiply(bet.wager, moments.mean, STATISTIC)
        bet.variance = multiply(bet.wager * bet.wager, moments.variance, STATISTIC)

    def _pay(self, bet: Bet, order: Order, purse: Purse, offer: Playable, paid: Funding) -> None:
        """Move the money, play the jackpots, earn points; then the bet's row is whole."""
        least = partial(self._smallest_stake, bet.operator_id)
        funding.pay(self.journal, bet, purse, paid, offer.game.wagering_weight, least)
        player = self.players[bet.player_id]
        if bet.bet_type == BetType.REAL and (settings.SEEDING_ENABLED or not player.is_seeded):
            self.jackpots.play(bet, purse.wallet, partial(self._words, order, purse.wallet))
        if bet.seed_pair is not None:
            bet.seed_pair.nonce += 1
        bet.wallet_version = purse.wallet.version
        bet.real_after, bet.bonus_after = purse.wallet.real, purse.wallet.bonus
        self._earn(bet, purse.wallet, offer)

    def _smallest_stake(self, operator_id: UUID) -> Decimal:
        """The smallest stake of bonus money there."""
        return SMALLEST_STAKES.find([operator_id], self.journal.revision)[operator_id]

    def _earn(self, bet: Bet, wallet: Wallet, offer: Playable) -> None:
        """Points = wager × points per unit × the game's weight × the level's multiplier; half for bonus money, none
        for free spins."""
        standing = self.standings[bet.player_id]
        level = points.level_of(standing, self.levels)
        factors: dict[str, Decimal] = {
            BetType.REAL: Decimal(1),
            BetType.BONUS: wallet.operator.bonus_points_factor,
            BetType.FREE_SPIN: ZERO,
        }
        bet.points = points.points_for(
            bet.wager,
            wallet.operator.points_per_unit,
            offer.game.vip_weight,
            level.xp_multiplier,
            factors[bet.bet_type],
        )
        reached = points.earn(standing, self.levels, bet.points, bet.points)
        self.reached += [(bet, level) for level in reached]
        bet.vip = {"xp": f"{standing.xp:.2f}", "level": standing.level_id, "leveled_up": bool(reached)}


def _play(bet: Bet, player: User) -> rollups.Play:
    """What the bet adds to its hour."""
    sums = {
        "bets": 1,
        "wagers": bet.wager,
        "wins": bet.win,
        "unrounded_wins": bet.unrounded_win,
        "expected_wins": bet.expected_win,
        "variance": bet.variance,
        "jackpot_wins": bet.jackpot_win,
        "contributions": bet.jackpot_contribution,
    }
    return rollups.Play(
        at=bet.created_at,
        operator_id=bet.operator_id,
        player_id=bet.player_id,
        game_version_id=bet.game_version_id,
        money=bet.bet_type,
        is_seeded=player.is_seeded,
        sums=tuple(sums[name] for name in rollups.SUMS),
    )
