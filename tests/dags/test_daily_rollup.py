"""A simulated day through the real Kafka, Spark, PostgreSQL and Airflow: published is what was sent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.airflow.client import AirflowClient, TaskState
from infra.airflow.configuration import home
from infra.airflow.errors import AirflowRefused, RunFailed
from infra.airflow.parts import parts
from infra.airflow.retention import prune
from infra.deploy import deploy
from infra.local.errors import NotHealthy
from infra.local.part import Part
from infra.local.secrets import make_secrets
from infra.postgres.prepare import create_metadata_databases
from streams.settings import Settings
from streams.simulator.answer import expected, expected_metric
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.kafka_way import KafkaWay
from streams.simulator.playing import play
from streams.zone import ZONE
from tests.conftest import free_port
from tests.core_sources import as_written
from tests.rollup_lock import is_rolled_up_now
from tests.waiting import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

RUN_SECONDS, START_SECONDS = 500, 240
KILLED_SECONDS = 300
"""From a killed scheduler to the end of the run that it was at work with."""
STOP_SECONDS = 60
"""Patience with a busy machine; on a quiet one they take 3."""

PUBLISHED, REFUSED = "canteen_meal", "subsidy_payout"
"""The second is simulated with so few events that divisions lack, which its gate asks for on working days."""


def last_working_day() -> date:
    day = datetime.now(ZONE).date() - timedelta(days=1)
    return day if day.weekday() < 5 else day - timedelta(days=day.weekday() - 4)


@pytest.fixture
def installation(
    settings: Settings, postgres: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """The settings of an installation with contracts, secrets, and databases for Airflow."""
    monkeypatch.setenv("MINSHENG_AIRFLOW_PORT", str(free_port()))
    monkeypatch.setenv("MINSHENG_ARCHIVE_TRIGGER_SECONDS", "1")
    found = Settings()
    (found.secrets_dir / "postgres_superuser").write_text(str(postgres["password"]), encoding="ascii")
    make_secrets(found)
    create_metadata_databases(found)
    deploy(found, as_written().values())
    return found


@contextmanager
def running(
    command: tuple[str, ...], log: Path, environment: dict[str, str], directory: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("a") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=directory)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def started(part: Part, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The part as the supervisor starts it."""
    part.prepare()
    with running(part.command, log, {**os.environ, **part.environment}, part.directory) as process:
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                part.healthy()
                break
            except NotHealthy as sees:
                if time.monotonic() > give_up:
                    raise NotHealthy(f"{sees}\n{log.read_text()[-3000:]}") from sees
                time.sleep(0.5)
        part.afterwards()
        yield process


class Processes:
    """Airflow's four, each as the supervisor starts it."""

    def __init__(self, installation: Settings, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._parts = {part.name: part for part in parts(installation)}
        self._running = {name: self._start(name) for name in self._parts}

    def kill(self, name: str) -> None:
        """kill -9 of the process, and of nothing that it had started; then the supervisor starts it again."""
        for orphan in psutil.Process(self._running[name].pid).children(recursive=True):
            self._stack.callback(_end, orphan)
        self._running[name].kill()
        self._running[name].wait(10)
        self._running[name] = self._start(name)

    def asked_to_stop(self) -> None:
        """SIGTERM to all four and what they have started, as `minsheng down` does it: all of it ends."""
        families = []
        for process in self._running.values():
            own = psutil.Process(process.pid)
            families += [own, *own.children(recursive=True)]
        for each in families:
            with suppress(psutil.NoSuchProcess):
                each.terminate()
        for process in self._running.values():
            process.wait(STOP_SECONDS)
        _, left = psutil.wait_procs(families, timeout=STOP_SECONDS)
        assert left == []

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(started(self._parts[name], self._folder / f"{name}.log"))


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


@pytest.fixture
def processes(installation: Settings, tmp_path: Path) -> Iterator[Processes]:
    """Live query, archive, and Airflow."""
    with ExitStack() as stack:
        stream = (sys.executable, "-m", "spark_jobs.stream")
        stack.enter_context(running(stream, tmp_path / "stream.log", dict(os.environ), tmp_path))
        yield Processes(installation, tmp_path, stack)


@pytest.fixture
def airflow(installation: Settings, processes: Processes) -> Iterator[AirflowClient]:
    with AirflowClient(installation) as client:
        yield client


def send(installation: Settings, source: str, scale: float) -> SimulatedDay:
    contract = as_written()[source]
    day = SimulatedDay(City(contract, seed=3), last_working_day(), scale)
    way = KafkaWay(installation)
    play([day], way)
    way.close()
    return day


def states(tasks: list[TaskState]) -> dict[str, str | None]:
    return {f"{task.task_id}[{task.label}]" if task.label else task.task_id: task.state for task in tasks}


def test_a_day_is_published_a_refused_source_is_loud_and_a_second_run_changes_nothing(
    installation: Settings, airflow: AirflowClient, processes: Processes
) -> None:
    meals = send(installation, PUBLISHED, 0.05)
    send(installation, REFUSED, 0.0005)
    conf = {"day": str(meals.day), "sources": [PUBLISHED, REFUSED]}

    with pytest.raises(RunFailed, match=rf"publish\[{REFUSED}\] failed") as failure:
        airflow.wait(airflow.trigger("daily_rollup", conf), RUN_SECONDS)

    assert f"publish[{PUBLISHED}]" not in str(failure.value)
    assert published(installation) == [(PUBLISHED, meals.day, 1, expected(meals).accepted)]
    assert day_of_meals(installation) == {
        dimensions: (measures["meals"], measures["subsidy_fen"])
        for dimensions, measures in expected_metric(meals, "meals").items()
    }

    again = airflow.wait(airflow.trigger("daily_rollup", {**conf, "sources": [PUBLISHED]}), RUN_SECONDS)
    assert states(airflow.tasks(again)) == {
        "deployed_sources": "success",
        "roll_up_all": "success",
        f"publish[{PUBLISHED}]": "success",
    }
    assert published(installation) == [(PUBLISHED, meals.day, 1, expected(meals).accepted)]

    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    logs = home(installation) / "logs"
    seen = prune(installation, tomorrow, dry_run=True)
    assert seen.runs >= 2
    assert seen.logs >= 5
    assert prune(installation, tomorrow).runs >= 2
    assert not list(logs.glob(f"dag_id={again.dag_id}/run_id={again.run_id}"))
    with pytest.raises(AirflowRefused):
        airflow.run(again.dag_id, again.run_id)

    processes.asked_to_stop()


@pytest.mark.faults
def test_a_scheduler_killed_while_a_day_is_rolled_up_costs_minutes_and_nothing_else(
    installation: Settings, airflow: AirflowClient, processes: Processes
) -> None:
    meals = send(installation, PUBLISHED, 0.05)
    run = airflow.trigger("daily_rollup", {"day": str(meals.day), "sources": [PUBLISHED]})
    wait_for(lambda: is_rolled_up_now(installation, PUBLISHED, meals.day), RUN_SECONDS)
    begun = time.monotonic()
    processes.kill("airflow-scheduler")
    ended = airflow.wait(run, KILLED_SECONDS)
    assert states(airflow.tasks(ended))[f"publish[{PUBLISHED}]"] == "success", time.monotonic() - begun
    assert published(installation) == [(PUBLISHED, meals.day, 1, expected(meals).accepted)]


def published(installation: Settings) -> list[tuple[object, ...]]:
    with psycopg.connect(installation.postgres_dsn) as connection:
        query = "select source, event_day, revision, accepted from mart.publication order by source, revision"
        return connection.execute(query).fetchall()


def day_of_meals(installation: Settings) -> dict[tuple[object, ...], tuple[int, int]]:
    with psycopg.connect(installation.postgres_dsn) as connection:
        query = f'select division, meal, meals, subsidy_fen from mart."{PUBLISHED}__meals"'
        return {row[:2]: row[2:] for row in connection.execute(query)}
