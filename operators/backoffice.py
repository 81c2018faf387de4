"""What the back office is made of beside lists of rows: its pages, its overview, and the order of its menu."""

from django.contrib import admin

from casino.admin import BackOffice, Page
from operators import book_views, dashboard_views, journal_views, ledger_views, settings_pages

OVERVIEW, MONEY, PLAYERS, GAMES, PROMOTIONS = "Overview", "Money", "Players", "Games", "Promotions"
REPORTS, PLATFORM = "Reports", "Platform"

# Which lists stand under which heading, in this order.
SECTIONS = {
    OVERVIEW: (),
    MONEY: ("wallets.Withdrawal", "wallets.Deposit", "wallets.Adjustment", "wallets.WebhookEvent", "wallets.Wallet",
            "wallets.Transfer"),
    PLAYERS: ("users.User", "vip.Standing", "vip.LevelReached", "vip.PointsMovement", "users.PlayerLimit",
              "users.Exclusion"),
    GAMES: ("games.Game", "games.GameVersion", "games.GameSwitch", "games.Category", "betting.Bet",
            "games.JackpotGroup", "betting.JackpotPool", "betting.SeedPair", "betting.RngService"),
    PROMOTIONS: ("wallets.Bonus", "wallets.BonusRule", "wallets.FreeSpins", "vip.Cashback", "vip.VipCost",
                 "vip.VipCostShare", "operators.Affiliate", "operators.AffiliateStatement",
                 "operators.AffiliatePayout"),
    REPORTS: (),
    PLATFORM: ("operators.Operator", "vip.VipLevel", "vip.VipProgramme", "wallets.ProviderAccount"),
}  # fmt: skip
PAGES = (
    Page("figures/", "figures", "Figures", OVERVIEW, dashboard_views.figures, is_in_menu=False),
    Page("alerts/", "alerts", "Alerts", OVERVIEW, journal_views.alerts),
    Page("alerts/<uuid:pk>/acknowledge/", "acknowledge_alert", "Acknowledge", OVERVIEW,
         journal_views.acknowledge_alert, is_in_menu=False),
    Page("books/", "books", "Books close", REPORTS, book_views.books),
    Page("rtp/", "rtp", "RTP truth", REPORTS, book_views.rtp),
    Page("ledger/", "ledger", "Ledger explorer", REPORTS, ledger_views.explore),
    Page("ledger/wallet/<uuid:pk>/", "ledger_wallet", "Wallet", REPORTS, ledger_views.wallet, is_in_menu=False),
    Page("events/", "events", "Significant events", REPORTS, journal_views.events),
    Page("settings/", "settings", "Settings", PLATFORM, settings_pages.settings),
)  # fmt: skip


def furnish(site: BackOffice) -> None:
    """Give the site its menu, its overview and its pages."""
    site.sections = SECTIONS
    site.overview = dashboard_views.overview
    for page in PAGES:
        site.add_page(page)


furnish(admin.site)  # type: ignore[arg-type]
