"""Why PostgreSQL cannot be used although it is there, and what to do about it.

libpq says of a certificate only that it could not be verified: the handshake is tried again, to learn why.
"""

from __future__ import annotations

import socket
import ssl

import psycopg

from streams.settings import Settings

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
PROBE_SECONDS = 2.0
UNVERIFIED = "certificate verify failed"
_REMEDIES = {
    "certificate has expired": (
        "The server's certificate has expired: renew it, here by `minsheng certificates make`."
    ),
    UNVERIFIED: (
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
"""What is said -> what to do; the first that fits."""


def remedy(error: psycopg.OperationalError, settings: Settings) -> str | None:
    """What to do where trying again would not help; None: the server is away, which passes."""
    said = str(error)
    if UNVERIFIED in said:
        said = f"{_unverified_because(settings)} {said}"
    found = next((what for words, what in _REMEDIES.items() if words in said), None)
    return found.format(authority=settings.authority) if found else None


def _unverified_because(settings: Settings) -> str:
    """OpenSSL's words for why the certificate is not trusted; empty where it cannot be learned."""
    try:
        context = ssl.create_default_context(cafile=str(settings.authority))
        context.check_hostname = False
        address = (settings.postgres_host, settings.postgres_port)
        with socket.create_connection(address, timeout=PROBE_SECONDS) as plain:
            plain.sendall(SSL_REQUEST)
            plain.recv(1)
            with context.wrap_socket(plain, server_hostname=settings.postgres_host):
                return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError:
        return ""
