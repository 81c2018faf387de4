"""The parts of a player's page in the back office: what staff see of the player at the operators that are theirs."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from betting.admin import COLUMNS as BET_COLUMNS
from betting.models import Bet
from casino.admin import Facts, Panel, Tab
from casino.admin.columns import badge, computed, link, link_to, member, moment, money, number, text
from casino.admin.panels import newest
from casino.users.limit_models import Exclusion, PlayerLimit
from casino.users.note_models import PlayerNote
from operators import players
from operators.event_history import player_history
from vip.models import LevelReached, PointsMovement
from vip.programme import Cashback
from wallets import promotion_admin
from wallets.models import Adjustment, Deposit, Transfer
from wallets.promotions import Bonus, FreeSpins
from wallets.withdrawal_models import Withdrawal

Panels = Sequence[Panel | Facts]
NAMED = computed("reference", link_to, str)
MONEY = (badge("status"), money("amount"), text("method"), moment("created_at", "when"))
PERSON = (text("email"), badge("is_active", "can log in"), badge("is_blocked", "blocked everywhere"),
          badge("is_seeded", "seeded"), moment("created_at", "registered"))  # fmt: skip
WALLETS = (computed("wallet", lambda row: link_to(row, row.operator), lambda row: row.operator), money("real"),
           money("bonus"), money("held"), money("debt"), money("wagering_remaining", "wagering left"),
           badge("is_blocked", "blocked here"))  # fmt: skip


def _more(listed: str, player: Any, **asked: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in {"player": player.pk, **asked}.items())
    return f"{reverse(f'admin:{listed}_changelist')}?{query}"


def _overview(request: HttpRequest, player: Any) -> Panels:
    read = players.read_player(request.user, None, player.pk)
    totals, currency = read["totals"], read["totals"]["currency"] or ""
    shown = {
        "affiliate": read["affiliate_code"],
        "deposits": f"{totals['deposits']['sum']} {currency} in {totals['deposits']['count']}",
        "withdrawals": f"{totals['withdrawals']['sum']} {currency} in {totals['withdrawals']['count']}",
        "bets": f"{totals['bets']}", "wagers": f"{totals['wagers']} {currency}", "wins": f"{totals['wins']} {currency}",
        "GGR": f"{totals['ggr']} {currency}", "RTP": f"{totals['rtp'] or '—'} %",
    }  # fmt: skip
    played = tuple(member(name) for name in shown)
    return (
        Facts("Person", player, PERSON),
        Panel("Wallets", WALLETS, player.wallets_here),
        Facts("All time", shown, played),
    )


def _transactions(request: HttpRequest, player: Any) -> Panels:
    staff = request.user
    moves = (moment("created_at", "when"), text("kind", "why"), text("source", "from"), text("target", "to"),
             money("amount"))  # fmt: skip
    transfers = Transfer.objects.visible_to(staff).filter(wallet__in=[wallet.pk for wallet in player.wallets_here])
    made = Adjustment.objects.visible_to(staff).filter(player=player).select_related("maker", "checker")
    return (
        Panel("Deposits", (NAMED, *MONEY), newest(Deposit.objects.visible_to(staff).filter(player=player)),
              "This player has not paid in.", _more("wallets_deposit", player)),
        Panel("Withdrawals", (NAMED, *MONEY), newest(Withdrawal.objects.visible_to(staff).filter(player=player)),
              "This player has asked for no withdrawal.", _more("wallets_withdrawal", player, status="all")),
        Panel("Adjustments", (computed("adjustment", link_to), badge("status"), text("maker"), text("checker"),
                              text("reason"), moment("created_at", "when")), newest(made),
                              "Nothing was adjusted by hand."),
        Panel("Newest movements", moves, transfers.order_by("-created_at", "-id")[:20] if len(player.wallets_here) > 1
              else transfers.order_by("wallet", "-wallet_version")[:20]),
    )  # fmt: skip


def _bets(request: HttpRequest, player: Any) -> Panels:
    bets = Bet.objects.visible_to(request.user).filter(player=player).select_related("game", "operator", "player")
    return (
        Panel("Newest bets", BET_COLUMNS, newest(bets), "This player has not played here yet.",
              _more("betting_bet", player)),
    )  # fmt: skip


def _bonuses(request: HttpRequest, player: Any) -> Panels:
    granted = Bonus.objects.visible_to(request.user).filter(player=player).select_related("operator")
    spins = FreeSpins.objects.visible_to(request.user).filter(player=player).select_related("operator", "game")
    return (
        Panel("Bonuses", (computed("bonus", link_to), *promotion_admin.COLUMNS), newest(granted),
              "No bonus was granted to this player.", _more("wallets_bonus", player)),
        Panel("Free spins", (computed("grant", link_to), *promotion_admin.SPINS), newest(spins),
              "No free spins were granted to this player.", _more("wallets_freespins", player)),
    )  # fmt: skip


def _vip(request: HttpRequest, player: Any) -> Panels:
    staff = request.user
    reached = (
        LevelReached.objects.visible_to(staff).filter(player=player).select_related("level", "bonus", "free_spins")
    )
    movements = PointsMovement.objects.visible_to(staff).filter(player=player)
    paid = Cashback.objects.visible_to(staff).filter(player=player).select_related("operator")
    standing = getattr(player, "standing", None)
    return (
        Facts("Standing", standing, (text("level"), number("xp", "XP", places=2), number("points", places=2))),
        Panel("Levels reached", (text("level"), moment("reached_at"), moment("rewarded_at"), link("bonus"),
                                 link("free_spins")), reached, "This player has reached no level here."),
        Panel("XP and points otherwise than by bets", (moment("created_at", "when"), text("kind"),
              number("xp", "XP", places=2), number("points", places=2), text("reason")), newest(movements)),
        Panel("Cashback", (moment("week"), money("amount", currency="operator.currency"), number("rate")), newest(paid),
              "No cashback was paid here."),
    )  # fmt: skip


def _protection(request: HttpRequest, player: Any) -> Panels:
    currencies = {wallet.currency for wallet in player.wallets_here}
    limits = PlayerLimit.objects.filter(player=player, currency__in=currencies).order_by("kind", "period")
    exclusions = Exclusion.objects.filter(player=player).order_by("-id")[:20]
    return (
        Panel("Limits that the player set", (text("kind"), text("period"), money("amount", "limit"),
              money("pending_amount", "then"), moment("pending_at", "from")), limits, "This player has set no limit."),
        Panel("Time-outs and self-exclusions", (text("kind"), text("duration"), moment("created_at", "since"),
              moment("until")), exclusions, "This player has never shut themselves out."),
    )  # fmt: skip


def _notes(request: HttpRequest, player: Any) -> Panels:
    written = PlayerNote.objects.visible_to(request.user).filter(player=player).select_related("author", "operator")
    return (
        Panel("Notes", (moment("created_at", "when"), text("author", "who"), text("operator"), text("text", "note")),
              written.order_by("-id")[:100], "Nobody has noted anything about this player."),
    )  # fmt: skip


def _history(request: HttpRequest, player: Any) -> Panels:
    return (player_history(request, player),)


TABS = (
    Tab("overview", "Overview", _overview),
    Tab("transactions", "Transactions", _transactions),
    Tab("bets", "Bets", _bets),
    Tab("bonuses", "Bonuses", _bonuses),
    Tab("vip", "VIP", _vip),
    Tab("protection", "Limits and exclusions", _protection),
    Tab("notes", "Notes", _notes),
    Tab("history", "History", _history),
)
