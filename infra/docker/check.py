"""`python3 -m infra.docker.check`: what stands in the way of starting these containers, said before any does.

The first service of all, and every other one depends on it. Exit code 3 with one line for each finding: a
secret that is empty, less memory than the profile takes, a published port that somebody else has, volumes of
another profile, of another installation's secrets, or of another version's layout.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.docker.database import MAJOR
from infra.docker.profiles import GIB, PROFILES
from infra.start_line import say, version

HOME = Path("/var/lib/minsheng")
SECRETS = Path("/run/secrets")
LAYOUT = 1
"""Of the volumes. A change that older images cannot read, or that these cannot take over by themselves, is a
new number; docs/administrator.md says how to go from one to the next."""

NO = 3
HOW_TO_PREPARE = "python3 -m infra.docker"


@dataclass(frozen=True)
class Marker:
    """What the volumes were made by: kept in the volume `state`."""

    layout: int
    profile: str
    version: str


def empty_secrets(folder: Path) -> Iterator[str]:
    """Secrets without content."""
    for file in sorted(folder.iterdir()):
        if not file.read_text(encoding="utf-8").strip():
            yield f"the secret {file.name} is empty: remove the file, then `{HOW_TO_PREPARE}` makes it"


def memory_problem(profile: str, meminfo: str) -> Iterator[str]:
    """Less memory than the profile was measured to take."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    total, needed = int(found.group(1)) * 1024 if found else 0, PROFILES[profile].memory
    if total < needed:
        yield (
            f"this machine has {total / GIB:.1f} GiB of memory, the profile {profile} takes"
            f" {needed / GIB:.0f} GiB: give Docker more, or begin smaller (`{HOW_TO_PREPARE} --profile core`)"
        )


def taken_ports(published: Mapping[str, str], state: Path) -> Iterator[str]:
    """Published addresses that somebody listens on, unless it is this installation's own service."""
    for service, address in published.items():
        host, _, port = address.rpartition(":")
        if not is_free(host, int(port)) and not is_held(state / f"{service}.lock"):
            yield (
                f"{address} of {service} is taken by another program: end it, or choose another address in"
                f" .env (MINSHENG_{service.upper()}_PUBLISHED)"
            )


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError:
            return False
    return True


def is_held(lock: Path) -> bool:
    """Whether the process of a service lives that holds this lock (infra.docker.start)."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def marker_problems(found: Marker, profile: str) -> Iterator[str]:
    """Volumes that these images cannot go on with."""
    if found.layout != LAYOUT:
        yield (
            f"the volumes are of layout {found.layout} (version {found.version}), these images need layout"
            f" {LAYOUT}: docs/administrator.md, Containers, says how to go from one to the other"
        )
    if found.profile != profile:
        yield (
            f"the volumes were begun with the profile {found.profile}, .env says {profile}: the number of"
            f" brokers cannot change under them. `{HOW_TO_PREPARE} --profile {found.profile}` goes on with"
            " it; to change it, back up, remove the volumes, restore"
        )


def volume_problems(home: Path, cluster: str) -> Iterator[str]:
    """A database of another major version, a log of another cluster id."""
    kind = home / "postgres" / "data" / "PG_VERSION"
    if kind.exists() and (major := kind.read_text(encoding="ascii").strip()) != MAJOR:
        yield (
            f"the volume postgres is of PostgreSQL {major}, these images have {MAJOR}: dump it with the"
            " images that it was written by, remove the volume, restore the dump"
        )
    properties = home / "kafka" / "log" / "meta.properties"
    if properties.exists() and f"cluster.id={cluster}\n" not in properties.read_text(encoding="ascii") + "\n":
        yield (
            "the volume kafka-1 belongs to another installation: its cluster is not that of the secret"
            " kafka_cluster. Bring back the secrets that belong to these volumes, or remove the volumes"
        )


def read_marker(state: Path) -> Marker | None:
    """What the volumes were made by; None where they are new."""
    try:
        return Marker(**json.loads((state / "marker.json").read_text(encoding="ascii")))
    except FileNotFoundError:
        return None


def problems(environment: Mapping[str, str], home: Path, secrets: Path, meminfo: str) -> Iterable[str]:
    """Everything in the way, one sentence each with what to do."""
    profile = environment.get("MINSHENG_PROFILE", "")
    if profile not in PROFILES:
        return [f"there is no .env, or none of this version: `{HOW_TO_PREPARE}` makes it"]
    published = dict(each.split("=", 1) for each in environment["MINSHENG_PUBLISHED"].split())
    marker = read_marker(home / "state")
    cluster = (secrets / "kafka_cluster").read_text(encoding="ascii").strip()
    return [
        *empty_secrets(secrets),
        *memory_problem(profile, meminfo),
        *taken_ports(published, home / "state"),
        *(marker_problems(marker, profile) if marker else ()),
        *volume_problems(home, cluster),
    ]


def main() -> int:
    say("check", os.environ)
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii")
    found = list(problems(os.environ, HOME, SECRETS, meminfo))
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if found:
        return NO
    marker = Marker(LAYOUT, os.environ["MINSHENG_PROFILE"], version())
    draft = HOME / "state" / "marker.json.part"
    draft.write_text(json.dumps(asdict(marker)), encoding="ascii")
    draft.replace(HOME / "state" / "marker.json")
    sys.stdout.write("nothing stands in the way\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
