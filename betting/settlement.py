"""One batch of orders under its wallets' locks (``betting.opening``): decided in order, then written as sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.conf import settings

from betting import fairness, funding, rollups
from betting.funding import Funding
from betting.jackpots import Jackpots
from betting.models import Bet, BetType
from betting.orders import Answer, GameDisabled, Order, Settled, UnknownGame
from betting.punters import Account, Punter
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
from vip.models import VipLevel
from wallets.ledger import Journal
from wallets.refusals import Blocked, LimitExceeded, NoWallet

STATISTIC = Decimal("1E-12")


@dataclass
class Settlement:
    """The state of a batch; ``fresh`` are the bets that it has made, each with whose it is."""

    journal: Journal
    punters: dict[Account, Punter]
    levels: list[VipLevel]
    games: Mapping[tuple[UUID, str], Playable]
    jackpots: Jackpots
    played: dict[tuple[UUID, str], Bet]
    remote: Seeds
    protection: Protection
    fresh: list[tuple[Settled, Punter]] = field(default_factory=list)
    reached: list[tuple[Bet, VipLevel]] = field(default_factory=list)

    def answer(self, order: Order) -> Answer:
        """The order's bet, or why it is refused; a refusal moves nothing and leaves the rest of the batch alone."""
        try:
            return self._settle(order)
        except Refusal as refusal:
            return refusal

    def write(self) -> None:
        """Store what was decided, in one statement."""
        if not self.fresh:
            return
        punters = list(dict.fromkeys(punter for _, punter in self.fresh))
        with sets.together():
            self.journal.post()
            funding.write(punters, self.journal.at)
            sets.insert(Bet, (settled.bet for settled, _ in self.fresh))
            points.write_standings({punter.standing for punter in punters})
            fairness.store_nonces(punter.seeds for punter in punters if punter.seeds)
            self.jackpots.write()
            rollups.add(_play(settled.bet, punter.player) for settled, punter in self.fresh)
        for bet, level in self.reached:
            points.record_levels([(bet.player_id, level)], bet.operator_id, self.journal.at)

    def _settle(self, order: Order) -> Settled:
        if (before := self.played.get((order.player_id, order.key))) is not None:
            if before.request_digest != order.digest:
                raise IdempotencyKeyReused
            return Settled(before, is_replay=True)
        punter = self._punter(order)
        offer = self._offer(order, punter)
        wager = funding.wager_of(punter, order, offer, self.journal.at)
        selections = offer.paytable.selections(order.selections, wager)
        paid = funding.fund(punter, order, offer, self.journal.at)
        if paid.bet_type == BetType.REAL:
            self.protection.check_loss(order.player_id, punter.wallet.currency, paid.wager)
        drawn = offer.paytable.draw(selections, self._words(order, punter))
        bet = self._bet(order, punter, offer, paid, drawn)
        self._note_statistics(bet, offer, selections, drawn)
        self._pay(bet, order, punter, offer, paid)
        if bet.bet_type == BetType.REAL:
            self.protection.note_loss(bet.player_id, bet.currency, bet.wager - bet.win - bet.jackpot_win)
        self.played[order.player_id, order.key] = bet
        settled = Settled(bet)
        self.fresh.append((settled, punter))
        return settled

    def _punter(self, order: Order) -> Punter:
        """Who pays, if they have a wallet there and may play."""
        punter = self.punters.get((order.player_id, order.operator_id))
        if punter is None:
            raise NoWallet
        if punter.player.is_blocked or punter.wallet.is_blocked or not punter.player.is_active:
            raise Blocked
        self.protection.check_play(order.player_id)
        return punter

    def _offer(self, order: Order, punter: Punter) -> Playable:
        """The game as offered here, if it is on and takes this wager; free spins have their own fixed value."""
        offer = self.games.get((order.operator_id, order.game))
        if offer is None:
            raise UnknownGame
        operator = punter.wallet.operator
        if not offer.is_enabled or not operator.is_open:
            raise GameDisabled
        level = points.level_of(punter.standing, self.levels)
        most = min(offer.max_bet, round_down(operator.max_bet * level.max_bet_factor))
        if order.free_spin is None and not offer.min_bet <= order.wager <= most:
            raise LimitExceeded("A wager on this game", offer.min_bet, most)
        return offer

    def _words(self, order: Order, punter: Punter, stream: str = "") -> Words:
        """The words of this bet from the operator's generator."""
        provider = punter.wallet.operator.rng_provider
        if provider == RngProvider.SYSTEM:
            return system_words()
        if provider == RngProvider.REMOTE:
            return remote_words(self.remote, order, stream)
        assert punter.seeds is not None
        return fairness.words_of(punter.seeds, stream)

    def _bet(self, order: Order, punter: Punter, offer: Playable, paid: Funding, drawn: Draw) -> Bet:
        """The bet's row as far as it is known before money moves."""
        wallet, affiliate = punter.wallet, punter.player.affiliate
        if affiliate is not None and affiliate.operator_id != wallet.operator_id:
            affiliate = None
        provider = wallet.operator.rng_provider
        seeds = punter.seeds if provider == RngProvider.PROVABLY_FAIR else None
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

    def _pay(self, bet: Bet, order: Order, punter: Punter, offer: Playable, paid: Funding) -> None:
        """Move the money, play the jackpots, earn points; then the bet's row is whole."""
        wallet, least = punter.wallet, partial(self._smallest_stake, bet.operator_id)
        funding.pay(self.journal, bet, punter, paid, offer.game.wagering_weight, least)
        if bet.bet_type == BetType.REAL and (settings.SEEDING_ENABLED or not punter.player.is_seeded):
            self.jackpots.play(bet, wallet, partial(self._words, order, punter))
        if bet.seed_pair is not None:
            bet.seed_pair.nonce += 1
        bet.wallet_version = wallet.version
        bet.real_after, bet.bonus_after = wallet.real, wallet.bonus
        self._earn(bet, punter, offer)

    def _smallest_stake(self, operator_id: UUID) -> Decimal:
        """The smallest stake of bonus money there."""
        return SMALLEST_STAKES.find([operator_id], self.journal.revision)[operator_id]

    def _earn(self, bet: Bet, punter: Punter, offer: Playable) -> None:
        """Points = wager × points per unit × the game's weight × the level's multiplier; half for bonus money, none
        for free spins."""
        standing, operator = punter.standing, punter.wallet.operator
        level = points.level_of(standing, self.levels)
        factors: dict[str, Decimal] = {
            BetType.REAL: Decimal(1),
            BetType.BONUS: operator.bonus_points_factor,
            BetType.FREE_SPIN: ZERO,
        }
        bet.points = points.points_for(
            bet.wager,
            operator.points_per_unit,
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
