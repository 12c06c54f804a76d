"""Start the gateway: `python -m streams.gateway`. SIGTERM lets requests finish, for at most two seconds."""

from __future__ import annotations

import logging
import sys

import structlog
import uvicorn

from streams.gateway.app import create_app
from streams.settings import settings_or_exit

GRACE_SECONDS = 2
CONNECTIONS = 500


def main() -> None:
    logging.basicConfig(
        stream=sys.stdout, level=logging.WARNING, format='{"logger": "%(name)s", "event": "%(message)s"}'
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    settings = settings_or_exit()
    uvicorn.run(
        create_app(settings),
        host=settings.gateway_host,
        port=settings.gateway_port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        log_config=None,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
