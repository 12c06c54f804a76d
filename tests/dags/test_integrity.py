"""The DAGs as Airflow's own DagBag reads them, and how their tasks take a command's answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.install.environments import program
from streams.settings import REPOSITORY
from tests.waiting import wait_for

pytestmark = pytest.mark.servers  # Airflow's environment, which `make check` does not make

DAGS = REPOSITORY / "dags"
HERE = Path(__file__).parent
OUTSIDE = {"PATH": "/usr/bin:/bin", "DAGS": str(DAGS), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


def inside(*arguments: str, home: Path, **environment: str) -> subprocess.Popen[str]:
    """Python of Airflow's environment, away from any installation."""
    return subprocess.Popen(
        [str(program("python", "airflow")), *arguments],
        env={**OUTSIDE, "HOME": str(home), "AIRFLOW_HOME": str(home), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@cache
def described(home: Path) -> dict[str, Any]:
    process = inside(str(HERE / "describe.py"), home=home, MINSHENG_SINCE="2022-06-10T09:30:00+08:00")
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    answer = json.loads(said.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return described(tmp_path_factory.mktemp("airflow"))


def test_every_file_is_imported_without_an_error(bag: dict[str, Any]) -> None:
    assert bag["errors"] == {}
    files = {path.stem for path in DAGS.glob("*.py")} - {"minsheng"}
    assert set(bag["dags"]) == files, "one DAG a file, named after it"


@pytest.mark.parametrize(
    ("dag", "timetable"),
    [
        ("daily_rollup", "CronDataIntervalTimetable 20 0 * * * Asia/Shanghai"),
        ("late_days", "CronTriggerTimetable 0 3,13 * * * Asia/Shanghai"),
        ("live_validation", "CronTriggerTimetable */5 * * * * Asia/Shanghai"),
        ("lake_maintenance", "CronTriggerTimetable 30 4 * * * Asia/Shanghai"),
        ("reconcile", "CronTriggerTimetable 30 1 * * * Asia/Shanghai"),
        ("running_senders", "CronTriggerTimetable 40 * * * * Asia/Shanghai"),
    ],
)
def test_every_schedule_is_stated_in_the_zone_of_the_city(
    bag: dict[str, Any], dag: str, timetable: str
) -> None:
    assert bag["dags"][dag]["timetable"] == timetable


def test_a_new_installation_has_missed_nothing_but_its_first_day_is_rolled_up(bag: dict[str, Any]) -> None:
    starts = {dag: found["start"] for dag, found in bag["dags"].items()}
    assert starts.pop("daily_rollup") == "2022-06-09T16:00:00+00:00"
    assert set(starts.values()) == {"2022-06-10T01:30:00+00:00"}
    assert [dag for dag, found in bag["dags"].items() if found["catchup"]] == ["daily_rollup"]


def test_whatever_starts_spark_is_in_the_pool_that_bounds_it(bag: dict[str, Any]) -> None:
    pools = {
        (dag, task): found["pool"]
        for dag, description in bag["dags"].items()
        for task, found in description["tasks"].items()
    }
    in_pool = {place for place, pool in pools.items() if pool == "rollup"}
    assert in_pool == {
        ("daily_rollup", "publish"),
        ("daily_rollup", "roll_up_all"),
        ("late_days", "publish"),
        ("late_days", "roll_up_all"),
        ("lake_maintenance", "maintain"),
    }


def test_no_task_may_hang_for_ever(bag: dict[str, Any]) -> None:
    tasks = [task for found in bag["dags"].values() for task in found["tasks"].values()]
    assert all(task["timeout"] for task in tasks)


def test_no_source_is_named_in_a_dag(bag: dict[str, Any]) -> None:
    sources = [path.stem for path in (REPOSITORY / "streams" / "contracts").glob("*.yaml")]
    texts = "".join(path.read_text(encoding="utf-8") for path in DAGS.glob("*.py"))
    assert not [source for source in sources if source in texts]
    assert bag["dags"]["daily_rollup"]["tasks"]["publish"]["mapped"]


IMPORT = 'import os, sys; sys.path.insert(0, os.environ["DAGS"]); import minsheng\n'
CALL = f"""{IMPORT}
try:
    answer = minsheng.minsheng("some", "command")
    print("answered", len(answer["text"]), answer["airflow"])
except Exception as error:
    print(type(error).__name__, error)
"""


def called(tmp_path: Path, script: str, call: str = CALL) -> str:
    """What a task sees when the command is this shell script."""
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    process = inside("-c", call, home=tmp_path, MINSHENG_COMMAND=str(command), AIRFLOW__CORE__PARALLELISM="2")
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return said.strip().splitlines()[-1]


def test_a_command_s_answer_may_be_long_and_airflow_s_variables_are_not_its_own(tmp_path: Path) -> None:
    script = (
        "seq 100000 >&2; text=$(head -c 200000 /dev/zero | tr '\\0' x);"
        ' echo "{\\"text\\": \\"$text\\", \\"airflow\\": \\"$AIRFLOW__CORE__PARALLELISM\\"}"'
    )
    assert called(tmp_path, script) == "answered 200000"


def test_an_answer_of_no_is_not_tried_again(tmp_path: Path) -> None:
    assert called(tmp_path, "exit 3") == "AirflowFailException minsheng some command ended with 3"


@pytest.mark.parametrize("code", [1, 75])
def test_what_may_pass_is_tried_again(tmp_path: Path, code: int) -> None:
    assert called(tmp_path, f"exit {code}") == f"AirflowException minsheng some command ended with {code}"


def test_sources_are_those_deployed_whatever_stands_in_the_folder_of_contracts(tmp_path: Path) -> None:
    script = 'test "$*" = "contract list --deployed --json" && echo \'[{"source": "some_source"}]\''
    assert called(tmp_path, script, f"{IMPORT}print(minsheng.sources())") == "['some_source']"


PUBLISH = f"""{IMPORT}
import json
from types import SimpleNamespace
added = []
note = lambda asset, extra: added.append((asset.name, extra["revision"]))
events = {{minsheng.PUBLISHED: SimpleNamespace(add=note)}}
reports = minsheng.roll_up("run", "--day", "2022-06-14")
seen = []
for source, tries in [("good", 1), ("same", 1), ("refused", 1), ("failed", 1), ("failed", 2), ("lost", 1)]:
    context = {{"ti": SimpleNamespace(try_number=tries), "outlet_events": events}}
    minsheng.get_current_context = lambda: context
    try:
        seen.append(minsheng.publish_day(source, "2022-06-14", reports)["outcome"])
    except Exception as error:
        seen.append(f"{{type(error).__name__}} {{error}}")
print(json.dumps([seen, added]))
"""


def test_what_the_application_of_all_sources_did_not_do_a_source_does_by_itself(tmp_path: Path) -> None:
    outcomes = {"good": "published", "same": "unchanged", "refused": "refused", "failed": "failed"}
    together = json.dumps(
        [
            {"source": source, "day": "2022-06-14", "outcome": outcome, "revision": 1, "message": "why"}
            for source, outcome in outcomes.items()
        ]
    )
    alone = (
        together[: together.index("}") + 1].replace("good", "alone").replace('"revision": 1', '"revision": 2')
    )
    script = f"""case "$*" in *--source*) echo '{alone}]';; *) echo '{together}'; exit 75;; esac"""
    seen, added = json.loads(called(tmp_path, script, PUBLISH))
    assert seen == [
        "published", "unchanged", "AirflowFailException refused 2022-06-14: why", "AirflowException why",
        "published", "published",
    ]  # fmt: skip
    assert added == [["mart_good", 1], ["mart_failed", 2], ["mart_lost", 2]]


def test_a_task_that_is_ended_ends_what_its_command_started(tmp_path: Path) -> None:
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\nsleep 300 & echo $! > {tmp_path}/child\nwait\n")
    command.chmod(0o755)
    # As Airflow does it: SIGTERM becomes an exception in the task.
    ended = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n" + CALL
    process = inside("-c", ended, home=tmp_path, MINSHENG_COMMAND=str(command))
    wait_for(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip() != "")
    child = int((tmp_path / "child").read_text())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    wait_for(lambda: not alive(child))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
