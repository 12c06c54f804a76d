"""SIGTERM to each command that works for long: it stops by itself between two steps, and says how far it is;
run again, nothing counts twice.

Of the others: the Spark application in tests/faults, a rollup in tests/spark_jobs/rollup/test_killed.py,
Airflow in tests/dags, the gateway in tests/streams/gateway/test_outage.py.
"""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from infra.deploy import deploy
from streams.contract.loader import load_contract
from streams.settings import Settings
from streams.simulator.position import position_file
from streams.zone import ZONE
from tests.core_sources import core
from tests.spark_jobs.replay.platform import Platform, contract, meal
from tests.streams.conftest import values_of
from tests.streams.gateway.conftest import with_check_digit
from tests.waiting import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

MINSHENG = Path(sys.executable).with_name("minsheng")
STOP_SECONDS = 15
SOURCE, LINES = "canteen_meal", 40_000
DEAR, WAITING = 6_000, 6_000


def stopped(command: list[str], is_at_work: Callable[[], object]) -> tuple[int, str]:
    """Start it, ask it to stop once it is at work; its exit code and what it said on standard error."""
    pipe = subprocess.PIPE
    with subprocess.Popen([MINSHENG, *command], stdout=pipe, stderr=pipe, text=True) as process:
        try:
            wait_for(lambda: process.poll() is not None or is_at_work(), 120)
            assert process.poll() is None, f"it ended before it was asked to: {process.communicate()}"
            process.send_signal(signal.SIGTERM)
            begun = time.monotonic()
            _, said = process.communicate(timeout=120)
            seconds = time.monotonic() - begun
        finally:
            process.kill()
    assert seconds < STOP_SECONDS
    return process.returncode, " ".join(said.split())


def run(command: list[str]) -> dict[str, int]:
    """Run it to its end; its answer."""
    done = subprocess.run([MINSHENG, *command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def in_kafka(settings: Settings, source: str = SOURCE) -> list[bytes]:
    return values_of(settings.kafka_bootstrap, settings.topic_prefix + source)


def numbers(pattern: str, said: str) -> list[int]:
    found = re.search(pattern, said)
    assert found, said
    return [int(number.replace(",", "")) for number in found.groups()]


def ask(settings: Settings, question: str) -> int:
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(question).fetchone()
    return int(row[0]) if row else 0


def test_an_import_says_how_far_it_came_and_the_same_import_sends_the_rest(
    settings: Settings, tmp_path: Path
) -> None:
    meals = load_contract(settings.contracts_dir / f"{SOURCE}.yaml")
    deploy(settings, [meals])
    fields, at = meals.examples.good[0], datetime.now(ZONE).replace(microsecond=0) - timedelta(days=1)
    file = tmp_path / "meals.csv"
    with file.open("w", encoding="utf-8", newline="") as output:
        lines = csv.writer(output)
        lines.writerow([*fields, "time"])
        for number in range(LINES):
            elder = with_check_digit(
                f"330302{date(1920, 1, 1) + timedelta(number // 900):%Y%m%d}{number % 900:03}"
            )
            lines.writerow(
                [*{**fields, "elder": elder}.values(), (at + timedelta(seconds=number)).isoformat()]
            )
    command = ["import", str(file), "--source", SOURCE]

    code, said = stopped(command, lambda: in_kafka(settings))

    assert code == 130
    done, acknowledged = numbers(r"Stopped after ([\d,]+) lines: ([\d,]+) acknowledged by Kafka", said)
    assert 0 < acknowledged == done < LINES
    assert len(in_kafka(settings)) == acknowledged
    assert ask(settings, "select sum(events) from ops.acknowledged where way = 'import'") == acknowledged
    assert run(command)["accepted"] == LINES
    ids = [json.loads(value)["id"] for value in in_kafka(settings)]
    assert (len(ids), len(set(ids))) == (acknowledged + LINES, LINES)


@pytest.mark.parametrize("command", [["day", "--speed", "60"], ["run"]], ids=["day", "run"])
def test_the_simulator_has_sent_what_it_says(settings: Settings, command: list[str]) -> None:
    deploy(settings, core(settings.contracts_dir).values())
    sources = list(core(settings.contracts_dir))

    def sent() -> int:
        return sum(len(in_kafka(settings, source)) for source in sources)

    # At night, before anything opens, the endless city may have nothing to send: it is at work all the same.
    code, said = stopped(["simulate", *command], lambda: position_file(settings).exists() or sent())

    if command == ["run"]:
        assert code == 0
        said_sent = [int(each.replace(",", "")) for each in re.findall(r"([\d,]+) [a-z_]+(?:, |$)", said)]
    else:
        assert code == 130
        said_sent = numbers(r"Stopped after ([\d,]+) events; the same command sends the rest", said)
        assert said_sent[0] > 0
    assert sum(said_sent) == sent()


def test_a_replay_stops_between_two_transactions_and_the_same_replay_does_the_rest(
    settings: Settings,
) -> None:
    platform = Platform(settings)
    platform.send(meal(number, DEAR) for number in range(WAITING))
    platform.deploy(contract(settings, dearest=8_000))
    command = ["quarantine", "replay", "--source", SOURCE, "--note", "上限已调整"]
    replayed = "select count(*) from ops.replayed"

    code, said = stopped(command, lambda: ask(settings, replayed))

    assert code == 130
    done, of = numbers(r"Stopped after ([\d,]+) of ([\d,]+) events", said)
    assert 0 < done == ask(settings, replayed) < of == WAITING
    assert (
        ask(settings, "select count(*) from pg_stat_activity where application_name = 'minsheng replay'") == 0
    )
    assert run(command)["selected"] == WAITING - done
    assert platform.tally() == {"accepted": WAITING}
    assert ask(settings, f"select sum(meals) from live.{SOURCE}__meals") == WAITING
