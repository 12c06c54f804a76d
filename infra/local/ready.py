"""What stands in the way of starting parts here and now: said before anything starts."""

from __future__ import annotations

import os
from collections.abc import Sequence

from infra.install.java import find_java, others
from infra.install.machine import GIB, Machine, this_machine
from infra.local.part import Part
from infra.local.ports import is_free, listener
from streams.settings import Settings

MIB = 1024**2
DISK_TO_RUN = 2 * GIB
NEEDS_JAVA = ("kafka", "stream")


def taken_ports(parts: Sequence[Part]) -> list[str]:
    """Ports of these parts that somebody listens on."""
    wanted = ((part, setting, port) for part in parts for setting, port in part.ports.items())
    return [
        f"port {port} of {part.name} is taken by {listener(port)}: end it, or set {setting} to a free port"
        for part, setting, port in wanted
        if not is_free(port)
    ]


def memory_shortage(machine: Machine, parts: Sequence[Part]) -> list[str]:
    """Less free memory than these parts were seen to take."""
    needed = sum(part.memory_mib for part in parts) * MIB
    if machine.memory_available >= needed:
        return []
    free, asked = machine.memory_available / GIB, needed / GIB
    return [
        f"{free:.1f} GiB of memory are free, {len(parts)} parts need {asked:.1f} GiB: end other programs,"
        " or start less (`minsheng up --only kafka,postgres,stream,gateway`)"
    ]


def disk_shortage(machine: Machine) -> list[str]:
    """Less disk than logs and databases need to write safely."""
    if machine.disk_free >= DISK_TO_RUN:
        return []
    free, asked = machine.disk_free / GIB, DISK_TO_RUN / GIB
    return [
        f"{free:.1f} GiB of disk are free, {asked:.0f} GiB are needed: free some, or set MINSHENG_HOME to a"
        " folder on a larger disk"
    ]


def java_lack(parts: Sequence[Part]) -> list[str]:
    """No Java 17 for the parts that run on it."""
    users = [part.name for part in parts if part.name in NEEDS_JAVA]
    if not users or find_java(os.environ) is not None:
        return []
    found = (
        "; ".join(f"{path} is Java {version or '?'}" for path, version in others(os.environ))
        or "no java at all"
    )
    return [
        f"{', '.join(users)} need Java 17, found {found}: `make demo` installs it,"
        " or set JAVA_HOME to the one you have"
    ]


def obstacles(settings: Settings, parts: Sequence[Part]) -> list[str]:
    """Everything in the way of starting those parts, one sentence each with what to do."""
    if not parts:
        return []
    machine = this_machine(settings.home)
    return [
        *java_lack(parts),
        *taken_ports(parts),
        *memory_shortage(machine, parts),
        *disk_shortage(machine),
    ]
