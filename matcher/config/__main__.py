"""Prints ``docs/settings.md``: ``python -m matcher.config > docs/settings.md``."""

import sys

from matcher.config.document import settings_page

sys.stdout.write(settings_page())
