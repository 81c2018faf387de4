"""What happens before a release starts: migrations, and the demo in an empty database where SEEDING_ENABLED says so."""

import os

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    """Migrate, then seed where that is wanted; a fault ends the process with its traceback and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    if settings.SEEDING_ENABLED and settings.DEBUG:
        # Demo logins have a known password: they are made while DEBUG only.
        call_command("seed_database", "--if-empty", verbosity=0)


if __name__ == "__main__":
    main()
