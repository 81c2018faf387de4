"""The servers of a test run: throw-away ones from the wheels, or those that DATABASE_URL and REDIS_URL name.

A pytest plugin rather than a conftest, because pytest-django reads the settings before any conftest is imported.
"""

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from casino import embedded


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Give the settings their two URLs before pytest-django reads them."""
    os.environ.setdefault("DEBUG", "1")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        # pytest-django gives each worker its own database; Redis has numbers, and 0 is the controller's.
        os.environ["REDIS_URL"] = redis_url_of(worker, os.environ["REDIS_URL"])
    elif not _asks_for_help(early_config) and not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        _start_servers(early_config)
    return (yield)


def redis_url_of(worker: str, redis_url: str) -> str:
    """The Redis database of an xdist worker: ``gw0`` has the one after the run's own."""
    parts = urlsplit(redis_url)
    number = int(parts.path.strip("/") or 0) + int(worker.removeprefix("gw")) + 1
    return urlunsplit(parts._replace(path=f"/{number}"))


def _asks_for_help(config: pytest.Config) -> bool:
    return bool(config.known_args_namespace.help or config.known_args_namespace.version)


def _start_servers(config: pytest.Config) -> None:
    servers = contextlib.ExitStack()
    # A clean-up of the configuration also runs where the session never began, for example on a usage error.
    config.add_cleanup(servers.close)
    try:
        urls = servers.enter_context(embedded.throwaway())
    except embedded.EmbeddedError as error:
        raise pytest.UsageError(str(error)) from error
    for name, url in (("DATABASE_URL", urls.database_url), ("REDIS_URL", urls.redis_url)):
        if not os.environ.get(name):
            os.environ[name] = url
            servers.callback(os.environ.pop, name, None)
