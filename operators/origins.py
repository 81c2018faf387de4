"""The origins of operators' own front ends: pages there may read the API's answers in a browser.

They come on top of those that the settings name for the whole platform. Such a page sends its token itself; a cookie
never travels with its requests, and proves nothing where it does.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.http import HttpRequest

from operators.models import Operator

# A change is felt at once; where the cache could not be told of it, after this time.
KEEP_SECONDS = 30
MOST = 20
_KEY = "operators.origins"
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def written_origin(text: str) -> str:
    """An origin as browsers write it: ``https``, a host name, a port where it is not 443. Raises ValueError."""
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
    except ValueError:
        raise ValueError(f"{text} is not an address.") from None
    if parts.scheme != "https":
        raise ValueError(f"{text} does not begin with https://.")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        raise ValueError(f"{text} does not name one host; no wildcards, and other letters as punycode.")
    origin = f"https://{host}" if port in (None, 443) else f"https://{host}:{port}"
    if parts.geturl().rstrip("/") not in (origin, f"{origin}:443"):
        raise ValueError(f"{text} is more than an origin: leave out names, paths and questions.")
    return origin


def is_operators(origin: str) -> bool:
    """Whether some operator names this origin as its own; while the database cannot be asked, none does."""
    known = cache.get(_KEY)
    if known is None:
        try:
            lists = Operator.objects.exclude(allowed_origins=[]).values_list("allowed_origins", flat=True)
            known = {origin for origins in lists for origin in origins}
        except DatabaseError:
            return False
        cache.set(_KEY, known, KEEP_SECONDS)
    return origin in known


def forget_origins() -> None:
    """Read them anew at the next request; called once a change is committed."""
    cache.delete(_KEY)


def may_read(sender: Any, request: HttpRequest, **_: Any) -> bool:
    """Receives django-cors-headers' question whether a request's origin may read the answer."""
    return is_operators(request.headers.get("Origin", ""))
