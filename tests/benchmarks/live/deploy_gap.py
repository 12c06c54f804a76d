"""Do others pause while a source is deployed? The longest gap between two commits, with and without.

Rounds alternate: plain, with a deployment and a retirement in the middle, plain, ... Every round's live
tables are compared with DuckDB.
"""

from __future__ import annotations

import tempfile
import threading
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import psycopg

from infra.deploy import deploy, retire
from streams.contract.model import Contract
from streams.settings import Settings
from tests.benchmarks.live.events import Events
from tests.benchmarks.live.load import pace, producer
from tests.benchmarks.live.oracle import Oracle, Void
from tests.benchmarks.live.paced import wait_until
from tests.benchmarks.live.servers import Servers, servers, streaming
from tests.core_sources import copies, core

WARM_SECONDS = 20
STEPS = 2
_ALIVE = "select count(*) from ops.heartbeat where query = 'live'"
_COUNTED = "select coalesce(sum(events), 0) from ops.tally where query = 'live'"
_COMMITS = (
    "select extract(epoch from committed_at)::float8 from ops.batch where query = 'live'"
    " and committed_at > to_timestamp(%s) order by committed_at"
)
Figures = dict[str, object]


def deploy_gap(rate: float, seconds: float, rounds: int) -> Figures:
    """So many pairs of rounds; medians over the rounds of each kind, in milliseconds."""
    results: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name, servers(Path(name)) as own:
        for number in range(rounds * 2):
            results.append(_round(own, number, rate, seconds, deploys=number % 2 == 1))
    return {
        "benchmark": "deploy-gap",
        "events_per_second": rate,
        "seconds": seconds,
        **{
            f"{kind}_longest_gap_ms": round(
                median(float(str(each["longest_gap_ms"])) for each in results if each["kind"] == kind)
            )
            for kind in ("plain", "deployed")
        },
        "rounds": results,
    }


def _round(own: Servers, number: int, rate: float, seconds: float, *, deploys: bool) -> Figures:
    contracts = core(Settings().contracts_dir)
    settings = own.installation(f"gap_{number}", f"gap{number}.", contracts)
    events = Events(list(contracts.values()), period=timedelta(seconds=1 / rate))
    (added,) = copies(settings.contracts_dir, 1).values()
    took: list[float] = []
    with streaming(settings):
        wait_until(settings, _ALIVE, 1)
        _wake(settings, next(iter(contracts)))
        begun = time.time()
        middle = threading.Timer(WARM_SECONDS + seconds / 2, _deploy_and_retire, (settings, added, took))
        if deploys:
            middle.start()
        pace(
            settings.kafka_bootstrap,
            settings.topic_prefix,
            events,
            partitions=settings.topic_partitions,
            rate=rate,
            seconds=WARM_SECONDS + seconds,
        )
        if deploys:
            middle.join()
        wait_until(settings, _COUNTED, int(rate * (WARM_SECONDS + seconds)) + 1)
    if deploys and len(took) != STEPS:
        raise Void("the deployment or the retirement failed: its traceback stands above")
    Oracle(settings, contracts, settings.home).check(settings)
    gaps = _gaps(settings, begun + WARM_SECONDS, begun + WARM_SECONDS + seconds)
    if len(gaps) < seconds / 2:
        raise Void(f"only {len(gaps) + 1} commits in {seconds:g} s: the machine is busy with something else")
    return {
        "kind": "deployed" if deploys else "plain",
        "longest_gap_ms": round(max(gaps) * 1000),
        "median_gap_ms": round(median(gaps) * 1000),
        "batches": len(gaps) + 1,
        "deploy_and_retire_seconds": [round(each, 2) for each in took],
    }


def _wake(settings: Settings, source: str) -> None:
    """Return once a first batch is committed: of one record that is no event, and is quarantined.

    It has to come into a topic that exists: the broker makes none by itself.
    """
    client = producer(settings.kafka_bootstrap, 5)
    client.produce(f"{settings.topic_prefix}{source}", b'{"label": "wake"}')
    if client.flush(30):
        raise Void("Kafka did not take the first record")
    wait_until(settings, _COUNTED, 1)


def _deploy_and_retire(settings: Settings, contract: Contract, took: list[float]) -> None:
    for action in (lambda: deploy(settings, [contract]), lambda: retire(settings, contract.source)):
        begun = time.monotonic()
        action()
        took.append(time.monotonic() - begun)
        time.sleep(2)


def _gaps(settings: Settings, begin: float, end: float) -> list[float]:
    """Seconds between commits that follow one another, while events come at their pace."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        commits = [at for (at,) in connection.execute(_COMMITS, (begin,)).fetchall() if at <= end]
    return [later - earlier for earlier, later in pairwise(commits)]
