"""Whom HTTPS clients of the platform trust: the machine's authorities, and the installation's own."""

from __future__ import annotations

import ssl

from streams.settings import Settings


def trust(settings: Settings) -> ssl.SSLContext:
    """For `verify` of httpx. Raises FileNotFoundError where MINSHENG_CA_FILE names no file."""
    context = ssl.create_default_context()
    if settings.ca_file is not None or settings.authority.exists():
        context.load_verify_locations(cafile=settings.authority)
    return context
