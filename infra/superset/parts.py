"""Superset as a part of the local stack."""

from __future__ import annotations

from infra.install.environments import program
from infra.local.http_check import check_http
from infra.local.part import Part
from infra.superset.environment import LOOPBACK, environment, superset_home
from infra.superset.preparation import prepare
from infra.superset.sync import bring
from streams.registry import everything
from streams.settings import Settings

THREADS = 16
GRACE_SECONDS = 3


def parts(settings: Settings) -> list[Part]:
    """One part: gunicorn with Superset, on loopback."""
    return [
        Part(
            name="superset",
            title="看板 Superset",
            command=command(settings),
            healthy=lambda: check_http(f"http://{LOOPBACK}:{settings.superset_port}/health"),
            prepare=lambda: _prepare(settings),
            afterwards=lambda: _sync(settings),
            needs=("postgres",),
            environment=environment(settings),
            directory=superset_home(settings),
            ports={"MINSHENG_SUPERSET_PORT": settings.superset_port},
            memory_mib=500,
            start_seconds=120,
        )
    ]


def command(settings: Settings) -> tuple[str, ...]:
    """The server as a foreground command.

    One process: its threads wait for PostgreSQL, a second process would cost another 300 MB, and the limit
    of logins a minute is kept in memory, so it holds for all.
    """
    return (
        str(program("gunicorn", "superset")),
        f"--bind={settings.superset_host}:{settings.superset_port}",
        "--workers=1",
        f"--threads={THREADS}",
        "--worker-class=gthread",
        "--timeout=60",
        f"--graceful-timeout={GRACE_SECONDS}",
        "superset.app:create_app()",
    )


def _prepare(settings: Settings) -> None:
    superset_home(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
    prepare(settings)


def _sync(settings: Settings) -> None:
    """The pages of what is deployed; milliseconds where Superset has them."""
    bring(settings, everything(settings))
