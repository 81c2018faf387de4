#!/usr/bin/env python
"""The command line of the casino."""

import os
import sys


def main() -> None:
    """Run a management command; a setting that is missing is one sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
    if sys.argv[1:2] == ["up"]:
        # The one-command stack is a developer's, unless the environment says otherwise.
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("SEEDING_ENABLED", "1")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018 - loads the settings
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
