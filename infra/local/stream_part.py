"""The platform's own processes as parts of the stack: Spark application, gateway, simulator."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from infra.local.errors import NotHealthy
from infra.local.http_check import check_http
from infra.local.part import Part
from infra.security.certificates import certificate_in_use
from streams.settings import Settings
from streams.simulator.position import position_file
from streams.trust import trust

ANSWER_SECONDS = 3
# The application's driver writes a heartbeat every few seconds; it is late when a batch takes long.
HEARTBEAT_LATE = timedelta(seconds=30)
# Nothing committed although there is something to read; the archive begins a step only now and then.
STUCK = timedelta(seconds=90)
POSITION_LATE_SECONDS = 30


def check_stream(settings: Settings) -> None:
    """Return when both queries' heartbeats are fresh and neither is stuck. Raises NotHealthy."""
    try:
        with psycopg.connect(settings.postgres_dsn, connect_timeout=ANSWER_SECONDS) as connection:
            rows = connection.execute(
                "select query, clock_timestamp() - beat_at, behind, clock_timestamp() - stuck_since"
                " from ops.heartbeat"
            ).fetchall()
    except psycopg.Error as error:
        raise NotHealthy(" ".join(str(error).split())) from error
    beats = {query: rest for query, *rest in rows}
    patience = {"live": STUCK, "archive": STUCK + timedelta(seconds=settings.archive_trigger_seconds)}
    for query, longest in patience.items():
        if query not in beats:
            raise NotHealthy(f"no heartbeat of the {query} query yet")
        late, behind, stuck = beats[query]
        if late > HEARTBEAT_LATE:
            raise NotHealthy(f"the {query} query's last heartbeat is {late.total_seconds():.0f} s old")
        if stuck is not None and stuck > longest:
            raise NotHealthy(
                f"the {query} query is {behind} events behind and has committed nothing for"
                f" {stuck.total_seconds():.0f} s"
            )


def check_simulator(settings: Settings) -> None:
    """Return when the simulated city has sent, and Kafka acknowledged, what was due. Raises NotHealthy."""
    file = position_file(settings)
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError as error:
        raise NotHealthy("the simulated city has sent nothing yet") from error
    if age > POSITION_LATE_SECONDS:
        raise NotHealthy(f"the simulated city has not come further for {age:.0f} s ({file})")


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _command_line(*arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("minsheng")), *arguments)


def stream_part(settings: Settings) -> Part:
    """Live query and archive query in one Spark application."""
    return Part(
        name="stream",
        title="实时计算 Spark",
        command=_python("spark_jobs.stream"),
        healthy=lambda: check_stream(settings),
        needs=("kafka", "postgres"),
        memory_mib=1500,
        start_seconds=240,
    )


def gateway_part(settings: Settings) -> Part:
    """The way in over HTTP."""

    def check() -> None:
        check_http(f"{settings.gateway_url}/health", trust(settings) if settings.gateway_tls else True)

    return Part(
        name="gateway",
        title="接入网关",
        command=_python("streams.gateway"),
        healthy=check,
        needs=("kafka", "postgres"),
        ports={"MINSHENG_GATEWAY_PORT": settings.gateway_port},
        environment=certificate_in_use(settings, "gateway"),
        memory_mib=200,
    )


def simulator_part(settings: Settings) -> Part:
    """The simulated city at real-time pace, forever. Only on demand: a real city sends its own events."""
    return Part(
        name="simulator",
        title="模拟城市",
        command=_command_line("simulate", "run"),
        healthy=lambda: check_simulator(settings),
        needs=("kafka", "postgres"),
        memory_mib=200,
        on_demand=True,
    )
