"""The demo's people and brands: plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Brand:
    slug: str
    name: str
    currency: str
    affiliate_code: str


@dataclass(frozen=True)
class DemoPlayer:
    username: str
    brand: str
    deposit: str

    @property
    def email(self) -> str:
        return f"{self.username}@{self.brand}.test"


PLATFORM_ADMIN = "petra@platform.test"
BRANDS = (
    Brand("aurora", "Aurora", "USD", "AURORA-PARTNER"),
    Brand("borealis", "Borealis", "USD", "BOREALIS-PARTNER"),
    Brand("cascade", "Cascade", "EUR", "CASCADE-PARTNER"),
)
DUTIES = ("manager", "finance")
PLAYERS = (
    DemoPlayer("alice", "aurora", "250.00"),
    DemoPlayer("boris", "borealis", "250.00"),
    DemoPlayer("carla", "cascade", "250.00"),
    DemoPlayer("dmitri", "aurora", "100.00"),
    DemoPlayer("edith", "borealis", "100.00"),
    DemoPlayer("farid", "cascade", "100.00"),
)
CATEGORIES = (
    ("slots", "Slots"),
    ("table", "Table games"),
    ("dice", "Dice"),
    ("instant", "Instant wins"),
    ("jackpot", "Jackpots"),
)

FREE_SPIN_GAME = "orchard-sevens"
HOUSE_JACKPOT = ("house", "House jackpots", "USD")
# name, kind, rate, seed, odds per unit wagered, ceiling
JACKPOT_LEVELS = (
    ("mini", "must_drop", "0.0040", "10.00", "0", "50.00"),
    ("minor", "must_drop", "0.0030", "50.00", "0", "250.00"),
    ("major", "progressive", "0.0020", "500.00", "0.000001", None),
    ("grand", "progressive", "0.0010", "5000.00", "0.00000005", None),
)


def logins() -> list[tuple[str, str]]:
    """Every demo login as (what it is, e-mail)."""
    rows = [("platform admin", PLATFORM_ADMIN)]
    rows += [(f"{duty} of {brand.name}", f"{duty}@{brand.slug}.test") for brand in BRANDS for duty in DUTIES]
    return rows + [(f"player at {player.brand}", player.email) for player in PLAYERS]
