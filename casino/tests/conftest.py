"""The servers that several tests share."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from casino.tests.listening import feed_server
from casino.tests.running import Stack, running_stack


@pytest.fixture(scope="module", params=["daphne", "granian"])
def at(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[str]:
    """Where a feed server answers; every test runs on both kinds."""
    with feed_server(request.param, settings.REDIS_URL) as address:
        yield address


@pytest.fixture(scope="session")
def demo_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running casino with the demo in it, for tests that only use it; their xdist group is ``demo-stack``."""
    with running_stack(tmp_path_factory.mktemp("demo")) as running:
        yield running
