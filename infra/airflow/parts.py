"""Airflow's four processes as parts of the local stack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.airflow.client import AirflowClient
from infra.airflow.configuration import home
from infra.airflow.errors import AirflowError
from infra.airflow.preparation import environment, prepare
from infra.install.environments import program
from infra.local.errors import NotHealthy
from infra.local.part import Part
from streams.settings import REPOSITORY, Settings

ROLLUP_POOL = "rollup"
POOL_DESCRIPTION = "日终汇总：每个任务启动一次 Spark"
DAGS = frozenset(path.stem for path in (REPOSITORY / "dags").glob("*.py")) - {"minsheng"}
"""One a file, named after it; minsheng.py is what they share."""

HEARTBEAT_LATE = timedelta(seconds=60)


def parts(settings: Settings) -> list[Part]:
    """API server, scheduler, DAG processor and triggerer; all on loopback, none with a log server.

    The API server reads the logs of tasks from the same disk, so the log servers of scheduler and triggerer,
    which would listen on every interface, are not started.
    """
    api = replace(
        _part(settings, "airflow-api", "调度 Airflow", ("api-server",), "metadatabase"),
        prepare=lambda: _prepare(settings),
        afterwards=lambda: _make_pool(settings),
        needs=("postgres",),
        ports={"MINSHENG_AIRFLOW_PORT": settings.airflow_port},
        memory_mib=320,
        start_seconds=120,
    )
    return [
        api,
        _part(
            settings, "airflow-scheduler", "调度 scheduler", ("scheduler", "--skip-serve-logs"), "scheduler"
        ),
        replace(
            _part(
                settings, "airflow-dag-processor", "调度 dag-processor", ("dag-processor",), "dag_processor"
            ),
            healthy=lambda: check_dags(settings),
        ),
        _part(
            settings, "airflow-triggerer", "调度 triggerer", ("triggerer", "--skip-serve-logs"), "triggerer"
        ),
    ]


def check(settings: Settings, component: str) -> None:
    """Return when the API says that this component works, and since a moment ago. Raises NotHealthy."""
    try:
        with AirflowClient(settings) as client:
            found = client.health().get(component) or {}
    except (AirflowError, FileNotFoundError) as error:
        raise NotHealthy(str(error)) from error
    if found.get("status") != "healthy":
        raise NotHealthy(f"Airflow says of its {component}: {found.get('status') or 'nothing'}")
    beat = next((value for name, value in found.items() if name.endswith("_heartbeat") and value), None)
    if beat is not None and datetime.now(UTC) - datetime.fromisoformat(beat) > HEARTBEAT_LATE:
        raise NotHealthy(f"the last heartbeat of Airflow's {component} was at {beat}")


def check_dags(settings: Settings) -> None:
    """Return when the DAG processor works and has read every DAG. Raises NotHealthy."""
    check(settings, "dag_processor")
    try:
        with AirflowClient(settings) as client:
            errors, known = client.import_errors(), set(client.dags())
    except AirflowError as error:
        raise NotHealthy(str(error)) from error
    if errors:
        raise NotHealthy(f"DAG files that cannot be read: {'; '.join(errors)}")
    if missing := DAGS - known:
        raise NotHealthy(f"DAGs that are not read yet: {', '.join(sorted(missing))}")


def _part(settings: Settings, name: str, title: str, arguments: tuple[str, ...], component: str) -> Part:
    return Part(
        name=name,
        title=title,
        command=(str(program("airflow", "airflow")), *arguments),
        healthy=lambda: check(settings, component),
        environment=environment(settings),
        directory=home(settings),
        needs=("airflow-api",),
        memory_mib=250,
        start_seconds=90,
    )


def _prepare(settings: Settings) -> None:
    prepare(settings)


def _make_pool(settings: Settings) -> None:
    """Each rollup starts Spark: so many may run at a time as memory allows."""
    with AirflowClient(settings) as client:
        client.ensure_pool(ROLLUP_POOL, settings.airflow_rollup_slots, POOL_DESCRIPTION)
