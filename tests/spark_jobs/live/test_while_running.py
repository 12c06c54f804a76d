"""What happens while the application runs: new sources, poison, kill -9, SIGTERM."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random

import psycopg
import pytest
from pyspark.sql import SparkSession

from infra.deploy import deploy, retire
from infra.ledger import read_ledger
from spark_jobs.lake import TABLE
from spark_jobs.live.claim_days import ClaimDays
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.settings import Settings
from tests.spark_jobs.live.conftest import RunLive, assert_answer
from tests.spark_jobs.live.sending import Answer, City, Sender
from tests.spark_jobs.taking_in import live_query
from tests.waiting import wait_for, wait_for_equal

pytestmark = pytest.mark.servers

KILLS = 4
RATE = 400


def counted(settings: Settings, query: str = "live") -> int:
    """Events that have an outcome, or that are archived."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(
            "select coalesce(sum(events), 0) from ops.tally where query = %s", (query,)
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


def test_others_lose_and_double_nothing_while_a_source_comes_and_goes(
    settings: Settings, contracts: dict[str, Contract], spark: SparkSession
) -> None:
    """Deployed, retired and deployed again in the middle of others' events; what comes in between is kept."""
    answer, sender = Answer(), Sender(settings)
    first = next(iter(contracts.values()))
    added = parse_contract(first.text.replace(f"source: {first.source}", "source: new_source", 1), "x.yaml")
    city = City([added], seed=24)
    events = [city.event()[1] for _ in range(30)]

    def send(part: list[dict[str, object]]) -> None:
        for event in part:
            sender.event(event)
        sender.flush()

    with live_query(spark, settings) as query:
        query.start()
        with sending(settings, contracts, answer, seed=25):
            deploy(settings, [added])
            send(events[:10])
            wait_for(lambda: outcomes(settings, "new_source").get("accepted") == 10)
            retire(settings, "new_source")
            send(events[10:20])
            wait_for(lambda: outcomes(settings, "new_source").get("quarantined") == 10)
            deploy(settings, [added])
            send(events[20:])
            wait_for(lambda: outcomes(settings, "new_source").get("accepted") == 20)
        for event in (*events[:10], *events[20:]):
            answer.good(added, event)
        answer.rejected("new_source", 10)
        wait_for_equal(lambda: counted(settings), answer.sent)
        assert query.failure() is None
    assert_answer(settings, {**contracts, "new_source": added}, answer)
    with psycopg.connect(settings.postgres_dsn) as connection:
        reasons = connection.execute(
            "select distinct reasons->0->>'code' from ops.quarantine where source = 'new_source'"
        ).fetchall()
    assert reasons == [("unknown_source",)]


def outcomes(settings: Settings, source: str) -> dict[str, int]:
    """Events of a source by what became of them."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute(
            "select outcome, sum(events)::int from ops.tally where query = 'live' and source = %s group by 1",
            (source,),
        ).fetchall()
    return dict(rows)


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
    """The application as its supervisor runs it. patience: seconds until it takes itself for stuck."""

    def __init__(self, log: Path, patience: float | None = None) -> None:
        self._log = log
        self._command = [sys.executable, "-m", "spark_jobs.stream"]
        if patience is not None:
            program = f"import os; from spark_jobs import stream as s; s.STUCK_SECONDS = {patience}"
            self._command = [sys.executable, "-c", f"{program}; os._exit(s.main())"]
        self._process = self._start()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def status(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

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
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)


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


@contextmanager
def driven(driver: Driver) -> Iterator[Driver]:
    """Ends it in any case, and shows its log where the block fails."""
    try:
        yield driver
    except BaseException:
        print(driver.log[-5_000:])  # noqa: T201 (pytest shows it where the test fails)
        raise
    finally:
        driver.kill()


@pytest.mark.timeout(1500)
def test_killed_at_random_moments_nothing_is_lost_and_nothing_counts_twice(
    settings: Settings, contracts: dict[str, Contract], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_ARCHIVE_TRIGGER_SECONDS", "1")  # so that kills meet the archive at work too
    seed = int(time.time())
    print(f"seed {seed}")  # noqa: T201 (pytest shows it where the test fails)
    dice, answer = Random(seed), Answer()
    with driven(Driver(tmp_path / "log")) as driver:
        with sending(settings, contracts, answer, seed):
            for _ in range(KILLS):
                before = counted(settings)
                wait_for(lambda: counted(settings) > before, 240)  # noqa: B023 (called in this round only)
                time.sleep(dice.random() * 3)
                driver.kill()
                assert_ledger_balances(settings)
                driver.restart()
        wait_for(lambda: counted(settings) >= answer.sent, 240)
        wait_for(lambda: counted(settings, "archive") >= answer.sent, 120)
        assert driver.stop() == 0
    assert_answer(settings, contracts, answer)
    assert (counted(settings), counted(settings, "archive")) == (answer.sent, answer.sent)
    assert_ledger_balances(settings)
    # Not before: a session of its own would take from what the application works with.
    rows = (
        build_session(settings, "tests", java_options=QUICK_COMPILER)
        .read.format("delta")
        .load(str(settings.lake_dir / TABLE))
    )
    assert rows.count() == answer.sent
    assert rows.select("topic", "partition", "offset").distinct().count() == answer.sent


def assert_ledger_balances(settings: Settings) -> None:
    with psycopg.connect(settings.postgres_dsn) as connection:
        entries = read_ledger(connection, settings.topic_prefix)
    assert entries
    assert [entry for entry in entries if not entry.balances] == []


def test_who_reads_old_claims_does_not_end_the_application_and_they_are_dropped_later(
    settings: Settings, contracts: dict[str, Contract], tmp_path: Path
) -> None:
    old = "select to_regclass('ops.claim_20200102') is null"
    with (
        psycopg.connect(settings.postgres_dsn, autocommit=True) as connection,
        psycopg.connect(settings.postgres_dsn) as backup,
    ):
        ClaimDays(connection).ensure([date(2020, 1, 2)])
        backup.execute("lock table ops.claim in access share mode")
        with driven(Driver(tmp_path / "log")) as driver:
            wait_for(lambda: "dropping them later" in driver.log, 120)
            assert connection.execute(old).fetchone() == (False,)
            backup.commit()
            wait_for(lambda: connection.execute(old).fetchone() == (True,))
            assert driver.status is None


def test_a_query_that_is_stuck_ends_the_process(
    settings: Settings, contracts: dict[str, Contract], tmp_path: Path
) -> None:
    with psycopg.connect(settings.postgres_dsn) as other:
        other.execute("lock table ops.claim in exclusive mode")
        sender, city = Sender(settings), City(contracts.values(), seed=23)
        sender.event(city.event()[1])
        sender.flush()
        with driven(Driver(tmp_path / "log", patience=5)) as driver:
            wait_for(lambda: driver.status is not None, 120)
            assert driver.status == 1
            assert re.search(r"Stuck: The live query .*has committed nothing for", driver.log)
