"""The ASGI door: HTTP, and the feeds under /ws/."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")

application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": URLRouter([])})
