"""Superset's own tables, roles and users: brought to this version once, then left alone until it changes."""

from __future__ import annotations

import hashlib
import hmac

from infra.install.environments import LOCKS
from infra.superset.environment import INSIDE, run_inside
from infra.superset.metadata import prepared_stamp, stamp_prepared
from streams.settings import Settings

USERS = (
    {"name": "admin", "title": "管理员", "role": "Admin", "secret": "superset_admin"},
    {"name": "operator", "title": "值班员", "role": "operator", "secret": "superset_operator"},
)


def prepare(settings: Settings) -> bool:
    """Migrate, make roles and users. Whether there was something to do: a second call costs milliseconds.

    Needs database and role `superset`. Raises SupersetMissing, SupersetFailed.
    """
    stamp = _stamp(settings)
    if prepared_stamp(settings) == stamp:
        return False
    run_inside(settings, "prepare", {"users": USERS})
    stamp_prepared(settings, stamp)
    return True


def _stamp(settings: Settings) -> str:
    """Changes with Superset's version, with what preparation does, and with each password."""
    parts = [
        (LOCKS / "superset.txt").read_bytes(),
        (INSIDE / "prepare.py").read_bytes(),
        *(f"{user['name']} {user['role']} {settings.secret(user['secret'])}".encode() for user in USERS),
    ]
    return hmac.new(settings.secret("superset_key").encode(), b"\x1f".join(parts), hashlib.sha256).hexdigest()
