"""Checks of the machine itself."""

from __future__ import annotations

import resource
import socket
import sys
from datetime import UTC, datetime

from infra.install.java import JAVA_VERSION, find_java, others
from infra.install.machine import GIB, REPOSITORY
from infra.install.preflight import MEMORY_TO_RUN, PYTHON
from infra.local.checks.finding import Finding, Place, fine, warning, wrong
from infra.local.ready import DISK_TO_RUN

OPEN_FILES_NEEDED = 4096
DISK_COMFORTABLE = 10 * GIB


def system(place: Place) -> Finding:
    """Which system this is: the installer knows Debian's packages only."""
    if place.machine.is_debian:
        return fine(place.machine.system)
    return warning(
        f"{place.machine.system} is not Debian", "install Java 17 and Maven by this system's own means"
    )


def python(place: Place) -> Finding:
    """Which Python runs this."""
    version = ".".join(map(str, place.machine.python))
    if place.machine.python == PYTHON:
        return fine(f"Python {version}, {sys.executable}")
    return wrong(f"Python {version}; the locks are for 3.11", "make PYTHON=/path/to/python3.11 demo")


def memory(place: Place) -> Finding:
    """Memory of the machine, or of the control group it is run in."""
    total, free = place.machine.memory_total / GIB, place.machine.memory_available / GIB
    says = f"{total:.1f} GiB, {free:.1f} GiB available"
    if place.machine.memory_total >= MEMORY_TO_RUN:
        return fine(says)
    asked = MEMORY_TO_RUN / GIB
    return wrong(f"{says}; the whole stack needs {asked:.0f} GiB", "use a larger machine, or run fewer parts")


def disk(place: Place) -> Finding:
    """Free disk where the installation keeps its data."""
    free = f"{place.machine.disk_free / GIB:.1f} GiB free at {place.settings.home}"
    if place.machine.disk_free < DISK_TO_RUN:
        return wrong(free, "free some space now: PostgreSQL and Kafka stop when a disk is full")
    if place.machine.disk_free < DISK_COMFORTABLE:
        return warning(free, "free some space, or shorten retention in the contracts")
    return fine(free)


def java(place: Place) -> Finding:
    """Whether there is a Java 17 at all."""
    found = find_java(place.environment)
    if found is not None:
        return fine(f"Java {JAVA_VERSION}, {found}")
    return wrong("no Java 17", "make demo installs it on Debian; elsewhere install it and set JAVA_HOME")


def first_java(place: Place) -> Finding:
    """Whether another Java comes first on PATH: what is started by hand would take it."""
    before = others(place.environment)
    if not before:
        return fine("no other Java comes first")
    named = ", ".join(f"{path} (Java {version or '?'})" for path, version in before)
    found = find_java(place.environment)
    remedy = (
        f"the platform passes over it; for yourself: export JAVA_HOME={found.parent.parent}" if found else "-"
    )
    return warning(f"before Java 17 on PATH: {named}", remedy)


def host_name(place: Place) -> Finding:
    """Whether the machine can look up its own name: a cluster's driver cannot start without."""
    name = socket.gethostname()
    if place.settings.spark_master.startswith("local"):
        return fine("not asked for: Spark stays on 127.0.0.1")
    try:
        return fine(f"{name} is {socket.gethostbyname(name)}")
    except OSError:
        return wrong(f"this machine's name {name} has no address", f"add `127.0.1.1 {name}` to /etc/hosts")


def open_files(place: Place) -> Finding:
    """How many files a process may open: Kafka keeps several a partition open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit >= OPEN_FILES_NEEDED:
        return fine(f"up to {limit} open files")
    return warning(f"only {limit} open files a process", f"ulimit -Hn {OPEN_FILES_NEEDED}, or limits.conf")


def clock(place: Place) -> Finding:
    """Whether the clock is plausible: not before the code was written. Received times come from it."""
    newest = max(file.stat().st_mtime for file in (REPOSITORY / "infra" / "locks").iterdir())
    written = datetime.fromtimestamp(newest, UTC)
    if place.now >= written:
        return fine(f"{place.now:%Y-%m-%d %H:%M:%S} UTC")
    return wrong(
        f"the clock says {place.now:%Y-%m-%d %H:%M} UTC, before this installation's files were written",
        "set the clock (timedatectl set-ntp true); days of receipt depend on it",
    )
