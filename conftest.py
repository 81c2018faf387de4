"""The cast: Alice plays at Aurora, Boris at Borealis, Olga manages Aurora, Fiona keeps its money, Petra runs it all."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.db.backends.postgresql.operations import DatabaseOperations
from rest_framework.test import APIClient

from betting.services import open_account
from casino.api.throttling import connection as redis_connection
from casino.users.models import Duty, Role, User
from operators.models import Affiliate, Operator
from wallets.models import DepositStatus, Provider, ProviderAccount, Wallet
from wallets.providers import open_provider_account
from wallets.services import deposit_through_webhook

PASSWORD = "correct-horse-7"


@pytest.fixture(scope="session", autouse=True)
def flush_append_only_tables() -> Iterator[None]:
    """Let the tests' own teardown empty tables whose triggers refuse it; the VIP ladder, made by a migration, stays."""
    empty = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, style: Any, tables: Any, **options: Any) -> list[str]:
        statements = empty(self, style, [table for table in tables if table != "vip_viplevel"], **options)
        return ["SET session_replication_role = replica", *statements, "SET session_replication_role = DEFAULT"]

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign]
    yield
    DatabaseOperations.sql_flush = empty  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> None:
    """Argon2 still, without the hundred megabytes that make it strong: the cast logs in thousands of times."""
    Argon2PasswordHasher.time_cost = Argon2PasswordHasher.parallelism = 1
    Argon2PasswordHasher.memory_cost = 1024


@pytest.fixture(autouse=True)
def clean_redis() -> None:
    """Counters and caches of one test never reach the next."""
    redis_connection().flushdb()
    cache.clear()


@pytest.fixture
def aurora(db: None) -> Operator:
    return Operator.objects.create(slug="aurora", name="Aurora", currency="USD")


@pytest.fixture
def borealis(db: None) -> Operator:
    return Operator.objects.create(slug="borealis", name="Borealis", currency="USD")


@pytest.fixture
def cascade(db: None) -> Operator:
    return Operator.objects.create(slug="cascade", name="Cascade", currency="EUR")


@pytest.fixture
def make_player(db: None) -> Callable[..., User]:
    """Make a player with an open account: ``make_player("alice", aurora)``."""

    def make(name: str, operator: Operator, **fields: object) -> User:
        user = User.objects.create_user(f"{name}@{operator.slug}.test", name, PASSWORD, operator=operator, **fields)
        open_account(user, operator)
        return user

    return make


@pytest.fixture
def alice(make_player: Callable[..., User], aurora: Operator) -> User:
    return make_player("alice", aurora)


@pytest.fixture
def boris(make_player: Callable[..., User], borealis: Operator) -> User:
    return make_player("boris", borealis)


def _staff(name: str, operator: Operator, duty: str) -> User:
    return User.objects.create_user(
        f"{name}@{operator.slug}.test", name, PASSWORD, role=Role.OPERATOR, duty=duty, operator=operator
    )


@pytest.fixture
def olga(aurora: Operator) -> User:
    """Manager of Aurora."""
    return _staff("olga", aurora, Duty.MANAGER)


@pytest.fixture
def fiona(aurora: Operator) -> User:
    """Finance at Aurora."""
    return _staff("fiona", aurora, Duty.FINANCE)


@pytest.fixture
def sam(aurora: Operator) -> User:
    """Support at Aurora."""
    return _staff("sam", aurora, Duty.SUPPORT)


@pytest.fixture
def bruno(borealis: Operator) -> User:
    """Manager of Borealis."""
    return _staff("bruno", borealis, Duty.MANAGER)


@pytest.fixture
def petra(db: None) -> User:
    """The platform's admin."""
    return User.objects.create_superuser("petra@platform.test", "petra", PASSWORD)


@pytest.fixture
def partner(aurora: Operator) -> Affiliate:
    return Affiliate.objects.create(operator=aurora, name="Partner", code="PARTNER1", rate=Decimal("0.05"))


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """A client that speaks JSON as somebody: ``api(alice).post(...)``."""

    def client(user: User | None = None) -> APIClient:
        made = APIClient()
        made.default_format = "json"
        if user is not None:
            made.force_authenticate(user)
        return made

    return client


@pytest.fixture
def provider_account(db: None) -> ProviderAccount:
    """The platform's own account with the generic provider; its secret is ``settings.DEMO_WEBHOOK_SECRET``."""
    account, _ = open_provider_account(Provider.GENERIC, None, settings.DEMO_WEBHOOK_SECRET)
    return account


@pytest.fixture
def fund(provider_account: ProviderAccount) -> Callable[..., Wallet]:
    """Put real money into a player's wallet at their active operator: a deposit, completed by its signed webhook."""

    def pay_in(player: User, amount: str) -> Wallet:
        deposit = deposit_through_webhook(player, Decimal(amount))
        assert deposit.status == DepositStatus.COMPLETED, deposit.status
        return Wallet.objects.get(pk=deposit.wallet_id)

    return pay_in


@pytest.fixture
def wallet_of(db: None) -> Callable[[User], Wallet]:
    def find(player: User) -> Wallet:
        return Wallet.objects.get(player=player, operator=player.operator)

    return find


@pytest.fixture
def books_close(db: None) -> Iterator[None]:
    """The ledger's audit finds nothing when the test ends; tests that move money ask for this fixture first."""
    yield
    from operators.audit import audit

    breaches = audit()
    assert not breaches, breaches
