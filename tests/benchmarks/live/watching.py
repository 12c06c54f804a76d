"""When results became visible, seen by a second connection: what a reader of the dashboards has.

    python -m tests.benchmarks.live.watching FILE

A process of its own, so that neither the load nor the query's driver holds it up. Positions are committed
together with the results of their batch: an event whose offset is below its partition's position is visible.
"""

from __future__ import annotations

import subprocess
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from streams.settings import Settings
from tests.benchmarks.live.load import Sample

LOOK_SECONDS = 0.004
STOP_SECONDS = 10
_POSITIONS = "select topic, partition, next_offset from ops.position where query = 'live'"
Partition = tuple[str, int]


@dataclass(frozen=True)
class Seen:
    """One partition's positions, ascending, and when each was seen first; seconds since 1970."""

    next_offsets: list[int]
    at: list[float]


@contextmanager
def watched(file: Path) -> Iterator[None]:
    """Watch the installation of the environment while the block runs; `read_seen(file)` has it afterwards."""
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.live.watching", str(file)])
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the watching process ended by itself with {process.returncode}")
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def read_seen(file: Path) -> dict[Partition, Seen]:
    found: defaultdict[Partition, Seen] = defaultdict(lambda: Seen([], []))
    for line in file.read_text(encoding="utf-8").splitlines():
        at, topic, partition, next_offset = line.split("\t")
        seen = found[topic, int(partition)]
        seen.next_offsets.append(int(next_offset))
        seen.at.append(float(at))
    return dict(found)


def latencies(seen: dict[Partition, Seen], samples: Iterable[Sample]) -> list[tuple[float, float]]:
    """(when an event was due, milliseconds from then until it was visible), in the order of the samples.

    Raises KeyError or IndexError for an event that never became visible.
    """
    found = []
    for sample in samples:
        partition = seen[sample.topic, sample.partition]
        visible = partition.at[bisect_right(partition.next_offsets, sample.offset)]
        found.append((sample.due, (visible - sample.due) * 1000))
    return found


def main(file: Path) -> None:
    """Until SIGTERM: a line for each position that moved, written when its answer had come."""
    stands: dict[Partition, int] = {}
    with (
        psycopg.connect(Settings().postgres_dsn, autocommit=True) as connection,
        file.open("w", buffering=1, encoding="utf-8") as lines,
    ):
        while True:
            rows = connection.execute(_POSITIONS, prepare=True).fetchall()
            now = time.time()
            for topic, partition, next_offset in rows:
                if stands.get((topic, partition)) != next_offset:
                    stands[topic, partition] = next_offset
                    lines.write(f"{now:.6f}\t{topic}\t{partition}\t{next_offset}\n")
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
