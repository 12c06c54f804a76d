"""Checks of what was installed: environments, jars, secrets, folders, settings."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

import psutil

from infra.install import environments, jars
from infra.install.preflight import GOALS
from infra.local import secrets
from infra.local.checks.finding import Finding, Place, fine, warning, wrong
from infra.local.folders import digest
from infra.local.postgres import ELSEWHERE, UNPRIVILEGED_USER, can_pass, data_dir, server_user
from infra.local.supervisor import escaped
from streams.settings import Settings

# No settings: what the platform itself tells its own processes.
OTHER_VARIABLES = (
    "MINSHENG_PART",
    "MINSHENG_PART_CERTIFICATE",
    "MINSHENG_DEFINITION",
    "MINSHENG_COMMAND",  # the DAGs'
    "MINSHENG_SINCE",
    "MINSHENG_SUPERSET_HOME",  # superset_config.py's
    "MINSHENG_SUPERSET_SECRETS",
    "MINSHENG_SUPERSET_METADATA",
)


def environments_match(place: Place) -> Finding:
    """Whether every environment was made from the lock as it is now."""
    wanted = GOALS["demo"].environments
    stale = [name for name, lock in wanted.items() if not environments.is_made(name, lock)]
    if not stale:
        return fine(f"{', '.join(wanted)} are as locked")
    return wrong(
        f"not as their locks say: {', '.join(stale)}", "make demo (or make test) brings them up to date"
    )


def jars_match(place: Place) -> Finding:
    """Whether every jar is, byte for byte, the one of the lock."""
    bad = jars.wrong_jars(place.settings.jars_dir)
    if not bad:
        return fine(f"all jars in {place.settings.jars_dir} are as locked")
    shown = "; ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")  # noqa: PLR2004 (shown)
    return wrong(shown, f"rm -r {place.settings.jars_dir} && make demo")


def secrets_there(place: Place) -> Finding:
    """Whether the installation has all its secrets."""
    lacking = [name for name in secrets.SECRETS if not (place.settings.secrets_dir / name).is_file()]
    if not lacking:
        return fine(f"{len(secrets.SECRETS)} secrets")
    if len(lacking) == len(secrets.SECRETS):
        return warning("no secrets yet", "minsheng up makes them")
    return wrong(
        f"missing: {', '.join(lacking)}",
        "restore them from a backup; if they never existed, minsheng up makes them (a new `tokens` key gives"
        " every person another token)",
    )


def secrets_private(place: Place) -> Finding:
    """Whether nobody else can read the secrets."""
    loose = secrets.too_open(place.settings)
    if not loose:
        return fine("readable by their owner only")
    named = ", ".join(str(path) for path in loose[:3])
    return wrong(
        f"others can read {named}",
        f"chmod -R go-rwx {place.settings.secrets_dir}, and change what may be known",
    )


def home_writable(place: Place) -> Finding:
    """Whether this user may write to the installation's home."""
    home = place.settings.home
    folder = home if home.exists() else home.parent
    if os.access(folder, os.W_OK | os.X_OK):
        return fine(str(home))
    return wrong(
        f"{folder} cannot be written to", f"chown it to this user, or set MINSHENG_HOME (now {home})"
    )


def home_path(place: Place) -> Finding:
    """Whether supervisor can carry the path of home."""
    try:
        escaped(place.settings.home)
    except ValueError as problem:
        return wrong(str(problem), "set MINSHENG_HOME to a plainer path")
    return fine("a path that supervisor can read")


def postgres_reach(place: Place) -> Finding:
    """Whether PostgreSQL's unprivileged user can get to its data: a clone below /root is out of its reach."""
    user = server_user()
    if user is None or not place.settings.postgres_local:
        return fine("PostgreSQL runs as this user, or elsewhere")
    folder = data_dir(place.settings)
    if can_pass(folder.parent, user):
        note = (
            "" if folder.is_relative_to(place.settings.home) else f" (home is closed to {UNPRIVILEGED_USER})"
        )
        return fine(f"{folder}{note}")
    return wrong(
        f"{UNPRIVILEGED_USER} cannot pass through to {folder}",
        f"chmod o+x {_first_closed(folder.parent)}",
    )


def postgres_alone(place: Place) -> Finding:
    """Whether nobody else's processes run as PostgreSQL's user: they could read its data (decision 130)."""
    user = server_user()
    if user is None or not place.settings.postgres_local:
        return fine("PostgreSQL runs as this user, or elsewhere")
    others = [
        process for process in psutil.process_iter(["uids", "name"]) if _is_strange(process, user.pw_uid)
    ]
    if not others:
        return fine(f"only PostgreSQL runs as {UNPRIVILEGED_USER}")
    named = ", ".join(f"{process.info['name']} ({process.pid})" for process in others[:3])
    return warning(
        f"others run as {UNPRIVILEGED_USER}, as the database does, and could read its files: {named}",
        "run the platform as an account of its own instead of root; PostgreSQL then runs as that account",
    )


def _is_strange(process: psutil.Process, user: int) -> bool:
    uids, name = process.info["uids"], process.info["name"] or ""
    return uids is not None and uids.real == user and not name.startswith("postgres")


def _first_closed(folder: Path) -> Path:
    return next(
        (
            step
            for step in reversed((folder, *folder.parents))
            if step.exists() and not step.stat().st_mode & 1
        ),
        folder,
    )


def one_database(place: Place) -> Finding:
    """Whether there are data in one place only: below home, or elsewhere when home was out of reach."""
    places = [place.settings.home / "postgres", ELSEWHERE / digest(place.settings)]
    found = [folder for folder in places if (folder / "PG_VERSION").exists()]
    if len(found) <= 1:
        return fine(f"data in {found[0]}" if found else "no data yet")
    return warning(
        f"two databases: {found[0]} is used, {found[1]} is not",
        f"remove {found[1]} if you do not miss anything",
    )


def known_settings(place: Place) -> Finding:
    """Whether every MINSHENG_ variable is a setting: a misspelt one would change nothing, in silence."""
    known = [f"MINSHENG_{name.upper()}" for name in Settings.model_fields]
    found = [name for name in place.environment if name.startswith("MINSHENG_")]
    strange = [name for name in found if name not in (*known, *OTHER_VARIABLES)]
    if not strange:
        return fine(f"{len(found)} set in the environment")
    guesses = [
        f"{name} ({', '.join(get_close_matches(name, known, 1)) or 'nothing alike'})" for name in strange
    ]
    return warning(f"not settings, and without effect: {', '.join(strange)}", f"meant: {'; '.join(guesses)}?")
