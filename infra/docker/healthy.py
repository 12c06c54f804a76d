"""`python3 /opt/minsheng/infra/docker/healthy.py HOW ...`: exit code 0 when a service works.

For health checks, every few seconds of every container: nothing but the standard library, some 40 ms each.

    http URL                 a GET is answered by 200, over https with a certificate of this installation
    airflow URL COMPONENT    Airflow's API says that this component of it is healthy
    kafka HOST PORT          a broker answers over TLS which versions it speaks
    postgres HOST PORT       the database asks over TLS for a password
    file PATH SECONDS        a file was written no longer ago
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import cast

ANSWER_SECONDS = 4
API_VERSIONS = 18  # a request that every listener answers before it knows who asks
OK = 200
AUTHORITY = Path("/var/lib/minsheng/certificates/ca.pem")
SSL_REQUEST = struct.pack(">ii", 8, 80_877_103)
STARTUP = b"user\0healthy\0\0"
PROTOCOL = 196_608  # 3.0


def http(url: str) -> bool:
    with _get(url) as answer:
        return bool(answer.status == OK)


def airflow(url: str, component: str) -> bool:
    with _get(f"{url}/api/v2/monitor/health") as answer:
        found = json.load(answer).get(component) or {}
    return bool(found.get("status") == "healthy")


def kafka(host: str, port: str) -> bool:
    header = struct.pack(">hhih", API_VERSIONS, 0, 1, -1)
    with (
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS) as plain,
        _trust().wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(struct.pack(">i", len(header)) + header)
        with connection.makefile("rb") as answer:
            size, correlation, error = struct.unpack(">iih", answer.read(10))
    return bool(size and correlation == 1 and error == 0)


def postgres(host: str, port: str) -> bool:
    with socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != b"S":
            return False
        with _trust().wrap_socket(plain, server_hostname=host) as connection:
            connection.sendall(struct.pack(">ii", len(STARTUP) + 8, PROTOCOL) + STARTUP)
            return connection.recv(1) == b"R"


def file(path: str, seconds: str) -> bool:
    return time.time() - Path(path).stat().st_mtime < float(seconds)


HOW: dict[str, Callable[..., bool]] = {
    "http": http,
    "airflow": airflow,
    "kafka": kafka,
    "postgres": postgres,
    "file": file,
}


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(AUTHORITY))


def _get(url: str) -> HTTPResponse:
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if url.startswith("https:"):
        handlers.append(urllib.request.HTTPSHandler(context=_trust()))
    direct = urllib.request.build_opener(*handlers)
    return cast("HTTPResponse", direct.open(url, timeout=ANSWER_SECONDS))


def main(how: str, *arguments: str) -> int:
    try:
        return 0 if HOW[how](*arguments) else 1
    except (OSError, ValueError, struct.error) as problem:
        sys.stdout.write(f"{type(problem).__name__} {problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
