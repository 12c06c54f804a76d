"""Checks of what runs: ports, supervisor, parts, servers, ledger."""

from __future__ import annotations

from datetime import timedelta

import psutil
import psycopg

from infra.ledger import read_ledger
from infra.ledger_as_of import looked_at
from infra.local.checks.finding import Finding, Place, fine, warning, wrong
from infra.local.control import Control
from infra.local.errors import NotHealthy
from infra.local.folders import run_dir, socket_path
from infra.local.kafka_part import check_kafka
from infra.local.leftovers import leftovers
from infra.local.ready import memory_shortage, taken_ports
from infra.local.status import statuses
from infra.postgres.migrate import revisions
from infra.postgres.prepare import OLDEST
from streams.zone import ZONE

CLOCK_TOLERANCE = timedelta(minutes=2)


def ports(place: Place) -> Finding:
    """Whether the ports of parts that do not run are free."""
    running = Control(place.settings).kept()
    taken = taken_ports([part for part in place.parts if part.name not in running])
    if not taken:
        return fine("all free, or ours")
    return wrong("; ".join(taken), "end those programs, or set the named settings to free ports")


def enough_memory(place: Place) -> Finding:
    """Whether what does not run yet would find memory."""
    running = Control(place.settings).kept()
    missing = [part for part in place.parts if part.name not in running and not part.on_demand]
    short = memory_shortage(place.machine, missing)
    return wrong(short[0], "end other programs") if short else fine(f"enough for {len(missing)} more parts")


def supervisor(place: Place) -> Finding:
    """Whether the supervisor's traces fit: a process id or socket of one that died is stale."""
    control, pid_file = Control(place.settings), run_dir(place.settings) / "supervisord.pid"
    if control.is_up():
        return fine("running")
    if not pid_file.exists() and not socket_path(place.settings).exists():
        return fine("not running")
    pid = pid_file.read_text(encoding="ascii").strip() if pid_file.exists() else ""
    if pid.isdigit() and psutil.pid_exists(int(pid)) and "supervisord" in _command(int(pid)):
        return wrong(
            f"process {pid} does not answer on {socket_path(place.settings)}", f"kill {pid}, then minsheng up"
        )
    return warning("a supervisor ended without a word: its process id or socket is stale", "minsheng up")


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def left_behind(place: Place) -> Finding:
    """Whether parts run that no supervisor looks after."""
    if Control(place.settings).is_up():
        return fine("looked after")
    found = leftovers(place.settings)
    if not found:
        return fine("none")
    ids = ", ".join(str(process.pid) for process in found[:5])
    return wrong(
        f"{len(found)} processes without a supervisor ({ids})", "minsheng up or minsheng down ends them"
    )


def parts_healthy(place: Place) -> Finding:
    """Whether every part that runs does its work."""
    ill = [
        part
        for part in statuses(Control(place.settings), place.parts)
        if part.state not in ("healthy", "stopped")
    ]
    if not ill:
        return fine("every part that runs is healthy")
    said = "; ".join(f"{part.name} is {part.state}: {part.says}" for part in ill)
    return wrong(said, f"minsheng logs {ill[0].name}, then minsheng up")


def database(place: Place) -> Finding:
    """Whether the database answers, is new enough, and is migrated."""
    try:
        with place.database() as connection:
            version = connection.info.server_version // 10_000
            current, newest = revisions(connection)
    except (psycopg.Error, FileNotFoundError) as error:
        return wrong(" ".join(str(error).split()), "minsheng up starts it and makes the database")
    if version < OLDEST:
        return wrong(f"PostgreSQL {version}", f"{OLDEST} or newer is needed")
    if current != newest:
        return wrong(
            f"schemas are at {current or 'nothing'}, the code is at {newest}", "minsheng up migrates"
        )
    return fine(f"PostgreSQL {version}, schemas at {current}")


def kafka(place: Place) -> Finding:
    """Whether Kafka answers."""
    try:
        check_kafka(place.settings)
    except NotHealthy as problem:
        return wrong(str(problem), "minsheng up starts it; elsewhere see MINSHENG_KAFKA_BOOTSTRAP")
    return fine(place.settings.kafka_bootstrap)


def received_times(place: Place) -> Finding:
    """Whether Kafka's clock, which dates what is received, and this one agree."""
    query = "select max(newest_received_at) from ops.batch"
    try:
        with place.database() as connection:
            row = connection.execute(query).fetchone()
    except (psycopg.OperationalError, FileNotFoundError):
        return fine("nothing to compare with")
    newest = row[0] if row else None
    if newest is None or newest <= place.now + CLOCK_TOLERANCE:
        return fine("nothing was received in the future")
    return wrong(
        f"events were received at {newest:%F %T %Z}, in the future",
        "set the clocks of this machine and Kafka",
    )


def ledger(place: Place) -> Finding:
    """Whether every event that was sent is accounted for."""
    try:
        with place.database() as connection:
            entries = read_ledger(connection, place.settings.topic_prefix)
            as_of = looked_at(connection, place.settings.topic_prefix)
    except (psycopg.OperationalError, FileNotFoundError):
        return fine("no database to read")
    off = [entry for entry in entries if not entry.balances]
    if not off:
        known = f", as of {as_of.astimezone(ZONE):%F %T}" if as_of else ""
        return fine(f"{len(entries)} days of sources balance{known}")
    named = ", ".join(f"{entry.source} {entry.received_day}: {entry.residue:+d}" for entry in off[:3])
    return wrong(named, "docs/administrator.md, When a residue is not 0, says what to look at")
