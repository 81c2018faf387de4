"""The ASGI door: bets through the lean one, the rest of HTTP through Django, and the feeds under /ws/."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
django = get_asgi_application()

from betting.ingress import with_lean_bets  # noqa: E402 - models need Django's settings

application = ProtocolTypeRouter({"http": with_lean_bets(django), "websocket": URLRouter([])})
