"""Addresses found at once: a site has a hundred, and Django tries one after the other at every request."""

from typing import Any

from django.urls import ResolverMatch, URLResolver
from django.urls.resolvers import RoutePattern


class KnownFirst(URLResolver):
    """``patterns`` as ever, but an address without parameters that was found once is not looked for again."""

    def __init__(self, patterns: list[Any]) -> None:
        super().__init__(RoutePattern("", is_endpoint=False), patterns)
        self._known: dict[str, ResolverMatch] = {}

    def resolve(self, path: Any) -> ResolverMatch:
        """What answers at the address; raises Resolver404 for an unknown one."""
        match = self._known.get(path)
        if match is None:
            match = super().resolve(path)
            # A route is its own address where it has no parameters, so there are only so many.
            if match.route == path:
                match.tried = None  # Django would copy all the addresses that it was not, each time
                self._known[path] = match
        return match
