"""A replay while the real application runs and events come, killed in the middle and run again: every number
follows, live and of the day, and nothing counts twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from expectations.application import Options, run
from infra.deploy import deploy
from infra.ledger import Entry, read_ledger, total
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.days import day_of
from streams.settings import Settings
from streams.zone import ZONE
from tests.core_sources import core
from tests.spark_jobs.live.sending import Sender
from tests.spark_jobs.live.test_while_running import Driver, driven
from tests.spark_jobs.rollup.meals import SOURCE, meal
from tests.waiting import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

BOUND, DEAR = 5_000, 6_000
WAITING, RATE = 6_000, 300
"""Events that the narrow contract quarantines: six pieces of a replay. Events a second beside it."""
DAY = day_of(datetime.now(UTC)) - timedelta(days=1)
MINSHENG = Path(sys.executable).with_name("minsheng")
REPLAY = (
    "quarantine",
    "replay",
    "--source",
    SOURCE,
    "--reason",
    "out_of_range",
    "--note",
    "餐费上限已调整",
    "--json",
)

BESIDE = """
    select count(*) from ops.batch where query = 'live'
        and committed_at > (select min(replayed_at) from ops.replayed)
        and started_at < (select max(finished_at) from ops.replay)
"""


def bounded(settings: Settings, dearest: int) -> Contract:
    """Meals without rules across events, with that upper bound of the price."""
    text = core(settings.contracts_dir)[SOURCE].text
    narrow = "price_fen:   {title: 餐费, type: fen, range: [100, 5000]}"
    assert text.count(narrow) == 1
    return parse_contract(text.replace(narrow, narrow.replace("5000", str(dearest))), f"{SOURCE}.yaml")


@dataclass
class Plain:
    """Sends meals of yesterday; counts in plain Python what must become of them by the wide contract."""

    sender: Sender
    dice: Random
    outcomes: Counter[str] = field(default_factory=Counter)
    meals: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    known: list[dict[str, Any]] = field(default_factory=list)

    def send(self, *, dear: bool) -> None:
        """A meal; one of twelve is an earlier one again, one of twenty is no event at all."""
        if not dear and self.dice.random() < 0.05:
            self.sender.raw(SOURCE, b'{"no": "event"', key=f"{self.dice.random()}")
            self.outcomes["quarantined"] += 1
        elif self.known and self.dice.random() < 0.08:
            self.sender.event(self.dice.choice(self.known))
            self.outcomes["duplicate"] += 1
        else:
            self._new(dear=dear)

    def _new(self, *, dear: bool) -> None:
        data = meal(self.dice)
        if dear:
            data |= {"price_fen": DEAR, "subsidy_fen": DEAR - BOUND, "paid_fen": BOUND}
        noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=ZONE)
        event = {
            "specversion": "1.0",
            "id": f"{self.dice.getrandbits(128):032x}",
            "source": "/wenzhou/canteen",
            "type": SOURCE,
            "time": (noon + timedelta(seconds=self.dice.randrange(-18_000, 18_000))).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }
        self.sender.event(event)
        self.known.append(event)
        self.outcomes["accepted"] += 1
        count, price = self.meals.get((data["division"], data["meal"]), (0, 0))
        self.meals[data["division"], data["meal"]] = (count + 1, price + data["price_fen"])

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """RATE events a second until the block ends, some of them dear."""
        stop = threading.Event()

        def send() -> None:
            while not stop.wait(0.1):
                for _ in range(RATE // 10):
                    self.send(dear=self.dice.random() < 0.1)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.sender.flush()


def entry(settings: Settings) -> Entry:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return total(read_ledger(connection, settings.topic_prefix), SOURCE, DAY)


def ask(settings: Settings, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute(question).fetchall()


def killed_in_the_middle(settings: Settings, waiting: int) -> int:
    """Start the command, kill it once the first events have left quarantine; how many had."""
    process = subprocess.Popen([MINSHENG, *REPLAY], env=os.environ, stdout=subprocess.DEVNULL)
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        moved = "select count(*) from ops.replayed"
        while connection.execute(moved).fetchone() == (0,):
            assert process.poll() is None, "it came to its end before it was seen at work"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        (half,) = connection.execute(moved).fetchone() or (0,)
    assert 0 < half < waiting
    return int(half)


def test_a_replay_beside_the_running_live_query_is_killed_and_run_again_and_nothing_counts_twice(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_ARCHIVE_TRIGGER_SECONDS", "1")
    seed = int(time.time())
    print(f"seed {seed}")  # noqa: T201 (pytest shows it where the test fails)
    deploy(settings, [bounded(settings, BOUND)])
    plain = Plain(Sender(settings), Random(seed))
    with driven(Driver(tmp_path / "log")) as driver:
        for _ in range(WAITING):
            plain.send(dear=True)
        plain.sender.flush()
        wait_for(lambda: entry(settings).quarantined == WAITING, 120)
        deploy(settings, [bounded(settings, DEAR)])
        with plain.going_on():
            half = killed_in_the_middle(settings, WAITING)
            again = subprocess.run([MINSHENG, *REPLAY], env=os.environ, capture_output=True, check=False)
        assert again.returncode == 0, again.stderr.decode()
        wait_for(lambda: (now := entry(settings)).in_flight == now.to_archive == 0, 120)
        assert ask(settings, BESIDE)[0][0] > 0, "the live query did nothing while the replay worked"
        assert driver.status is None, "and it was not ended by it"

    report = json.loads(again.stdout)
    assert report["selected"] == WAITING - half
    now = entry(settings)
    assert {name: getattr(now, name) for name in ("accepted", "quarantined", "duplicate", "conflict")} == {
        "conflict": 0
    } | plain.outcomes
    assert (now.residue, now.archive_residue, now.sent) == (0, 0, plain.outcomes.total())
    assert now.replayed + now.replayed_known == WAITING
    assert now.ever_quarantined == plain.outcomes["quarantined"] + WAITING
    assert ask(settings, "select count(*), count(distinct quarantine_id) from ops.replayed") == [
        (WAITING,) * 2
    ]
    live = (
        f"select division, meal, sum(meals)::int, sum(price_fen)::int from live.{SOURCE}__meals group by 1, 2"
    )
    assert {row[:2]: row[2:] for row in ask(settings, live)} == plain.meals
    assert ask(settings, "select count(*) from ops.claim") == [(plain.outcomes["accepted"],)]

    (rolled_up,) = run(settings, [(SOURCE, DAY)], Options(patience_seconds=60), lambda: datetime.now(UTC))
    assert (rolled_up.outcome, rolled_up.refused) == ("published", ())
    final = f"select division, meal, meals::int, price_fen::int from mart.{SOURCE}__meals"
    assert {row[:2]: row[2:] for row in ask(settings, final)} == plain.meals
    assert ask(settings, "select accepted, live_events from mart.publication") == [
        (plain.outcomes["accepted"],) * 2
    ]
    unlike = "select cause, events from mart.difference where events <> 0 or cause = 'unexplained'"
    assert ask(settings, unlike) == []
