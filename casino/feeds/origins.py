"""From which pages a browser may open a feed: the site's own, and those that the settings name.

A browser sends its cookies along with a WebSocket whatever page opens it, and asks no permission first; the Origin
header is all that tells. So it is due from everybody.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_allowed_origin(headers: Mapping[str, str], *, is_secure: bool) -> bool:
    """Whether the page that the Origin header names may listen; a missing one may not."""
    origin = headers.get("origin", "").lower()
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        return False
    return (
        _is_own(parts.scheme, parts.netloc, headers.get("host", "").lower(), is_secure=is_secure)
        or origin in settings.CORS_ALLOWED_ORIGINS
        or any(_matches(parts.scheme, parts.netloc, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS)
        or _is_of_a_developer(parts.netloc)
    )


def _is_own(scheme: str, netloc: str, host: str, *, is_secure: bool) -> bool:
    """Whether page and feed have the same host and port; a page that came without TLS is not that of a site with it."""
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    port = {"http": ":80", "https": ":443"}[scheme]
    return netloc.removesuffix(port) == host.removesuffix(port) and (scheme == "https" or not is_secure)


def _matches(scheme: str, netloc: str, trusted: str) -> bool:
    """Whether a trusted origin, which may be ``https://*.example.com``, names this one."""
    named, _, pattern = trusted.lower().partition("://")
    return named == scheme and is_same_domain(netloc, pattern.removeprefix("*"))


def _is_of_a_developer(netloc: str) -> bool:
    """Whether a page of this very machine, on whatever port, asks a developer's server."""
    domain, _ = split_domain_port(netloc)
    return settings.DEBUG and domain in LOOPBACK.intersection(settings.ALLOWED_HOSTS)
