"""Start the gateway: `python -m streams.gateway`. SIGTERM lets requests finish, for at most two seconds."""

from __future__ import annotations

import logging
import ssl
import sys
from pathlib import Path

import structlog
import uvicorn

from streams.errors import StreamsError
from streams.gateway.app import create_app
from streams.settings import Settings, settings_or_exit
from streams.version import described

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
    structlog.get_logger().info("starts", **described(settings, "gateway"))
    certificate, key = tls_or_exit(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.gateway_host,
        port=settings.gateway_port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        log_config=None,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def tls_or_exit(settings: Settings) -> tuple[Path | None, Path | None]:
    """Certificate and key to answer with; what cannot be used ends the process with one line, and 1."""
    try:
        files = settings.gateway_tls
        if files is None:
            return None, None
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*files)
    except (StreamsError, OSError, ssl.SSLError) as error:
        sys.stderr.write(
            f"The gateway's certificate cannot be used: {error}. `minsheng certificates list` shows what is"
            " there, `minsheng certificates make` makes it; or see MINSHENG_GATEWAY_CERTIFICATE and _KEY.\n"
        )
        raise SystemExit(1) from None
    return files


if __name__ == "__main__":
    main()
