"""Superset as a part of the local stack."""

from __future__ import annotations

from contextlib import closing

import httpx

from infra.install.environments import program
from infra.local.part import NotHealthy, Part
from infra.superset.environment import LOOPBACK, environment, superset_home
from infra.superset.preparation import prepare
from infra.superset.sync import sync
from streams.registry import Registry
from streams.settings import Settings

THREADS = 16
PROBE_SECONDS = 5


def parts(settings: Settings) -> list[Part]:
    """One part: gunicorn with Superset, on loopback."""
    return [
        Part(
            name="superset",
            title="看板 Superset",
            command=command(settings),
            healthy=lambda: probe(settings),
            prepare=lambda: _prepare(settings),
            afterwards=lambda: _sync(settings),
            needs=("postgres",),
            environment=environment(settings),
            directory=superset_home(settings),
            ports={"MINSHENG_SUPERSET_PORT": settings.superset_port},
            memory_mib=500,
            start_seconds=120,
            stop_seconds=10,
        )
    ]


def command(settings: Settings) -> tuple[str, ...]:
    """The server as a foreground command.

    One process: its threads wait for PostgreSQL, a second process would cost another 300 MB, and the limit
    of logins
    a minute is kept in memory, so it holds for all.
    """
    return (
        str(program("gunicorn", "superset")),
        f"--bind={LOOPBACK}:{settings.superset_port}",
        "--workers=1",
        f"--threads={THREADS}",
        "--worker-class=gthread",
        "--timeout=60",
        "--graceful-timeout=5",
        "superset.app:create_app()",
    )


def probe(settings: Settings) -> None:
    """Return once Superset answers for itself. Raises NotHealthy with what was seen."""
    url = f"http://{LOOPBACK}:{settings.superset_port}/health"
    try:
        response = httpx.get(url, timeout=PROBE_SECONDS)
    except httpx.HTTPError as error:
        raise NotHealthy(f"{url}: {error!r}") from error
    if response.text != "OK":
        raise NotHealthy(f"{url}: {response.status_code} {response.text[:100]}")


def _prepare(settings: Settings) -> None:
    superset_home(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
    prepare(settings)


def _sync(settings: Settings) -> None:
    """The pages of what is deployed; milliseconds where Superset has them."""
    with closing(Registry(settings.postgres_dsn)) as registry:
        sync(settings, registry.deployed().contracts)
