"""Which secrets an installation has, and how each is made. Nothing but the standard library: machines that
run the platform in containers have no more.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable


def key() -> str:
    """256 random bits in hex: passwords of machines and keys."""
    return secrets.token_hex(32)


def password() -> str:
    """A password that a person can type: 20 letters and digits in groups, 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def fernet_key() -> str:
    """A key for Airflow's encryption of connections: 32 random bytes in URL-safe base 64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")


KINDS: dict[str, Callable[[], str]] = {
    "postgres_superuser": key,
    "postgres": key,  # owner of live, mart, ops and ref
    "reader": key,
    "airflow": key,  # role and database of Airflow's own tables
    "superset": key,  # ... and of Superset's
    "tokens": key,  # HMAC key of personal identifiers: lost, the same person gets another token
    "gateway_api_key": key,
    "originals": key,  # who can read this file may see events in quarantine as they were sent
    "airflow_fernet": fernet_key,
    "airflow_jwt": key,
    "airflow_key": key,
    "airflow_admin": password,
    "superset_key": key,
    "superset_admin": password,
    "superset_operator": password,
}
