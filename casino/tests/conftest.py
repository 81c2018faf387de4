"""The servers that the tests of the feeds share."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from casino.tests.listening import feed_server


@pytest.fixture(scope="module", params=["daphne", "granian"])
def at(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[str]:
    """Where a feed server answers; every test runs on both kinds."""
    with feed_server(request.param, settings.REDIS_URL) as address:
        yield address
