"""`python3 -m infra.docker.database_tls`: become stunnel, which speaks TLS to PostgreSQL's clients.

The server of the stream lock's wheel is built without TLS. It listens on a socket in a volume, this on the
network: a client that does not ask for TLS is turned away.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.docker.database import PORT, SOCKETS
from infra.start_line import say

PROGRAM = "/usr/bin/stunnel4"
CERTIFICATES = Path("/var/lib/minsheng/certificates")
CONFIGURATION = Path("/tmp/stunnel.conf")  # noqa: S108 (a file system of this container alone)
NAME = "postgres"


def configuration(certificates: Path, sockets: Path) -> str:
    """stunnel's configuration. A client whose machine has vanished is given up after a minute of silence."""
    return f"""\
foreground = yes
pid =
syslog = no
debug = warning
socket = l:SO_KEEPALIVE=1
socket = l:TCP_KEEPIDLE=30
socket = l:TCP_KEEPINTVL=10
socket = l:TCP_KEEPCNT=3
socket = l:TCP_NODELAY=1
[{NAME}]
protocol = pgsql
accept = 0.0.0.0:{PORT}
connect = {sockets / f".s.PGSQL.{PORT}"}
cert = {certificates / f"{NAME}.pem"}
key = {certificates / f"{NAME}.key"}
sslVersionMin = TLSv1.2
"""


def main() -> None:
    say("postgres-tls", os.environ)
    CONFIGURATION.write_text(configuration(CERTIFICATES, SOCKETS), encoding="ascii")
    sys.stdout.flush()
    os.execv(PROGRAM, [PROGRAM, str(CONFIGURATION)])  # noqa: S606 (a shell is not wanted)


if __name__ == "__main__":
    main()
