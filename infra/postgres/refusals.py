"""Why PostgreSQL cannot be used although it is there, in libpq's words, and what to do about it."""

from __future__ import annotations

import psycopg

from streams.settings import Settings

_REMEDIES = {
    "certificate has expired": "Renew the server's certificate: here by `minsheng certificates make`.",
    "certificate verify failed": (
        "Its certificate is not signed by {authority}: copy the authority's certificate there, or name its"
        " file by MINSHENG_CA_FILE."
    ),
    "does not match host name": (
        "Its certificate is for another name: set MINSHENG_POSTGRES_HOST to the name that stands in it, or"
        " add this one to MINSHENG_CERTIFICATE_HOSTS and call `minsheng certificates make`."
    ),
    "root certificate file": (
        "MINSHENG_CA_FILE must name the certificate of the authority that signed the server's ({authority})."
    ),
    "does not support SSL": (
        "Turn TLS on in that server (ssl = on), or do without: MINSHENG_POSTGRES_SSLMODE=disable."
    ),
    "password authentication failed": (
        "The password is a file of secrets/ (postgres, reader, airflow, superset): `minsheng up` gives the"
        " roles those passwords again where it may, else the server's administrator does."
    ),
}
"""What libpq says -> what to do. The first that fits: an expired certificate also fails to verify."""


def remedy(error: psycopg.OperationalError, settings: Settings) -> str | None:
    """What to do where trying again would not help; None: the server is away, which passes."""
    said = str(error)
    found = next((what for words, what in _REMEDIES.items() if words in said), None)
    return found.format(authority=settings.authority) if found else None
