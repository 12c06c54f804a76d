"""What happens while the application runs: new sources, poison, kill -9, SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg
import pytest
from pyspark.sql import SparkSession

from infra.deploy import deploy
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.settings import Settings
from tests.spark_jobs.live.conftest import RunLive, assert_answer, live_query
from tests.spark_jobs.live.sending import Answer, City, Sender
from tests.waiting import wait_for, wait_for_equal

pytestmark = pytest.mark.servers

KILLS = 10
RATE = 400


def counted(settings: Settings) -> int:
    """Events that have an outcome."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(
            "select coalesce(sum(events), 0) from ops.tally where query = 'live'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_source_deployed_while_the_query_runs_is_counted_without_a_restart(
    settings: Settings, contracts: dict[str, Contract], spark: SparkSession
) -> None:
    answer, sender = Answer(), Sender(settings)
    first = next(iter(contracts.values()))
    text = first.text.replace(f"source: {first.source}", "source: new_source", 1)
    added = parse_contract(text, "new_source.yaml")
    with live_query(spark, settings) as query:
        query.start()
        for contract in (first, added):
            if contract is added:
                deploy(settings, [added])
            city = City([contract], seed=22)
            for _ in range(20):
                _, event = city.event()
                sender.event(event)
                answer.good(contract, event)
            sender.flush()
            wait_for_equal(lambda: counted(settings), answer.sent)
        assert query.failure() is None
    assert_answer(settings, {**contracts, "new_source": added}, answer)


def test_a_burst_of_poison_is_quarantined_row_by_row_and_good_events_count(
    settings: Settings, contracts: dict[str, Contract], run_live: RunLive
) -> None:
    answer, sender, city = Answer(), Sender(settings), City(contracts.values(), seed=21)
    for number in range(6_000):
        if number % 100 == 0:
            contract, event = city.event()
            sender.event(event)
            answer.good(contract, event)
        contract, value = city.rejected()
        sender.raw(contract.source, value)
        answer.rejected(contract.source)
    source = next(iter(contracts))
    for poison in (None, b"\x00" * 500_000, b"[" * 200_000, "毒".encode() * 300_000, b'{"a":' * 50_000):
        sender.raw(source, poison)
        answer.rejected(source)
    sender.flush()
    run_live()
    assert_answer(settings, contracts, answer)
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute("select max(length(excerpt)), bool_and(reasons <> '[]') from ops.quarantine")
        assert row.fetchone() == (2_000, True)


class Driver:
    """The application as its supervisor runs it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process = self._start()

    def kill(self) -> None:
        """As if the machine had lost it: driver, JVM and workers at once, no goodbye."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        self._process = self._start()

    def stop(self) -> int:
        self._process.terminate()
        return self._process.wait(15)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "spark_jobs.stream"]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


@contextmanager
def sending(settings: Settings, contracts: dict[str, Contract], answer: Answer, seed: int) -> Iterator[None]:
    """RATE events a second, some of them twice, some rejected, until the block ends."""
    stop = threading.Event()

    def send() -> None:
        sender, city, dice = Sender(settings), City(contracts.values(), seed), Random(seed)
        known: list[tuple[Contract, dict[str, object]]] = []
        while not stop.wait(0.1):
            for _ in range(RATE // 10):
                if dice.random() < 0.05:
                    contract, value = city.rejected()
                    sender.raw(contract.source, value)
                    answer.rejected(contract.source)
                    continue
                contract, event = dice.choice(known) if known and dice.random() < 0.05 else city.event()
                known.append((contract, event))
                sender.event(event)
                answer.good(contract, event)
        sender.flush()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_killed_ten_times_at_random_moments_nothing_is_lost_and_nothing_counts_twice(
    settings: Settings, contracts: dict[str, Contract], tmp_path: Path
) -> None:
    seed = int(time.time())
    print(f"seed {seed}")  # noqa: T201 (pytest shows it where the test fails)
    dice, answer = Random(seed), Answer()
    driver = Driver(tmp_path / "log")
    try:
        with sending(settings, contracts, answer, seed):
            for _ in range(KILLS):
                before = counted(settings)
                wait_for(lambda: counted(settings) > before, 120)  # noqa: B023 (called in this round only)
                time.sleep(dice.random() * 1.5)
                driver.kill()
                driver.restart()
        wait_for(lambda: counted(settings) >= answer.sent, 120)
        assert driver.stop() == 0
    except BaseException:
        driver.kill()
        print((tmp_path / "log").read_text(errors="replace")[-5_000:])  # noqa: T201 (likewise)
        raise
    assert_answer(settings, contracts, answer)
    assert counted(settings) == answer.sent
