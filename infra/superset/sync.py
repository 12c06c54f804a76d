"""Bring Superset to the bundle of the deployed contracts; say before what that changes."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from infra.superset.bundle import DATABASE_FILE, METADATA_FILE, Connection, bundle
from infra.superset.environment import run_inside
from infra.superset.metadata import Held, held_assets
from streams.contract.model import Contract
from streams.registry import Known
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


NO_CONTRACTS: Mapping[str, Contract] = MappingProxyType({})


def expected_bundle(
    settings: Settings, contracts: Mapping[str, Contract], retired: Mapping[str, Contract] = NO_CONTRACTS
) -> dict[str, str]:
    """Path -> YAML of what Superset is to hold for these contracts."""
    connection = Connection(
        settings.postgres_host, settings.postgres_port, settings.postgres_database, settings.postgres_reader
    )
    return bundle(contracts, connection, settings.topic_prefix, retired)


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


def sync(
    settings: Settings,
    contracts: Mapping[str, Contract],
    *,
    retired: Mapping[str, Contract] = NO_CONTRACTS,
    keep_unknown: bool = False,
    dry_run: bool = False,
) -> Plan:
    """Import what Superset does not hold of the bundle of these contracts; remove what belongs to none.

    `retired` contracts keep a page of their published days. `keep_unknown`: remove nothing, for example
    because not every deployed contract could be read. Takes some 7 s when there is something to do, less than
    one when there is not (decision 070). Gives back what was done, or, dry, what would be. Raises
    SupersetMissing, SupersetFailed.
    """
    held = held_assets(settings)
    contents = expected_bundle(settings, contracts, retired)
    digests = _digests(settings, contents)
    plan = compare(digests, held)
    if keep_unknown:
        plan = replace(plan, remove=())
    if not dry_run and not plan.is_empty:
        paths = to_import(contents, plan)
        request = {
            "contents": {path: contents[path] for path in paths} | {METADATA_FILE: contents[METADATA_FILE]},
            "datasets": [_uuid(text) for path, text in contents.items() if path.startswith("datasets/")],
            "database_file": DATABASE_FILE,
            "secret": READER_SECRET,
            "digests": {path: digests[path] for path in paths},
            "remove": [held[path].uuid for path in plan.remove],
        }
        run_inside(settings, "load", request)
    return plan


def bring(settings: Settings, known: Known, *, dry_run: bool = False) -> Plan:
    """`sync` to all that is known; where a contract cannot be read, what is there of it stays."""
    return sync(
        settings,
        known.deployed,
        retired={source: each.contract for source, each in known.retired.items()},
        keep_unknown=bool(known.unreadable),
        dry_run=dry_run,
    )


def to_import(contents: Mapping[str, str], plan: Plan) -> list[str]:
    """Paths of what a plan brings, and of what refers to something that is made anew: the new object has
    another id, by which Superset's charts know their data set and its pages their charts."""
    named = {path: frozenset(_UUID.findall(text)) for path, text in contents.items()}
    paths = {*plan.create, *plan.change, *plan.restore}
    made = {*plan.create, *plan.restore}
    while made:
        uuids = {_uuid(contents[path]) for path in made}
        made = {path for path in contents if path not in paths and named[path] & uuids}
        paths |= made
    return sorted(paths)


def export(
    settings: Settings,
    contracts: Mapping[str, Contract],
    folder: Path,
    *,
    retired: Mapping[str, Contract] = NO_CONTRACTS,
) -> list[Path]:
    """Write the bundle's files below `folder`, for `superset import-assets`; give back their paths."""
    written = []
    for path, text in expected_bundle(settings, contracts, retired).items():
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
        if path == METADATA_FILE:
            continue
        secret = settings.secret(READER_SECRET) if path == DATABASE_FILE else ""
        digests[path] = hmac.new(key, f"{text}\x1f{secret}".encode(), hashlib.sha256).hexdigest()
    return digests


def _uuid(text: str) -> str:
    """The asset's own; others in its text are of what it refers to."""
    return str(_OWN_UUID.findall(text)[0])


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OWN_UUID = re.compile(rf"^uuid: '?({_UUID.pattern})'?$", re.MULTILINE)
