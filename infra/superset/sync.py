"""Bring Superset to the bundle of the deployed contracts; say before what that changes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.superset.bundle import DATABASE_FILE, Connection, bundle
from infra.superset.environment import run_inside
from infra.superset.metadata import Held, held_assets
from streams.contract.model import Contract
from streams.settings import Settings

READER_SECRET = "reader"  # noqa: S105 (the name of a file)


@dataclass(frozen=True)
class Plan:
    """Paths of assets by what a sync does to them. `restore`: somebody edited or deleted it in Superset."""

    create: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.create or self.change or self.restore or self.remove)


def expected_bundle(settings: Settings, contracts: Mapping[str, Contract]) -> dict[str, str]:
    """Path -> YAML of what Superset is to hold for these contracts."""
    connection = Connection(
        settings.postgres_host, settings.postgres_port, settings.postgres_database, settings.postgres_reader
    )
    return bundle(contracts, connection, settings.topic_prefix)


def compare(wanted: Mapping[str, str], held: Mapping[str, Held]) -> Plan:
    """What a sync has to do. `wanted`: path -> digest."""
    known = {path: each for path, each in held.items() if path in wanted}
    restore = tuple(sorted(path for path, each in known.items() if not each.is_there or each.is_edited))
    change = tuple(
        sorted(path for path, each in known.items() if each.digest != wanted[path] and path not in restore)
    )
    return Plan(
        create=tuple(sorted(wanted.keys() - held.keys())),
        change=change,
        restore=restore,
        remove=tuple(sorted(held.keys() - wanted.keys())),
        unchanged=len(known) - len(change) - len(restore),
    )


def sync(settings: Settings, contracts: Mapping[str, Contract], *, dry_run: bool = False) -> Plan:
    """Import the bundle of these contracts unless Superset holds it; remove what has no contract any more.

    Takes some 7 s when there is something to do, less than one when there is not (decision 070). Gives back
    what was done, or, dry, what would be. Raises SupersetMissing, SupersetFailed.
    """
    held = held_assets(settings)
    contents = expected_bundle(settings, contracts)
    digests = _digests(settings, contents)
    plan = compare(digests, held)
    if not dry_run and not plan.is_empty:
        request = {
            "contents": contents,
            "database_file": DATABASE_FILE,
            "secret": READER_SECRET,
            "digests": digests,
            "remove": [held[path].uuid for path in plan.remove],
        }
        run_inside(settings, "load", request)
    return plan


def export(settings: Settings, contracts: Mapping[str, Contract], folder: Path) -> list[Path]:
    """Write the bundle's files below `folder`, for `superset import-assets`; give back their paths."""
    written = []
    for path, text in expected_bundle(settings, contracts).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _digests(settings: Settings, contents: Mapping[str, str]) -> dict[str, str]:
    """Digest of each asset; the connection's is over its password too, so that a new password is brought."""
    key = settings.secret("superset_key").encode()
    digests = {}
    for path, text in contents.items():
        if path == "metadata.yaml":
            continue
        secret = settings.secret(READER_SECRET) if path == DATABASE_FILE else ""
        digests[path] = hmac.new(key, f"{text}\x1f{secret}".encode(), hashlib.sha256).hexdigest()
    return digests
