"""The WSGI door: REST and the back office."""

import os

from django.core.wsgi import get_wsgi_application

from casino.serving import settle_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")

application = get_wsgi_application()
settle_down()
