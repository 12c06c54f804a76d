"""Each check of the doctor is shown something broken, and something whole."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from infra.install import environments, stamps
from infra.install.machine import GIB, REPOSITORY, Machine
from infra.local.checks import installation, machine, running
from infra.local.checks.every import CHECKS, examine
from infra.local.checks.finding import Finding, Place
from infra.local.folders import make_folders, run_dir
from infra.local.part import Part
from infra.local.parts import all_parts
from infra.local.secrets import make_secrets
from streams.settings import Settings
from tests.conftest import free_port
from tests.infra.install.test_java import make_java
from tests.waiting import wait_for

GOOD = Machine("Debian 12", True, (3, 11), 24 * GIB, 20 * GIB, 60 * GIB, is_root=True, has_sudo=False)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    settings = Settings(
        home=tmp_path / "home", postgres_port=free_port(), kafka_bootstrap=f"127.0.0.1:{free_port()}"
    )
    make_folders(settings)
    make_secrets(settings)
    return Place(settings, GOOD, os.environ)


def on(place: Place, **changes: object) -> Place:
    return replace(place, machine=replace(place.machine, **changes))  # type: ignore[arg-type]


def says_what_to_do(finding: Finding, level: str) -> bool:
    return finding.level == level and bool(finding.says) and bool(finding.remedy)


def test_every_check_has_a_test_here() -> None:
    files = (Path(__file__), Path(__file__).with_name("test_checks_servers.py"))
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    assert len(CHECKS) >= 15
    for check in CHECKS.values():
        module = check.__module__.rpartition(".")[2]
        assert f"{module}.{check.__name__}(" in text, check


def test_a_whole_machine_is_fine(place: Place, tmp_path: Path) -> None:
    java = make_java(tmp_path / "java", "17.0.1")
    whole = replace(place, environment={"JAVA_HOME": str(java.parent.parent)})
    for check in (machine.system, machine.python, machine.memory, machine.disk, machine.java, machine.clock):
        assert check(whole).level == "fine", check


def test_another_system_is_a_warning(place: Place) -> None:
    assert says_what_to_do(machine.system(on(place, is_debian=False, system="Fedora")), "warning")


def test_another_python_is_wrong(place: Place) -> None:
    assert says_what_to_do(machine.python(on(place, python=(3, 12))), "wrong")


def test_too_little_memory_is_wrong(place: Place) -> None:
    assert says_what_to_do(machine.memory(on(place, memory_total=4 * GIB)), "wrong")


def test_disk_is_a_warning_first_and_wrong_then(place: Place) -> None:
    assert says_what_to_do(machine.disk(on(place, disk_free=5 * GIB)), "warning")
    assert says_what_to_do(machine.disk(on(place, disk_free=GIB)), "wrong")


def test_no_java_17_is_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.install.java.candidates", lambda _: [])
    assert says_what_to_do(machine.java(place), "wrong")


def test_another_java_first_on_path_is_a_warning(place: Place, tmp_path: Path) -> None:
    wrong, right = make_java(tmp_path / "8", "1.8.0_402"), make_java(tmp_path / "17", "17.0.1")
    finding = machine.first_java(replace(place, environment={"PATH": f"{wrong.parent}:{right.parent}"}))
    assert says_what_to_do(finding, "warning")
    assert f"{wrong} (Java 8)" in finding.says
    assert machine.first_java(replace(place, environment={"PATH": str(right.parent)})).level == "fine"


def test_a_name_without_address_is_wrong_for_the_driver_of_a_cluster(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "no-such-name.invalid")
    on_cluster = place.settings.model_copy(update={"spark_master": "spark://elsewhere:7077"})
    assert says_what_to_do(machine.host_name(replace(place, settings=on_cluster)), "wrong")
    assert machine.host_name(place).level == "fine"


def test_few_open_files_are_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 1024))
    assert says_what_to_do(machine.open_files(place), "warning")


def test_a_clock_before_the_code_is_wrong(place: Place) -> None:
    assert says_what_to_do(machine.clock(replace(place, now=datetime(2001, 1, 1, tzinfo=UTC))), "wrong")


def test_a_misspelt_setting_is_a_warning_that_guesses(place: Place) -> None:
    for wrong, right in (("KAFKA_BOOTSTRP", "KAFKA_BOOTSTRAP"), ("AIRFLOW_PROT", "AIRFLOW_PORT")):
        finding = installation.known_settings(replace(place, environment={f"MINSHENG_{wrong}": "x"}))
        assert says_what_to_do(finding, "warning")
        assert f"MINSHENG_{right}" in finding.remedy


def test_what_the_platform_tells_its_own_processes_is_no_misspelt_setting(place: Place) -> None:
    told = {name: value for part in all_parts(place.settings) for name, value in part.environment.items()}
    assert {"MINSHENG_SINCE", "MINSHENG_SUPERSET_HOME"} <= set(told)
    assert installation.known_settings(replace(place, environment=told)).level == "fine"


def test_environments_that_are_not_as_locked_are_wrong(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "VENVS", tmp_path / "venvs")
    assert says_what_to_do(installation.environments_match(place), "wrong")
    for name, lock in {"stream": "dev", "airflow": "airflow", "superset": "superset"}.items():
        program = tmp_path / "venvs" / name / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.touch()
        stamps.write(tmp_path / "venvs" / name, environments._made_of(name, lock))
    assert installation.environments_match(place).level == "fine"


def test_a_changed_jar_is_wrong(place: Place, tmp_path: Path) -> None:
    jar = tmp_path / "jars" / "kafka" / "kafka_2.13-4.4.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"not it")
    settings = place.settings.model_copy(update={"jars_dir": tmp_path / "jars"})
    assert says_what_to_do(installation.jars_match(replace(place, settings=settings)), "wrong")


def test_a_lost_secret_is_wrong_and_none_at_all_only_a_beginning(place: Place) -> None:
    assert installation.secrets_there(place).level == "fine"
    (place.settings.secrets_dir / "tokens").unlink()
    assert says_what_to_do(installation.secrets_there(place), "wrong")
    for file in place.settings.secrets_dir.iterdir():
        file.unlink()
    assert says_what_to_do(installation.secrets_there(place), "warning")


def test_a_secret_that_others_can_read_is_wrong(place: Place) -> None:
    assert installation.secrets_private(place).level == "fine"
    (place.settings.secrets_dir / "tokens").chmod(0o644)
    assert says_what_to_do(installation.secrets_private(place), "wrong")


def test_a_home_that_cannot_be_written_to_is_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installation.home_writable(place).level == "fine"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert says_what_to_do(installation.home_writable(place), "wrong")


def test_a_home_that_supervisor_cannot_read_is_wrong(place: Place, tmp_path: Path) -> None:
    assert installation.home_path(place).level == "fine"
    odd = place.settings.model_copy(update={"home": tmp_path / "a #b"})
    assert says_what_to_do(installation.home_path(replace(place, settings=odd)), "wrong")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_data_that_postgres_cannot_reach_are_wrong(place: Place, tmp_path: Path) -> None:
    data = place.settings.home / "postgres"
    data.mkdir()
    (data / "PG_VERSION").touch()
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    assert installation.postgres_reach(place).level == "fine"
    tmp_path.chmod(0o700)
    finding = installation.postgres_reach(place)
    assert says_what_to_do(finding, "wrong")
    assert finding.remedy == f"chmod o+x {tmp_path}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_others_beside_postgres_are_a_warning(place: Place) -> None:
    with subprocess.Popen(["setpriv", "--reuid=nobody", "--clear-groups", "--", "sleep", "60"]) as other:
        found = wait_for(lambda: next(iter(_said_of(place, other.pid)), None))
        other.kill()
    assert says_what_to_do(found, "warning")
    assert "sleep" in found.says


def _said_of(place: Place, pid: int) -> Iterator[Finding]:
    finding = installation.postgres_alone(place)
    if f"({pid})" in finding.says:
        yield finding


def test_two_databases_are_a_warning(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "ELSEWHERE", tmp_path / "elsewhere")
    for folder in (
        place.settings.home / "postgres",
        tmp_path / "elsewhere" / installation.digest(place.settings),
    ):
        assert installation.one_database(place).level == "fine"
        folder.mkdir(parents=True)
        (folder / "PG_VERSION").touch()
    assert says_what_to_do(installation.one_database(place), "warning")


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def part(**changes: object) -> Part:
    defaults = {"name": "kafka", "title": "总线", "command": ("true",), "healthy": lambda: None}
    return Part(**{**defaults, **changes})  # type: ignore[arg-type]


def test_a_taken_port_is_wrong_and_names_its_setting(place: Place, listening: int) -> None:
    finding = running.ports(replace(place, parts=[part(ports={"MINSHENG_STATUS_PORT": listening})]))
    assert says_what_to_do(finding, "wrong")
    assert "MINSHENG_STATUS_PORT" in finding.says
    assert f"(process {os.getpid()})" in finding.says
    assert running.ports(replace(place, parts=[part(ports={"X": free_port()})])).level == "fine"


def test_too_little_memory_to_start_is_wrong(place: Place) -> None:
    small = on(replace(place, parts=[part(memory_mib=2000)]), memory_available=GIB)
    assert says_what_to_do(running.enough_memory(small), "wrong")
    assert running.enough_memory(replace(place, parts=[part(memory_mib=2000)])).level == "fine"


def test_a_stale_process_id_is_a_warning(place: Place) -> None:
    assert running.supervisor(place).level == "fine"
    (run_dir(place.settings) / "supervisord.pid").write_text("4194000\n", encoding="ascii")
    assert says_what_to_do(running.supervisor(place), "warning")
    (run_dir(place.settings) / "supervisord.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
    assert says_what_to_do(running.supervisor(place), "warning")  # the number now is somebody else's


def test_a_part_without_a_supervisor_is_wrong(place: Place) -> None:
    assert running.left_behind(place).level == "fine"
    environment = {**os.environ, "MINSHENG_HOME": str(place.settings.home), "MINSHENG_PART": "kafka"}
    pipe = subprocess.PIPE
    with subprocess.Popen(["cat"], env=environment, stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"started\n")
        process.stdin.flush()
        assert process.stdout.readline()  # before that the system may not show its environment yet
        finding = running.left_behind(place)
    assert says_what_to_do(finding, "wrong")
    assert str(process.pid) in finding.says


def test_without_a_stack_no_part_is_ill(place: Place) -> None:
    assert running.parts_healthy(replace(place, parts=[part()])).level == "fine"


def test_servers_that_do_not_answer_are_wrong(place: Place) -> None:
    assert says_what_to_do(running.kafka(place), "wrong")
    assert says_what_to_do(running.database(place), "wrong")
    assert running.ledger(place).level == "fine"
    assert running.received_times(place).level == "fine"


@pytest.mark.servers
def test_servers_that_answer_are_fine(settings: Settings) -> None:
    place = Place(settings, GOOD, os.environ)
    assert running.kafka(place).level == "fine"
    assert running.database(place).level == "fine"
    assert running.ledger(place).level == "fine"


@pytest.mark.servers
def test_a_database_behind_the_code_is_wrong(settings: Settings) -> None:
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("update migration set version_num = '0000'")
    assert says_what_to_do(running.database(Place(settings, GOOD, os.environ)), "wrong")


@pytest.mark.servers
def test_events_from_the_future_are_wrong(settings: Settings) -> None:
    place = Place(settings, GOOD, os.environ)
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute(
            "insert into ops.batch (query, run, batch, started_at, events, newest_received_at)"
            " values ('live', gen_random_uuid(), 1, now(), 1, %s)",
            (place.now + timedelta(hours=1),),
        )
    assert says_what_to_do(running.received_times(place), "wrong")


@pytest.mark.servers
def test_a_residue_is_wrong(settings: Settings) -> None:
    with psycopg.connect(settings.postgres_dsn) as connection:
        topic = f"{settings.topic_prefix}meal"
        connection.execute(
            "insert into ops.sent (topic, topic_id, partition, received_day, first_offset, next_offset,"
            " seen_offset, observed_at) values (%s, %s, 0, '2026-05-04', 0, 5, 5, now())",
            (topic, UUID(int=1)),
        )
        connection.execute(
            "insert into ops.position (query, topic, partition, next_offset, topic_id)"
            " values ('live', %s, 0, 5, %s)",
            (topic, UUID(int=1)),
        )
        connection.execute("insert into ops.tally values ('live', 'meal', '2026-05-04', 'accepted', 3)")
    finding = running.ledger(Place(settings, GOOD, os.environ))
    assert says_what_to_do(finding, "wrong")
    assert "meal 2026-05-04: +2" in finding.says


def test_a_check_that_fails_itself_does_not_hide_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Place) -> Finding:
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(CHECKS, "disk", broken)
    found = dict(examine(place))
    assert len(found) == len(CHECKS)
    assert "ZeroDivisionError" in found["disk"].says


def test_the_repository_is_where_it_is_looked_for() -> None:
    assert (REPOSITORY / "Makefile").is_file()
