"""The ASGI door: bets and repeated reads through lean ones, the rest of HTTP through Django, the feeds under /ws/."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
django: Any = get_asgi_application()

from django.urls import path, re_path  # noqa: E402 - models need Django's settings

from betting.ingress import with_lean_bets  # noqa: E402
from casino.api.reading import with_lean_reads  # noqa: E402
from casino.feeds.consumers import NoSuchFeed  # noqa: E402
from casino.serving import lifespan, settle_down  # noqa: E402
from casino.users.consumers import PlayerFeed  # noqa: E402
from operators.consumers import OperatorFeed, PlatformFeed  # noqa: E402

# What a front end asks for again and again; the proxy sends these to this door too.
READS = ("/auth/user", "/bets", "/bonuses", "/games", "/jackpots", "/session", "/vip/user", "/wallets")
feeds = [
    path("ws/player", PlayerFeed.as_asgi()),
    path("ws/operator", OperatorFeed.as_asgi()),
    path("ws/platform", PlatformFeed.as_asgi()),
    re_path("", NoSuchFeed.as_asgi()),
]
http = with_lean_bets(with_lean_reads(django, READS))
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(feeds), "lifespan": lifespan})
settle_down()
