"""The rollup job as a process: killed before, while and after it publishes, stopped, run twice at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psutil
import psycopg
import pytest

from streams.settings import Settings
from tests.rollup_lock import is_rolled_up_now
from tests.spark_jobs.rollup.conftest import Tell
from tests.spark_jobs.rollup.meals import SHANGHAI, SOURCE, Told, told, truth
from tests.waiting import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

DAY = date(2022, 6, 14)
NOON = datetime(2022, 6, 14, 12, tzinfo=SHANGHAI)
COMMAND = (
    str(Path(sys.executable).with_name("minsheng")),
    "rollup",
    "run",
    "--day",
    f"{DAY}",
    "--source",
    SOURCE,
)
# A day of long ago, as in the other tests of rollups: the lake of this one keeps it.
ENVIRONMENT = {"MINSHENG_LAKE_RETENTION_DAYS": "36500"}
BUSY = 75
START_SECONDS, STOP_SECONDS = 120, 15


class Rollup:
    """`minsheng rollup run` of the day, in a process of its own."""

    def __init__(self, log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "--json"], env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=output
            )

    def is_reading(self) -> bool:
        return "reading the lake" in self._log.read_text(errors="replace")

    def answer(self) -> Any:
        """Its exit code and what it said of the day, once it has ended."""
        said, _ = self.process.communicate(timeout=START_SECONDS)
        (report,) = json.loads(said)
        return self.process.returncode, report["outcome"]

    def ends(self, number: signal.Signals) -> float:
        """Send it a signal, it alone; the seconds until it and all that it had started are gone."""
        own = psutil.Process(self.process.pid)
        family = [own, *own.children(recursive=True)]
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=STOP_SECONDS)
        _, still = psutil.wait_procs(family, timeout=STOP_SECONDS)
        assert still == []
        return time.monotonic() - begun


@contextmanager
def locked(settings: Settings, table: str) -> Iterator[psycopg.Connection]:
    """Nobody else can write into the table, and everybody can read it."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute(f"lock table {table} in share row exclusive mode")
        yield connection


def ask(settings: Settings, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute(question).fetchall()


def left_of_it(settings: Settings) -> tuple[int, ...]:
    """Rows that publishing writes, of whatever revision."""
    tables = ("mart.publication", f"mart.{SOURCE}__meals__revision", f"mart.{SOURCE}__channels__revision",
              "mart.distinct_day_revision", "mart.difference", "ops.rollup", "ops.validation")  # fmt: skip
    return tuple(ask(settings, f"select count(*) from {table}")[0][0] for table in tables)


def test_killed_before_while_and_after_it_publishes_a_day_is_published_once_and_whole(
    deployed: Settings, tell: Tell, tmp_path: Path
) -> None:
    seed = int(time.time())
    print(f"seed {seed}")  # noqa: T201 (pytest shows it where the test fails)
    records = told(DAY, 1_500, seed)
    tell(records)
    expected = truth(records, DAY)
    nothing = left_of_it(deployed)

    before = Rollup(tmp_path / "before")
    wait_for(before.is_reading, START_SECONDS)
    time.sleep(Random(seed).random() * 3)
    before.ends(signal.SIGKILL)
    wait_for(lambda: not is_rolled_up_now(deployed, SOURCE, DAY))
    assert left_of_it(deployed) == nothing

    asked = Rollup(tmp_path / "asked")
    wait_for(asked.is_reading, START_SECONDS)
    assert asked.ends(signal.SIGTERM) < STOP_SECONDS
    wait_for(lambda: not is_rolled_up_now(deployed, SOURCE, DAY))
    assert left_of_it(deployed) == nothing

    publishing = Rollup(tmp_path / "publishing")
    with locked(deployed, "ops.rollup"):  # the last but one that it writes: everything else is written
        waiting = "select count(*) from pg_locks where not granted and relation = 'ops.rollup'::regclass"
        wait_for(lambda: ask(deployed, waiting) == [(1,)], START_SECONDS)
        publishing.ends(signal.SIGKILL)
    wait_for(lambda: not is_rolled_up_now(deployed, SOURCE, DAY))
    assert left_of_it(deployed) == nothing

    after = Rollup(tmp_path / "after")
    wait_for(lambda: ask(deployed, "select count(*) from mart.publication") == [(1,)], START_SECONDS)
    assert after.process.poll() is None, "it had ended before it could be killed"
    after.ends(signal.SIGKILL)
    assert published(deployed) == expected.meals

    good = next(each.data for each in records if each.good)
    late = Told(0, 9_000, NOON + timedelta(days=9), "late", NOON, good)
    tell([late])
    both = [Rollup(tmp_path / f"at once {number}") for number in (1, 2)]
    answers = sorted(each.answer() for each in both)

    assert answers in ([(0, "published"), (BUSY, "failed")], [(0, "published"), (0, "unchanged")])
    assert published(deployed) == truth([*records, late], DAY).meals
    revisions = "select revision, is_current, accepted from mart.publication order by 1"
    assert ask(deployed, revisions) == [(1, False, expected.accepted), (2, True, expected.accepted + 1)]


def published(settings: Settings) -> list[tuple[Any, ...]]:
    return ask(
        settings,
        "select division, meal, meals, price_fen, subsidy_fen, mean_price__sum, mean_price__count"
        f" from mart.{SOURCE}__meals where event_day = '{DAY}' order by 1, 2",
    )
