"""Kafka and PostgreSQL under a real supervisor: up, killed, up again, down."""

from __future__ import annotations

import io
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest
from rich.console import Console

from infra.local.control import Control
from infra.local.errors import NotReady, PartFailed
from infra.local.folders import run_dir
from infra.local.leftovers import leftovers
from infra.local.stack import Stack
from infra.security.certificates import make_certificates
from spark_jobs.cluster import Cluster
from streams.delivery import Record
from streams.errors import KafkaRefused
from streams.kafka_sender import KafkaSender, Patience
from streams.settings import Settings
from streams.topics import admin_client
from tests.conftest import free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.servers
PARTS = ["kafka", "postgres"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own with Kafka and PostgreSQL up."""
    folder = tmp_path_factory.mktemp("stack")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    environment = {
        **os.environ,
        "MINSHENG_HOME": str(folder / "home"),
        "MINSHENG_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "MINSHENG_KAFKA_CONTROLLER_PORT": str(free_port()),
        "MINSHENG_POSTGRES_PORT": str(free_port()),
    }
    settings = Settings(
        home=Path(environment["MINSHENG_HOME"]),
        kafka_bootstrap=environment["MINSHENG_KAFKA_BOOTSTRAP"],
        kafka_controller_port=int(environment["MINSHENG_KAFKA_CONTROLLER_PORT"]),
        postgres_port=int(environment["MINSHENG_POSTGRES_PORT"]),
    )
    stack = Stack(settings, environment, Console(file=io.StringIO()))
    try:
        stack.up(PARTS)
        yield stack
    finally:
        stack.down()


def pids(stack: Stack) -> dict[str, int]:
    return {name: state.pid for name, state in stack.control.states().items() if state.pid}


def are_healthy(stack: Stack) -> bool:
    return all(part.state == "healthy" for part in stack.statuses() if part.name in PARTS)


def test_what_was_asked_for_is_healthy_and_nothing_else_runs(stack: Stack) -> None:
    found = {part.name: part for part in stack.statuses()}
    assert {name for name, part in found.items() if part.state == "healthy"} == set(PARTS)
    assert {part.state for name, part in found.items() if name not in PARTS} == {"stopped"}
    assert all((found[name].memory_bytes or 0) > 5_000_000 for name in PARTS)


def test_what_would_be_started_and_stopped_is_said_and_not_done(stack: Stack) -> None:
    before = pids(stack)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = stack.settings.model_copy(update={"gateway_port": port})
        found = replace(stack, settings=settings).rehearsed(["gateway"])
    assert "gateway" in found.starting
    assert set(found.running) == set(PARTS) - {*found.starting}
    assert [each for each in found.obstacles if f"port {port} of gateway is taken" in each]
    assert set(stack.running()) == set(PARTS)
    assert pids(stack) == before


def test_an_installation_that_never_ran_has_everything_to_start(tmp_path: Path) -> None:
    fresh = Stack(Settings(home=tmp_path / "home"), {}, Console(file=io.StringIO()))
    assert {"kafka", "postgres", "stream", "superset"} <= set(fresh.rehearsed().starting)
    assert fresh.rehearsed().running == fresh.running() == []
    assert not (tmp_path / "home" / "secrets").exists()


def test_the_database_is_migrated_and_airflow_and_superset_have_their_own(stack: Stack) -> None:
    with psycopg.connect(stack.settings.postgres_dsn) as connection:
        assert connection.execute("select count(*) from ops.contract").fetchone() == (0,)
    for name in ("airflow", "superset"):
        with psycopg.connect(stack.settings.metadata_dsn(name)) as connection:
            connection.execute("create table mine (x int)")
            connection.rollback()
    swapped = stack.settings.metadata_dsn("airflow").replace("dbname=airflow", "dbname=superset")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(swapped)


def test_a_second_call_changes_nothing_that_runs(stack: Stack) -> None:
    before = pids(stack)
    stack.up(PARTS)
    assert pids(stack) == before


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_killed_comes_back(stack: Stack, name: str) -> None:
    before = pids(stack)[name]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: pids(stack).get(name, before) != before and are_healthy(stack))


def test_after_a_killed_supervisor_the_next_call_goes_on(stack: Stack) -> None:
    before = pids(stack)
    supervisor = int((run_dir(stack.settings) / "supervisord.pid").read_text(encoding="ascii"))
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(supervisor) or not Control(stack.settings).is_up())
    assert {process.pid for process in leftovers(stack.settings)} >= set(before.values())
    stack.up(PARTS)
    assert set(pids(stack)) == set(before)
    assert not set(pids(stack).values()) & set(before.values())
    assert are_healthy(stack)


def test_a_changed_setting_restarts_the_part_that_it_is_about(stack: Stack) -> None:
    before = pids(stack)
    changed = Stack(
        stack.settings.model_copy(update={"kafka_heap": "400m"}), stack.environment, stack.console
    )
    changed.up(PARTS)
    after = pids(stack)
    assert after["kafka"] != before["kafka"]
    assert after["postgres"] == before["postgres"]
    assert "-Xmx400m" in psutil.Process(after["kafka"]).cmdline()
    stack.up(PARTS)


def test_one_setting_makes_kafka_secure_with_its_events_in_place(stack: Stack) -> None:
    topic = "events.parking_notice"
    with admin_client(stack.settings) as admin:
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    _send(stack.settings, topic)
    settings = Settings(
        **{
            **stack.settings.model_dump(),
            "security": "tls",
            "kafka_admin_bootstrap": f"127.0.0.1:{free_port()}",
        }
    )
    secure = Stack(settings, {**stack.environment, "MINSHENG_SECURITY": "tls"}, stack.console)
    before = pids(stack)
    secure.up(["kafka"])
    assert pids(secure)["kafka"] != before["kafka"]
    with pytest.raises(KafkaRefused, match="wants TLS"):
        _send(stack.settings, topic)
    _send(settings, topic)
    with Cluster(settings) as cluster:
        assert set(cluster.end_offsets(cluster.describe([topic])[topic].all()).values()) == {2}

    running = pids(secure)["kafka"]
    secure.up(["kafka"])
    assert pids(secure)["kafka"] == running
    make_certificates(settings, datetime.now(UTC), renew=True)
    secure.up(["kafka"])
    assert pids(secure)["kafka"] != running  # with the new certificate
    _send(settings, topic)
    stack.up(PARTS)


def _send(settings: Settings, topic: str) -> None:
    sender = KafkaSender(settings, name="test", principal="gateway", patience=Patience(5, 5))
    try:
        sender.send(Record(topic, b"key", b"{}")).result(20)
    finally:
        sender.close()


def test_a_taken_port_is_said_before_anything_starts(stack: Stack) -> None:
    settings = stack.settings.model_copy(
        update={"home": stack.settings.home.with_name("second"), "kafka_controller_port": free_port()}
    )
    second = Stack(settings, {**stack.environment, "MINSHENG_HOME": str(settings.home)}, stack.console)
    with pytest.raises(NotReady, match="MINSHENG_KAFKA_BOOTSTRAP"):
        second.up(["kafka"])
    assert not Control(settings).is_up()


def test_a_part_that_does_not_start_is_named_with_its_last_words(stack: Stack, tmp_path: Path) -> None:
    settings = stack.settings.model_copy(
        update={
            "home": tmp_path / "broken",
            "kafka_bootstrap": f"127.0.0.1:{free_port()}",
            "kafka_controller_port": free_port(),
            "kafka_heap": "2m",
        }
    )
    broken = Stack(settings, {**stack.environment, "MINSHENG_HOME": str(settings.home)}, stack.console)
    try:
        with pytest.raises(PartFailed, match=r"kafka cannot be prepared.*\n.*(VM|heap)"):
            broken.up(["kafka"])
    finally:
        broken.down()


def test_down_stops_everything_and_up_finds_the_data_again(stack: Stack) -> None:
    with psycopg.connect(stack.settings.postgres_dsn) as connection:
        connection.execute("insert into ref.division values ('000001', '试', 'county', null, 'coast')")
    running = set(pids(stack).values())
    assert set(stack.down()) == set(PARTS)
    assert not any(psutil.pid_exists(pid) for pid in running)
    assert stack.down() == []
    stack.up(PARTS)
    with psycopg.connect(stack.settings.postgres_dsn) as connection:
        found = connection.execute("select name from ref.division where code = '000001'").fetchone()
    assert found == ("试",)
